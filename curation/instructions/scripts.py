"""Scripts: which letters are written without spaces between words, and which characters are
parts of the one before them."""

import re
import sys
import unicodedata
from functools import cache

UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f\u1780-\u17ff"  # Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Letters of the scripts that put no spaces between words, as a character class."""

SENTENCELESS = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
"""Letters of the scripts whose sentences end without one of our marks."""

_UNSPACED = re.compile(f"[{UNSPACED}]")
_SENTENCELESS = re.compile(f"[{SENTENCELESS}]")


def letters(text: str) -> int:
    """How many letters a text has, of any script.

    >>> letters("Ça va? 3 €")
    4
    """
    return sum(map(str.isalpha, text))


def is_spaced(text: str) -> bool:
    """Whether words are told apart by spaces: less than 2 % of the letters are of `UNSPACED`.

    >>> is_spaced("Use 'list' or 'dict'."), is_spaced("用列表 list")
    (True, False)
    """
    if text.isascii():
        return True
    return len(_UNSPACED.findall(text)) * 50 < max(1, letters(text))


def has_sentence_marks(text: str) -> bool:
    """Whether a text holds no letter of a script that ends sentences by spaces alone."""
    return text.isascii() or not _SENTENCELESS.search(text)


def unspaced(text: str) -> bool:
    """Whether any letter of a text is of a script without spaces between words."""
    return _UNSPACED.search(text) is not None


@cache
def marks() -> str:
    """Combining marks (category M), as the inside of a character class.

    The pattern `\\\\w` does not know them, and would cut words of many scripts at their vowels.
    """
    ranges: list[list[int]] = []
    for code in range(0x300, min(sys.maxunicode, 0x1FFFF)):
        if unicodedata.category(chr(code))[0] != "M":
            continue
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
