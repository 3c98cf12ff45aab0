"""Which two of many scored responses make a pair: the best, and one bad enough but not broken."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class PickedPair(NamedTuple):
    """Places of two responses in the list that was given."""

    chosen: int
    rejected: int


def sweet_spot(rewards: Sequence[float], k: float = 2.0) -> PickedPair | None:
    """The best response against the one nearest to k standard deviations below the mean.

    Input: rewards of the responses to one prompt. Parameters: `k` of the rejected side. Output:
    None when all rewards are equal; of several equal ones the first.

    Reference: Finding the Sweet Spot (arXiv 2502.16825), section 4.

    >>> sweet_spot([0.0, 1.0, 4.0, -3.0, 0.5])
    PickedPair(chosen=2, rejected=3)
    >>> sweet_spot([1.0, 1.0]) is None
    True
    """
    values = np.asarray(rewards, np.float64)
    if len(values) < 2 or values.min() == values.max():
        return None
    chosen = int(values.argmax())
    distance = np.abs(values - (values.mean() - k * values.std()))
    distance[values == values[chosen]] = np.inf
    return PickedPair(chosen, int(distance.argmin()))
