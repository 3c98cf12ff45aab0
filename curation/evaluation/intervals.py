"""How sure a rate is: 95 % intervals, of independent items and of items that come in groups."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
"""Confidence of all intervals."""
DRAWS = 10_000
"""Resamples of the bootstrap."""
_Z = 1.959963984540054  # Quantile of the normal distribution at (1 + LEVEL) / 2.
_BLOCK_NUMBERS = 2_000_000


class Interval(NamedTuple):
    """Bounds of a rate, both between 0 and 1."""

    low: float
    high: float


def wilson(successes: int, trials: int) -> Interval:
    """Wilson's score interval of a share, which keeps its level near 0 and 1.

    Input: how often it happened, of how many independent trials. Without trials nothing is known.

    Raises: ValueError for more successes than trials, or less than none.

    Reference: Wilson, Probable inference, the law of succession, and statistical inference
    (Journal of the American Statistical Association 22, 1927).

    >>> [round(bound, 4) for bound in wilson(5, 10)]
    [0.2366, 0.7634]
    >>> wilson(0, 0)
    Interval(low=0.0, high=1.0)
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials")
    if trials == 0:
        return Interval(0.0, 1.0)
    # (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n), multiplied by n.
    middle = successes + _Z**2 / 2
    spread = _Z * sqrt(successes * (trials - successes) / trials + _Z**2 / 4)
    whole = trials + _Z**2
    low = 0.0 if successes == 0 else (middle - spread) / whole
    high = 1.0 if successes == trials else (middle + spread) / whole
    return Interval(low, high)


def bootstrap(points: Sequence[int], groups: Sequence[str], seed: int, most: int = 2) -> Interval:
    """Percentile interval of a mean, by drawing whole groups with replacement.

    Items of one conversation are alike, so a resample takes or leaves a conversation whole.

    Input: points of each item, whole numbers from 0 to `most`, and the group of each. Output: the
    interval of mean / `most`. With points turned round (`most` minus each) it is turned round,
    too: the same groups are drawn. The order of the items counts for nothing. One group alone
    gives an interval without width: it says nothing about others.

    Raises: ValueError without items.

    Reference: Efron & Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; groups:
    Davison & Hinkley, Bootstrap Methods and their Application (1997), section 3.8.

    >>> bootstrap([2, 2, 0, 0], ["a", "a", "b", "b"], seed=0)
    Interval(low=0.0, high=1.0)
    >>> bootstrap([1, 1, 1], ["a", "b", "c"], seed=0)
    Interval(low=0.5, high=0.5)
    """
    if not points:
        raise ValueError("no items to draw from")
    names, places = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(places)
    sums = np.zeros(len(names), dtype=np.int64)
    np.add.at(sums, places, np.asarray(points, dtype=np.int64))
    chance = np.random.default_rng(seed)
    rates: list[float] = []
    block = max(1, _BLOCK_NUMBERS // len(names))
    while len(rates) < DRAWS:
        drawn = chance.integers(len(names), size=(min(block, DRAWS - len(rates)), len(names)))
        rates += (sums[drawn].sum(1) / (most * sizes[drawn].sum(1))).tolist()
    rates.sort()
    outside = round(DRAWS * (1 - LEVEL) / 2)
    return Interval(rates[outside], rates[DRAWS - 1 - outside])
