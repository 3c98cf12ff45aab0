"""Naming a model in one string: `backend:name@revision`."""

from typing import NamedTuple

from schemas.errors import UsageError

BACKENDS = ("embedded", "transformers")
"""Backends that this version has."""


class ModelName(NamedTuple):
    """A model's name, taken apart; `name` is a path or an id of a hub."""

    backend: str
    name: str
    revision: str | None


def parse_model_name(text: str) -> ModelName:
    """Take a model's name apart.

    Input: `embedded`, or `transformers:PATH-OR-ID`, or `transformers:PATH-OR-ID@REVISION`.

    Raises: UsageError that names the backends there are.

    >>> parse_model_name("transformers:org/model@main")
    ModelName(backend='transformers', name='org/model', revision='main')
    >>> parse_model_name("embedded").backend
    'embedded'
    >>> parse_model_name("vllm:org/model")
    Traceback (most recent call last):
    schemas.errors.UsageError: model 'vllm:org/model': ...
    """
    backend, colon, rest = text.partition(":")
    name, at, revision = rest.rpartition("@") if "@" in rest else (rest, "", "")
    if backend == "embedded" and not colon:
        return ModelName("embedded", "SmolLM2-135M-Instruct", None)
    if backend == "transformers" and name and (revision or not at):
        return ModelName("transformers", name, revision or None)
    raise UsageError(
        f"model {text!r}: expected 'embedded' or 'transformers:PATH-OR-ID[@REVISION]'; "
        f"backends of this version: {', '.join(BACKENDS)}"
    )
