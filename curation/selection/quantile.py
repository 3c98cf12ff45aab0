"""Quantiles of any number of values in bounded memory, the same for any order and any parts.

Doubles become 64-bit integers in the same order. A sketch counts them as they are while there are
no more than `bins` different ones; beyond, it leaves out their last bits: as few as will do, so
what it holds depends on the values alone. Of each bin it knows the first and the last value.
"""

from fractions import Fraction
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BINS = 2**20
"""Most bins of a sketch: what is exact, and with 32 bytes each the memory that it takes."""
_SIGN = np.uint64(2**63)
_Keys = NDArray[np.uint64]


def keys_of(values: NDArray[np.float64]) -> _Keys:
    """Integers in the order of finite doubles; -0 is 0.

    >>> keys_of(np.array([-1.0, -0.0, 0.0, 2.0])).argsort().tolist()
    [0, 1, 2, 3]
    """
    bits = (np.asarray(values, np.float64) + 0.0).view(np.uint64)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def values_of(keys: _Keys) -> NDArray[np.float64]:
    """The doubles that integers of `keys_of` stand for.

    >>> float(values_of(keys_of(np.array([0.1])))[0])
    0.1
    """
    return np.where(keys & _SIGN, keys ^ _SIGN, ~keys).view(np.float64)


class Bin(NamedTuple):
    """A bin of a sketch: its smallest and its largest key, how many came before, how many in it."""

    first: int
    last: int
    before: int
    size: int


class Quantile(NamedTuple):
    """A threshold, and how far the share that it keeps may be off."""

    value: float
    error: float
    """Share of all values that lie in the threshold's bin, where the bin has several values; 0
    where the threshold is exact."""


class Sketch:
    """A multiset of 64-bit keys, in at most so many bins.

    Parameters: `bins`, most bins.

    >>> sketch = Sketch()
    >>> sketch.add(keys_of(np.array([3.0, 1.0, 2.0, 2.0])))
    >>> sketch.lowest(0.5), sketch.highest(0.25)
    (Quantile(value=2.0, error=0.0), Quantile(value=3.0, error=0.0))
    """

    def __init__(self, bins: int = BINS) -> None:
        self._bins = bins
        self._shift = 0
        empty = np.empty(0, np.uint64)
        self._first, self._last, self._counts = empty, empty, np.empty(0, np.int64)
        self._waiting: list[_Keys] = []
        self._waits = 0

    def add(self, keys: _Keys) -> None:
        """Count more keys."""
        self._waiting.append(keys)
        self._waits += len(keys)
        # So that many small parts do not each cost a pass over all bins.
        if self._waits > max(2**16, len(self._counts)):
            self._settle()

    def merge(self, other: "Sketch") -> None:
        """Count what the other sketch has counted; it stays as it is."""
        self._settle()
        other._settle()
        self._shift = max(self._shift, other._shift)
        self._put(
            np.concatenate([self._first, other._first]),
            np.concatenate([self._last, other._last]),
            np.concatenate([self._counts, other._counts]),
        )

    @property
    def shift(self) -> int:
        """Last bits of the keys that are left out: 0 while the sketch is exact."""
        self._settle()
        return self._shift

    @property
    def total(self) -> int:
        """Keys that were counted."""
        self._settle()
        return int(self._counts.sum())

    def bin_of(self, rank: int) -> Bin:
        """The bin of the key that has a rank, from 1 for the smallest to `total`."""
        self._settle()
        upto = np.cumsum(self._counts)
        place = int(np.searchsorted(upto, rank))
        count = int(self._counts[place])
        ends = int(self._first[place]), int(self._last[place])
        return Bin(*ends, int(upto[place]) - count, count)

    def lowest(self, share: float) -> Quantile:
        """The smallest value v such that the share of values <= v is at least `share`.

        Input: a share in (0, 1]. Raises: ValueError for a sketch of nothing.
        """
        return self._quantile(_at_least(share, self.total), last=True)

    def highest(self, share: float) -> Quantile:
        """The largest value v such that the share of values >= v is at least `share`."""
        return self._quantile(self.total + 1 - _at_least(share, self.total), last=False)

    def _quantile(self, rank: int, last: bool) -> Quantile:
        if not self.total:
            raise ValueError("no values: there is no quantile")
        found = self.bin_of(rank)
        error = found.size / self.total if found.first != found.last else 0.0
        key = np.array([found.last if last else found.first], np.uint64)
        return Quantile(float(values_of(key)[0]), error)

    def _settle(self) -> None:
        """Put what waits into bins."""
        if not self._waiting:
            return
        keys, counts = np.unique(np.concatenate(self._waiting), return_counts=True)
        self._waiting, self._waits = [], 0
        self._put(
            np.concatenate([self._first, keys]),
            np.concatenate([self._last, keys]),
            np.concatenate([self._counts, counts.astype(np.int64)]),
        )

    def _put(self, first: _Keys, last: _Keys, counts: NDArray[np.int64]) -> None:
        order = np.argsort(first, kind="stable")
        first, last, counts = first[order], last[order], counts[order]
        self._shift = max(self._shift, _smallest_shift(first, self._bins))
        starts = np.flatnonzero(_begins(first >> np.uint64(self._shift)))
        if len(starts):
            first, counts = first[starts], np.add.reduceat(counts, starts)
            last = np.maximum.reduceat(last, starts)
        self._first, self._last, self._counts = first, last, counts

    def __getstate__(self) -> dict[str, object]:
        self._settle()
        return self.__dict__

    def __eq__(self, other: object) -> bool:
        """Whether both have counted the same, as far as either can tell."""
        if not isinstance(other, Sketch):
            return NotImplemented
        for sketch in (self, other):
            sketch._settle()
        names = ("_bins", "_shift", "_first", "_last", "_counts")
        return all(np.array_equal(getattr(self, n), getattr(other, n)) for n in names)

    __hash__ = None  # type: ignore[assignment]


def _at_least(share: float, total: int) -> int:
    """The smallest number of values that is this share of them, by the share's decimal digits."""
    return max(1, ceil(Fraction(repr(float(share))) * total))


def _begins(keys: _Keys) -> NDArray[np.bool_]:
    """Whether each of sorted keys differs from the one before."""
    return np.concatenate([np.ones(min(1, len(keys)), bool), keys[1:] != keys[:-1]])


def _smallest_shift(keys: _Keys, bins: int) -> int:
    """Bits to leave out of sorted keys, so that no more than `bins` different ones are left."""
    # Two neighbours are one after a shift when the highest bit in which they differ is gone.
    widths = np.bincount(_bit_length(keys[1:] ^ keys[:-1]), minlength=65)
    left = 1 + len(keys) - 1 - np.cumsum(widths)  # different keys after a shift of 0, 1, ...
    return int(np.argmax(left <= bins)) if len(keys) else 0


def _bit_length(keys: _Keys) -> NDArray[np.int64]:
    high = (keys >> np.uint64(32)).astype(np.float64)
    low = (keys & np.uint64(2**32 - 1)).astype(np.float64)
    return np.where(high > 0, 32 + np.frexp(high)[1], np.frexp(low)[1]).astype(np.int64)
