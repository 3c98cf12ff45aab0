"""Word by word, how far two texts are apart, and which words of them are the same.

Both use the bits of Python's integers as a column of the dynamic programme, which makes a row
of it a handful of operations: exact, linear in memory for the distance, and quick for whole
documents of some ten thousand words.

Reference: Hyyrö, A Bit-Vector Algorithm for Computing Levenshtein and Damerau Edit Distances
(Nordic Journal of Computing 10, 2003); Bit-Parallel LCS-length Computation Revisited (2004).
"""

import re
from collections.abc import Hashable, Sequence
from itertools import takewhile
from typing import NamedTuple

MAX_WORDS = 30_000
"""Longest texts, in words between their shared ends, whose distance is computed."""

_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W{_IDEOGRAPHS}]+(?:['’][^\W\d_]+)*|[^\w\s]")


class Word(NamedTuple):
    """One word of a text, and where it stands."""

    key: str
    """What it is compared by: case folded, apostrophes straight."""
    start: int
    """Index of its first character in the text."""
    end: int
    """Index after its last."""

    @property
    def counts(self) -> bool:
        """Whether it is more than punctuation."""
        return self.key[0].isalnum() or self.key[0] == "_"


def words_of(text: str, offset: int = 0) -> list[Word]:
    """The words of a text; Chinese and Japanese characters and punctuation marks one by one.

    Parameters: `offset`, added to where they stand.

    >>> [word.key for word in words_of("Don’t go!  走")]
    ["don't", 'go', '!', '走']
    """
    return [
        Word(found[0].replace("’", "'").casefold(), offset + found.start(), offset + found.end())
        for found in _WORD.finditer(text)
    ]


def edit_distance(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Levenshtein distance: the fewest insertions, deletions and replacements.

    >>> edit_distance("kitten", "sitting"), edit_distance([1, 2], [])
    (3, 2)
    """
    start, end = _shared_ends(one, other)
    one, other = one[start : len(one) - end], other[start : len(other) - end]
    if not one or not other:
        return len(one) + len(other)
    places = _places(one)
    last, full = 1 << (len(one) - 1), (1 << len(one)) - 1
    up, down, distance = full, 0, len(one)  # +1 and -1 between neighbours of a column
    for item in other:
        match = places.get(item, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right, left = down | (~(diagonal | up) & full), diagonal & up
        distance += bool(right & last) - bool(left & last)
        right, left = ((right << 1) | 1) & full, (left << 1) & full
        up, down = left | (~(diagonal | right) & full), right & diagonal
    return distance


def normalised_distance(one: str, other: str) -> float | None:
    """Edit distance of two texts in words, by the longer one: 0 (the same words) to 1.

    Output: None where more than `MAX_WORDS` words of both remain between the shared beginning and
    end, which would take seconds.

    Reference: PRELUDE (arXiv 2404.15269), section 2: the cost of an edit.

    >>> normalised_distance("Dear Ms Miller, thanks a lot.", "Dear Ms Miller, thank you.")
    0.375
    """
    new, old = ([word.key for word in words_of(text)] for text in (one, other))
    start, end = _shared_ends(new, old)
    if min(len(new), len(old)) - start - end > MAX_WORDS:
        return None
    return edit_distance(new, old) / max(1, len(new), len(old))


def common_words(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]]:
    """A longest common subsequence: the pairs of indices, rising.

    Memory: a bit for each pair of items between the shared beginning and end.

    >>> common_words("abcd", "xbd")
    [(1, 1), (3, 2)]
    """
    start, end = _shared_ends(one, other)
    middle = one[start : len(one) - end], other[start : len(other) - end]
    pairs = [(i, i) for i in range(start)]
    pairs += [(i + start, j + start) for i, j in _subsequence(*middle)]
    return pairs + [(len(one) - i, len(other) - i) for i in range(end, 0, -1)]


def _subsequence(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int]]:
    places, rows = _places(one), []
    full = (1 << len(one)) - 1
    row = full
    for item in other:
        matched = row & places.get(item, 0)
        row = ((row + matched) | (row - matched)) & full
        rows.append(row)
    pairs, i, j = [], len(one), len(other)
    while i and j:
        if rows[j - 1] >> (i - 1) & 1:
            i -= 1
        elif j > 1 and not rows[j - 2] >> (i - 1) & 1:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _places(items: Sequence[Hashable]) -> dict[Hashable, int]:
    """For each item the bits of its places."""
    places: dict[Hashable, int] = {}
    for i, item in enumerate(items):
        places[item] = places.get(item, 0) | 1 << i
    return places


def _shared_ends(one: Sequence[Hashable], other: Sequence[Hashable]) -> tuple[int, int]:
    """How many items both begin with, and then both end with."""
    start = sum(1 for _ in takewhile(lambda p: p[0] == p[1], zip(one, other, strict=False)))
    room = min(len(one), len(other)) - start
    ends = zip(range(room), reversed(one), reversed(other), strict=False)
    return start, sum(1 for _ in takewhile(lambda p: p[1] == p[2], ends))
