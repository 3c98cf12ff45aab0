"""The names that a rationale calls two replies by, and the same rationale for the other order."""

import re

_OTHER = {"A": "B", "B": "A"}
# "Reply A", "replies A and B", "**response B**"; a letter alone may be an article or an option.
_NAMED = re.compile(
    r"(?<!\w)((?i:repl(?:y|ies)|responses?)\s{1,3}[\"'“‘*_(]{0,3})([AB])(?!\w)"
    r"(?:(['’]s)?(\s{0,3}(?:and|or|&|/|over|(?:rather\s)?than)\s{0,3})([AB])(?!\w))?"
)


def swap_labels(text: str) -> str:
    """A text about two replies as it reads when they are shown in the other order.

    Input: a text that calls the replies "reply A" and "reply B" ("response" will do). Output: the
    same with the letters of these names exchanged; any other A and B stay as they are.

    >>> swap_labels("Reply A is a better answer than reply B, which took option B.")
    'Reply B is a better answer than reply A, which took option B.'
    >>> swap_labels("Of replies A and B, both right, response B's is clearer.")
    "Of replies B and A, both right, response A's is clearer."
    """
    return _NAMED.sub(_swapped, text)


def _swapped(found: re.Match[str]) -> str:
    name, letter, genitive, between, second = found.groups()
    rest = f"{genitive or ''}{between}{_OTHER[second]}" if second else ""
    return f"{name}{_OTHER[letter]}{rest}"
