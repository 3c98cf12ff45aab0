"""Naming a model in one string: `backend:name@revision`."""

from typing import NamedTuple
from urllib.parse import urlsplit

from schemas.errors import UsageError

GENERATE, LIKELIHOOD, HIDDEN, DROPOUT = "generate", "likelihood", "hidden", "dropout"
"""What a model can be asked: to write, how likely a text is, for its hidden states, how likely a
text is with parts of the model left out."""

CAPABILITIES = {
    "embedded": frozenset({GENERATE, LIKELIHOOD, HIDDEN, DROPOUT}),
    "transformers": frozenset({GENERATE, LIKELIHOOD, HIDDEN, DROPOUT}),
    "vllm": frozenset({GENERATE, LIKELIHOOD}),
    "openai": frozenset({GENERATE}),
}
"""Backends, and what each of them can do."""

_FORMS = (
    "'embedded', 'transformers:PATH-OR-ID[@REVISION]', 'vllm:PATH-OR-ID[@REVISION]' or "
    "'openai:http://HOST:PORT/v1#MODEL[@REVISION]'"
)


class ModelName(NamedTuple):
    """A model's name, taken apart; `name` is a path, an id of a hub, or a server's model."""

    backend: str
    name: str
    revision: str | None
    url: str | None = None
    """Base address of the server, where there is one."""

    @property
    def identity(self) -> str:
        """Name with which a model is told from others in provenance and in memo keys.

        A server's address counts unless a revision says what is behind it.
        """
        if self.url and not self.revision:
            return f"{self.backend}:{self.url}#{self.name}"
        return f"{self.backend}:{self.name}@{self.revision}"


def parse_model_name(text: str) -> ModelName:
    """Take a model's name apart.

    Raises: UsageError that names the forms there are; the message holds no password.

    >>> parse_model_name("transformers:org/model@main")
    ModelName(backend='transformers', name='org/model', revision='main', url=None)
    >>> parse_model_name("openai:http://localhost:8000/v1#org/model").url
    'http://localhost:8000/v1'
    >>> parse_model_name("embedded").backend
    'embedded'
    >>> parse_model_name("llama:org/model")
    Traceback (most recent call last):
    schemas.errors.UsageError: model 'llama:org/model': ...
    """
    backend, colon, rest = text.partition(":")
    if backend == "embedded" and not colon:
        return ModelName("embedded", "SmolLM2-135M-Instruct", None)
    url, hash_mark, named = rest.rpartition("#") if backend == "openai" else ("", "#", rest)
    name, at, revision = named.rpartition("@") if "@" in named else (named, "", "")
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise UsageError(
            "a model's address holds no user or password: put the key into OPENAI_API_KEY"
        )
    known = backend in CAPABILITIES and colon and backend != "embedded"
    right_address = backend != "openai" or (parts.scheme in ("http", "https") and parts.netloc)
    if known and hash_mark and name and (revision or not at) and right_address:
        return ModelName(backend, name, revision or None, url.rstrip("/") or None)
    raise UsageError(f"model {text!r}: expected {_FORMS}")
