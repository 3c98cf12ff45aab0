"""The tokens that a preference trainer makes of a pair, before it cuts them.

As TRL's DPO trainer does for conversational pairs: the prompt in the chat template with the
beginning of a reply; prompt and reply in the template, for both replies; and what follows the
common beginning of the three is the reply. Nothing is appended: the template ends a reply itself.
"""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from curation.models import embedded
from schemas.errors import MissingExtraError, ModelError, UsageError
from schemas.ids import content_id
from schemas.records import Message

EMBEDDED = "embedded"
"""Name of the embedded model's tokenizer."""


class PairTokens(NamedTuple):
    """A pair as a trainer reads it."""

    prompt: list[int]
    """Token ids of the prompt, the same before both replies."""
    chosen: list[int]
    """Those of the chosen reply, the template's end of a turn included."""
    rejected: list[int]
    """The same of the rejected reply."""


class TrainerTokenizer(Protocol):
    """Whatever can tokenise a pair as a trainer would."""

    def tokens(
        self, prompt: Sequence[Message], chosen: Sequence[Message], rejected: Sequence[Message]
    ) -> PairTokens:
        """The tokens of a pair. Raises: ModelError when the template refuses its messages."""
        ...


class ChatTokenizer:
    """A Hugging Face tokenizer with its chat template.

    Parameters: `tokenizer`, as `transformers.AutoTokenizer` gives it.

    Raises: ModelError when it has no chat template.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not getattr(tokenizer, "chat_template", None):
            raise ModelError("the tokenizer has no chat template: name an instruct model's")
        self._tokenizer = tokenizer

    @property
    def identity(self) -> str:
        """Hash of template and vocabulary: the same for tokenizers that give the same tokens."""
        words = sorted(self._tokenizer.get_vocab().items())
        return content_id("tokenizer", str(self._tokenizer.chat_template), words)[:12]

    def tokens(
        self, prompt: Sequence[Message], chosen: Sequence[Message], rejected: Sequence[Message]
    ) -> PairTokens:
        """The tokens of a pair, as `TrainerTokenizer.tokens`."""
        try:
            texts = [
                self._text(prompt, add_generation_prompt=True),
                self._text([*prompt, *chosen]),
                self._text([*prompt, *rejected]),
            ]
            alone, first, second = self._tokenizer(texts, add_special_tokens=False)["input_ids"]
        # Templates raise what they like, and tokenizers errors of another language's library.
        except Exception as error:
            raise ModelError(f"the chat template refuses these messages: {error}") from error
        begins = min(shared_start(alone, first), shared_start(alone, second))
        return PairTokens(alone[:begins], first[begins:], second[begins:])

    def _text(self, messages: Sequence[Message], add_generation_prompt: bool = False) -> str:
        turns = [{"role": m.role, "content": m.content} for m in messages]
        text = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=add_generation_prompt
        )
        return str(text)


def shared_start(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens two sequences begin with together.

    >>> shared_start([1, 2, 3], [1, 2, 4])
    2
    """
    for at, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return at
    return min(len(one), len(other))


def check_tokenizer(name: str) -> str:
    """Say whether a tokenizer can be loaded here, by loading it and asking it something.

    Output: `name@identity`. Parameters: `name` as in `open_tokenizer`.

    Raises: as `open_tokenizer`.
    """
    tokenizer = open_tokenizer(name)
    tokenizer.tokens([Message("user", "a")], *([Message("assistant", x)] for x in "bc"))
    return f"{name}@{tokenizer.identity}"


@cache
def open_tokenizer(name: str) -> ChatTokenizer:
    """Load a tokenizer, once for all that ask for it in a process.

    Parameters: `name`: `embedded`, a folder, or an id of a hub, `@revision` after it where it is
    not the newest. Code that comes with a tokenizer is not run.

    Raises: UsageError for a name that is none, MissingExtraError without transformers, ModelError
    when there is no such tokenizer, or it has no chat template.
    """
    source = _source(name)
    if not find_spec("transformers"):
        raise MissingExtraError(
            "counting a trainer's tokens needs transformers: pip install 'prefstream[models]', or "
            "set score.tokenizer to null"
        )
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(**source)
    except Exception as error:  # The hub's client and the readers raise errors of many libraries.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"tokenizer {name!r} cannot be loaded: {reason}") from None
    return ChatTokenizer(tokenizer)


def _source(name: str) -> dict[str, Any]:
    if name == EMBEDDED:
        # Each copy of the weights has the tokenizer; which of them is here does not matter.
        copies = embedded.status()["copies"]
        folder = embedded.cache_dir() / copies[0] if copies else embedded.model_path("float32")
        return {"pretrained_model_name_or_path": str(folder)}
    if not name.strip() or name != name.strip() or ":" in name:
        raise UsageError(f"tokenizer {name!r}: expected 'embedded', a folder or an id of a hub")
    if Path(name).is_dir():
        return {"pretrained_model_name_or_path": name}
    if name.startswith(("/", ".", "~")):
        raise ModelError(f"tokenizer {name!r}: no such folder")
    identity, _, revision = name.partition("@")
    source = {"pretrained_model_name_or_path": identity}
    return source | {"revision": revision} if revision else source
