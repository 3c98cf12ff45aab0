"""k-medoids: the items that are nearest to all others."""

import numpy as np
from numpy.typing import NDArray

from curation.selection.strategies.subsets import Subsets, Value, best_subset

EXACT = 5_000
"""Most subsets that are all looked at; each costs a look at every item."""


def medoids(
    distances: NDArray[np.int64], size: int, weights: NDArray[np.int64] | None = None
) -> tuple[int, ...]:
    """The subset with the least weighted sum of distances from each item to its nearest member.

    The optimum of up to `EXACT` subsets, else greedy with swaps. Input: symmetric distances
    in whole numbers. Parameters: `size` of the subset; `weights` of the items, whole numbers.
    Output: places in ascending order.

    >>> places = np.array([0, 1, 2, 10, 11, 12])
    >>> medoids(abs(places[:, None] - places[None, :]), 2)
    (1, 4)
    """
    return best_subset(len(distances), size, nearness(distances, weights), EXACT)


def nearness(distances: NDArray[np.int64], weights: NDArray[np.int64] | None = None) -> Value:
    """Minus the weighted sum of distances of all items to the nearest member of a subset."""
    weighted = distances if weights is None else distances * weights[None, :]

    def value(subsets: Subsets) -> NDArray[np.int64]:
        nearest = weighted[subsets[:, 0]]
        for column in subsets.T[1:]:
            nearest = np.minimum(nearest, weighted[column])
        return -nearest.sum(axis=1)

    return value


def clusters(distances: NDArray[np.int64], centres: tuple[int, ...]) -> list[list[int]]:
    """The items by their nearest medoid; of equally near ones the first.

    >>> places = np.array([0, 1, 2, 10])
    >>> clusters(abs(places[:, None] - places[None, :]), (1, 3))
    [[0, 1, 2], [3]]
    """
    nearest = distances[:, list(centres)].argmin(axis=1)
    # A medoid is of its own cluster, also where another one says the same.
    nearest[list(centres)] = np.arange(len(centres))
    return [np.flatnonzero(nearest == cluster).tolist() for cluster in range(len(centres))]
