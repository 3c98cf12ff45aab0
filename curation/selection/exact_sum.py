"""Sums of floating-point numbers without any rounding: the same for any order and any parts.

Each number is an integer times a power of two. Numbers of one exponent are added as 64-bit
integers, in halves that cannot overflow; what comes of it is one Python integer, as wide as it
must be.
"""

from fractions import Fraction
from math import isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_UNIT = 1130
"""Sums are in units of 2**-_UNIT, of which every double is a multiple."""
_HALF = 27
"""Bits of the lower half of a 53-bit mantissa."""


class Moments(NamedTuple):
    """How many numbers there are, their sum and the sum of their squares, exactly."""

    n: int = 0
    total: int = 0
    """In units of 2**-1130."""
    squares: int = 0
    """In units of 2**-2260."""


def moments(values: NDArray[np.float64]) -> Moments:
    """The moments of finite numbers.

    >>> moments(np.array([1e16, 1.0, -1e16])).total == moments(np.array([1.0])).total
    True
    """
    mantissas, exponents = np.frexp(values)
    order = np.argsort(exponents, kind="stable")
    whole = np.ldexp(mantissas[order], 53).astype(np.int64)
    found, starts = np.unique(exponents[order], return_index=True)
    if not len(found):
        return Moments()
    high, low = _halves(np.abs(whole))
    totals = _sums(whole, starts)
    parts = [_sums(part, starts) for part in (high * high, 2 * high * low, low * low)]
    total = squares = 0
    for place, exponent in enumerate(found.tolist()):
        shift = exponent - 53 + _UNIT
        total += totals[place] << shift
        wide = (parts[0][place] << 2 * _HALF) + (parts[1][place] << _HALF) + parts[2][place]
        squares += wide << 2 * shift
    return Moments(len(values), total, squares)


def merged(one: Moments, other: Moments) -> Moments:
    """The moments of the numbers of both."""
    return Moments(one.n + other.n, one.total + other.total, one.squares + other.squares)


def deviation(of: Moments) -> float:
    """Standard deviation of the numbers (of the population: divided by n), rounded once.

    Output: 0 for none.

    >>> deviation(moments(np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])))
    2.0
    """
    if not of.n:
        return 0.0
    spread = of.n * of.squares - of.total**2
    return float(Fraction(isqrt(spread << 128), of.n << (_UNIT + 64)))


def _halves(whole: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    return whole >> _HALF, whole & ((1 << _HALF) - 1)


def _sums(whole: NDArray[np.int64], starts: NDArray[np.intp]) -> list[int]:
    """Sums of the runs that begin at `starts`; right for up to 2**35 numbers below 2**55."""
    high, low = (np.add.reduceat(half, starts).tolist() for half in _halves(whole))
    return [(h << _HALF) + rest for h, rest in zip(high, low, strict=True)]
