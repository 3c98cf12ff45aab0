"""What a model is told when it learns a rubric, so that it fits into a prompt's bound.

Texts from conversations are shown as to the judge: without markup, one line each, under a mark
that stands in none of them. What a model wrote is treated in the same way.
"""

from collections.abc import Callable, Sequence
from typing import Any

from curation.feedback.inert_text import inert
from curation.feedback.turn_judge_view import TEMPLATE_TOKENS, ends, own_line
from curation.prompts.frame import unused_mark
from curation.prompts.rubric_learning import ITEMS, REASONS, LinesPrompt
from schemas import Conversation, Message

IDENTITY = f"{REASONS.identity} and {ITEMS.identity}"
"""Both prompts: name, version and content hash."""

_LEAST_TEXT = 12


def extraction_messages(
    conversation: Conversation, polarity: str, most: int, max_tokens: int
) -> list[Message]:
    """Ask why a user is satisfied or dissatisfied.

    Parameters: most: reasons; max_tokens: bound on the prompt. Of a conversation that is too long
    for it the last turns are shown, and both ends of long ones.

    >>> chat = Conversation("c", [Message("user", "Hi")], "demo", None, None, None, None, {})
    >>> extraction_messages(chat, "satisfaction", 3, 4000)[0].role
    'system'
    """
    room = _room(REASONS, "#" * 72, polarity, most, max_tokens)
    shown = conversation.messages[-max(1, room // 160) :]

    def parts(texts: Sequence[str], mark: str) -> str:
        titled = zip(shown, texts, strict=True)
        return "\n".join(f"{mark} {message.role}\n{text}" for message, text in titled)

    cut, mark = _fitting([own_line(message.content) for message in shown], 900, room, parts)
    return REASONS.about(cut, mark, polarity, most)


def merging_messages(
    reasons: Sequence[str], polarity: str, most: int, max_tokens: int
) -> list[Message]:
    """Ask for criteria that merge reasons.

    Parameters: most: criteria; max_tokens: bound on the prompt, for which long reasons are cut.

    >>> "- short name" in merging_messages(["They say thanks."], "satisfaction", 9, 4000)[1].content
    True
    """

    def parts(texts: Sequence[str], mark: str) -> str:
        return "\n".join(f"{mark} {text}" for text in texts)

    room = _room(ITEMS, "#" * 36, polarity, most, max_tokens)
    cut, mark = _fitting([text for text in map(inert, reasons) if text], 300, room, parts)
    return ITEMS.about(cut, mark, polarity, most)


def _room(prompt: LinesPrompt[Any], marks: str, polarity: str, most: int, max_tokens: int) -> int:
    """UTF-8 bytes left for the texts. Parameters: marks: as many signs as the marks around them."""
    empty = prompt.about("", marks, polarity, most)
    return max_tokens - TEMPLATE_TOKENS - sum(len(message.content) for message in empty)


def _fitting(
    texts: Sequence[str], limit: int, room: int, parts: Callable[[Sequence[str], str], str]
) -> tuple[str, str]:
    """Texts as parts, cut alike until they fit, and their mark."""
    while True:
        cut = [ends(text, limit) for text in texts]
        mark = unused_mark(cut)
        shown = parts(cut, mark)
        if len(shown.encode()) <= room or limit <= _LEAST_TEXT:
            return shown, mark
        limit = max(_LEAST_TEXT, limit * 4 // 5)
