"""Scores as whole numbers, so that a choice among them never hangs on a rounding error.

A float says 0.1 + 0.2 > 0.3, and a constant that is added to all scores changes their last digits.
Compared are therefore whole steps above the lowest value, 2**32 of them to the highest one: exact,
the same for any order, and the same after a constant was added, as long as the scores themselves
kept their first nine or so digits.
"""

from collections.abc import Sequence
from typing import NamedTuple

LARGEST = 1e100
"""Largest absolute value of a usable score: what lies beyond is no measurement."""
_STEPS = 2**32
_ROUNDING = 2.0**-50
_SMALLEST = 1e-150
_MOST = 2.0**40


class Levels(NamedTuple):
    """Values in steps above the lowest one."""

    levels: tuple[int, ...]
    """One for each value, in order; 0 is the lowest."""
    step: float
    """What a step is in the unit of the values."""

    def steps(self, difference: float) -> int:
        """A difference in steps, to the nearest one; more than all of them at most."""
        return round(min(difference / self.step, _MOST))


def levels_of(values: Sequence[float], magnitude: float) -> Levels:
    """Values as steps above the lowest of them.

    Input: at least one finite value. Parameters: `magnitude`, the largest absolute number that
    the values were computed from: differences of some units in its last place are none.

    >>> levels_of([0.1 + 0.2, 0.3], 0.3).levels
    (0, 0)
    >>> one, other = (levels_of([v + shift for v in (0.1, 0.2, 0.3)], 9) for shift in (0, 7.7))
    >>> one.levels == other.levels
    True
    """
    low, high = min(values), max(values)
    step = max((high - low) / _STEPS, magnitude * _ROUNDING, _SMALLEST)
    return Levels(tuple(round((value - low) / step) for value in values), step)
