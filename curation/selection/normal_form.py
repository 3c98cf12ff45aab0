"""When two texts say the same: a form without what a reader would not miss."""

import unicodedata
from collections.abc import Sequence

from schemas.ids import ID_BYTES, content_id
from schemas.records import Message, PreferencePair

AROUND = "\"'`*_~“”„‘’‚«»‹› \t"
"""Quotes and marks of emphasis, taken off both ends."""
BEFORE = "¿¡"
"""Punctuation that is taken off the beginning."""
AFTER = ".,;:!?…。、，；：！？।"
"""Punctuation that is taken off the end; not minus, percent or brackets, which change what is
said."""


def normal_form(text: str) -> str:
    """A text in NFKC and without case, runs of blanks, and punctuation at its ends.

    A text of nothing but punctuation is only brought to NFKC.

    >>> normal_form(" “Yes,  it is.” ") == normal_form("yes, it is")
    True
    >>> normal_form("-5") == normal_form("5"), normal_form("？"), normal_form("!")
    (False, '?', '!')
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    bare, before = folded, ""
    while bare != before:
        before = bare
        bare = bare.strip(AROUND).rstrip(AFTER).lstrip(BEFORE)
    return bare or folded


def words_of(messages: Sequence[Message]) -> str:
    """The contents of messages, one after another."""
    return "\n".join(message.content for message in messages)


def label_key(pair: PreferencePair) -> tuple[bytes, int] | None:
    """What a pair is about, and which way round it is.

    Output: 16 bytes, the same for pairs whose prompt and two sides have the same normal form,
    whichever is chosen; and 1 or 2 by which it is. None for a pair of equal sides, which says
    nothing.

    >>> def pair(chosen, rejected):
    ...     sides = [[Message("assistant", text)] for text in (chosen, rejected)]
    ...     return PreferencePair("p", [Message("user", "Hi")], *sides, *[None] * 6, "existing",
    ...                           "demo", "c", None, None, None, "")
    >>> (one, bit), (other, turned) = label_key(pair("A", "B")), label_key(pair("b.", "a"))
    >>> one == other, {bit, turned} == {1, 2}, label_key(pair("A", "a"))
    (True, True, None)
    """
    chosen, rejected = normal_form(words_of(pair.chosen)), normal_form(words_of(pair.rejected))
    if chosen == rejected:
        return None
    prompt = [[message.role, normal_form(message.content)] for message in pair.prompt]
    key = content_id("label", prompt, *sorted((chosen, rejected)))
    return bytes.fromhex(key)[:ID_BYTES], 1 if chosen < rejected else 2
