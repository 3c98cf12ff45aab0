"""What may be shown of a text that a model wrote."""

import unicodedata

_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNSEEN = frozenset({"Cc", "Cs", "Co"})


def visible(text: str) -> str:
    """A text without characters that control a terminal or the direction of writing.

    Output: line breaks, tabs and joiners stay.

    >>> visible("one\\x1b[31m\\u202e\\r\\ntwo")
    'one[31m\\ntwo'
    """
    if text.isascii() and text.isprintable():
        return text.strip()
    kept = (
        c
        for c in text
        if c in "\n\t" or not (c in _DIRECTION_MARKS or unicodedata.category(c) in _UNSEEN)
    )
    return "".join(kept).strip()
