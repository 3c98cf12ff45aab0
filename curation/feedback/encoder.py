"""A static sentence encoder: one small vector for each bucket of n-grams, added up.

No transformer: a sentence costs microseconds. The vectors come from a factorisation of the
n-gram counts of the training texts (latent semantic analysis); n-grams that were not seen get
a vector that only depends on their bucket, so that two texts in a language outside the training
data are still alike where they share n-grams. Everything is integer arithmetic until the last
division: the result does not depend on batches or on the processor.
"""

import math

import numpy as np
from numpy.typing import NDArray

_MULTIPLIER = 0x9E3779B97F4A7C15


class StaticEncoder:
    """Sums the vectors of a text's buckets.

    Input: table: 8-bit vectors, one row per bucket; a row of zeros stands for a bucket that the
    training texts did not have.

    >>> encoder = StaticEncoder(np.zeros((1 << 10, 16), np.int8))
    >>> one, other = encoder.encode(np.array([3, 5])), encoder.encode(np.array([3, 7]))
    >>> similarity(one, one), 0 < similarity(one, other) < 1
    (1.0, True)
    """

    def __init__(self, table: NDArray[np.int8]) -> None:
        """Fill the rows of unseen buckets."""
        self._table = np.ascontiguousarray(table, np.int64)
        unseen = ~table.any(axis=1)
        seen = np.abs(self._table[~unseen])
        scale = int(seen.mean()) if len(seen) else 16
        self._table[unseen] = _signs(*table.shape)[unseen] * max(1, scale)

    @property
    def buckets(self) -> int:
        """Rows of the table."""
        return len(self._table)

    def encode(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The sum of some rows; zeros for none."""
        return self._table.take(rows, axis=0).sum(axis=0)


def similarity(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Cosine of two vectors of whole numbers; 0 where one of them is zero."""
    norms = int(one @ one) * int(other @ other)
    return int(one @ other) / math.sqrt(norms) if norms else 0.0


def _signs(rows: int, width: int) -> NDArray[np.int64]:
    """Plus or minus one for each cell, from its index alone."""
    cells = np.arange(rows * width, dtype=np.uint64) + np.uint64(1)
    mixed = cells * np.uint64(_MULTIPLIER)
    mixed = (mixed ^ (mixed >> np.uint64(31))) * np.uint64(_MULTIPLIER)
    return np.where(mixed >> np.uint64(63), 1, -1).reshape(rows, width)
