"""The best subset of a given size: by looking at all of them, or by improving greedy ones."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain, combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = 50_000
"""Most subsets that are all looked at: any two of 316, four of 32, any of up to 18."""
_STARTS = 8
_CELLS = 1 << 20

Subsets = NDArray[np.intp]
"""One subset a row."""
Value = Callable[[Subsets], NDArray[Any]]
"""The value of each subset, which must depend on its members alone, not on their order."""


def best_subset(count: int, size: int, value: Value, exact: int = EXACT) -> tuple[int, ...]:
    """The subset with the highest value, members in ascending order.

    Parameters: `count` of the items, `size` of the subset, `exact`: with more subsets than this,
    not all are looked at. Then greedy subsets are improved by swaps, the greedy one of all and
    those that begin with one of the first few items; the outcome is no worse than `greedy`'s. Of
    equal subsets the first counts.

    >>> worth = np.array([3, 1, 2])
    >>> best_subset(3, 2, lambda subsets: worth[subsets].sum(axis=1))
    (0, 2)
    """
    if size >= count:
        return tuple(range(count))
    if comb(count, size) <= exact:
        every = _every_subset(count, size)
        return tuple(every[int(value(every).argmax())].tolist())
    # A swap looks at size * count subsets, and about as many swaps as members are made.
    starts = range(min(_STARTS, count, _CELLS // (size * size * count)))
    begun = [greedy(count, size, value), *(greedy(count, size, value, [one]) for one in starts)]
    found = np.array([improved(members, count, value) for members in dict.fromkeys(begun)])
    return tuple(found[int(value(found).argmax())].tolist())


def greedy(count: int, size: int, value: Value, start: Sequence[int] = ()) -> tuple[int, ...]:
    """A subset made by adding, one at a time, the item that gives the highest value."""
    members = list(start)
    while len(members) < min(size, count):
        rest = [item for item in range(count) if item not in members]
        grown = np.array([sorted([*members, item]) for item in rest])
        members = grown[int(value(grown).argmax())].tolist()
    return tuple(members)


def improved(members: Sequence[int], count: int, value: Value) -> tuple[int, ...]:
    """Swap the member and the item that gain most, until no swap gains."""
    best = np.array(sorted(members))
    while len(best) < count:
        rest = np.setdiff1d(np.arange(count), best)
        swapped = np.repeat(best[None, :], len(best) * len(rest), axis=0)
        rows = np.arange(len(swapped))
        swapped[rows, rows // len(rest)] = rest[rows % len(rest)]
        values = value(swapped)
        place = int(values.argmax())
        # Values are exact functions of the members: a strict rise cannot go round in a circle.
        if not values[place] > value(best[None, :])[0]:
            break
        best = np.sort(swapped[place])
    return tuple(best.tolist())


@lru_cache(maxsize=8)
def _every_subset(count: int, size: int) -> Subsets:
    flat = chain.from_iterable(combinations(range(count), size))
    every = np.fromiter(flat, np.intp, comb(count, size) * size).reshape(-1, size)
    every.setflags(write=False)
    return every
