"""Making text of unknown origin safe to print on a terminal."""

import unicodedata

from rich.text import Text

# Joiners shape words of several scripts and emoji; they move nothing on the screen.
_KEPT = frozenset("\n\t\u200c\u200d")
_NEUTRALISED = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str, limit: int | None = None) -> str:
    """Text in which nothing can steer a terminal: controls and bidi overrides are spelt out.

    Parameters: `limit`, the most characters of the text that are kept.

    >>> printable("a\\x1b[31mb\\u202ec")
    'a\\\\x1b[31mb\\\\u202ec'
    >>> printable("abcdef", limit=3)
    'abc…'
    """
    short = text if limit is None or len(text) <= limit else text[:limit] + "…"
    return "".join(map(_spelt, short))


def plain(text: str, limit: int | None = None, style: str = "") -> Text:
    """The same as rich text, in which square brackets mean nothing.

    >>> plain("[bold]x[/bold]").plain
    '[bold]x[/bold]'
    """
    return Text(printable(text, limit), style=style)


def _spelt(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _NEUTRALISED:
        return character
    return character.encode("unicode_escape").decode("ascii")
