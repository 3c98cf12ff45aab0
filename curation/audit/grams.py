"""Which n-grams the replies of a pair have, and which only one of them has."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.audit.reading import SampledPair
from curation.feedback.wording import tokens

BEGIN, END = "^", "$"
"""Stand for the beginning and the end of a reply; no token looks like them."""

Keys = NDArray[np.int64]


class Grams(NamedTuple):
    """The n-grams of a sample."""

    words: Sequence[tuple[str, ...]]
    """Each n-gram by its number."""
    chosen: Keys
    """How often it occurs in chosen replies."""
    rejected: Keys
    """The same of rejected ones."""
    gram: Keys
    """One entry for each pair and n-gram that is in one of its replies alone: the n-gram,"""
    pair: Keys
    """the pair's place in the sample,"""
    sign: Keys
    """and +1 where the chosen reply has it, -1 where the rejected one has."""


def read_grams(sample: Sequence[SampledPair], longest: int) -> Grams:
    """Count n-grams of up to `longest` tokens.

    >>> grams = read_grams([SampledPair("a", 1, "Sure, yes", "Yes")], 1)
    >>> [(grams.words[g], s) for g, s in zip(grams.gram.tolist(), grams.sign.tolist())]
    [(('sure',), 1), ((',',), 1)]
    """
    vocabulary = _Vocabulary(longest)
    counted: dict[str, list[Keys]] = {"chosen": [], "rejected": []}
    entries: list[tuple[Keys, Keys, Keys]] = []
    for place, pair in enumerate(sample):
        chosen, rejected = vocabulary.keys(pair.chosen), vocabulary.keys(pair.rejected)
        counted["chosen"].append(chosen)
        counted["rejected"].append(rejected)
        first = np.unique(chosen)
        only = np.setxor1d(first, np.unique(rejected), assume_unique=True)
        signs = np.where(np.isin(only, first, assume_unique=True), 1, -1)
        entries.append((only, np.full(len(only), place), signs))
    words = vocabulary.words
    size = len(words)
    gram, pairs, signs = (_joined([entry[i] for entry in entries]) for i in range(3))
    counts = [np.bincount(_joined(counted[side]), minlength=size) for side in counted]
    return Grams(words, counts[0], counts[1], gram, pairs, signs)


def _joined(parts: Sequence[Keys]) -> Keys:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


class _Vocabulary:
    """Numbers for n-grams as they come; the order of the sample decides."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._number: dict[tuple[str, ...], int] = {}

    @property
    def words(self) -> list[tuple[str, ...]]:
        """Each n-gram by its number."""
        return list(self._number)

    def keys(self, text: str) -> Keys:
        """The numbers of a text's n-grams, one for each time that it occurs."""
        found = tokens(text)
        marked = [BEGIN, *found, END]
        grams = [(token,) for token in found]
        for n in range(2, self._longest + 1):
            grams += zip(*(marked[i:] for i in range(n)), strict=False)
        number = self._number
        return np.array([number.setdefault(gram, len(number)) for gram in grams], np.int64)
