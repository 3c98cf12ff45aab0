"""Guessing what a misspelt key, option or name was meant to be."""

import difflib
from collections.abc import Iterable

LONGEST = 100
"""Characters of a word that are compared; what is longer is no misspelling."""


def did_you_mean(word: str, names: Iterable[str], closeness: float = 0.6) -> str:
    """The end of an error message: the nearest valid name, or nothing when none is near.

    Parameters: `closeness`, the share of matching characters that counts as near.

    >>> did_you_mean("sellect", ["select", "split"])
    '; did you mean "select"?'
    >>> did_you_mean("zebra", ["select", "split"])
    ''
    """
    near = difflib.get_close_matches(word[:LONGEST], sorted(names), n=1, cutoff=closeness)
    return f'; did you mean "{near[0]}"?' if near else ""
