"""Exact sums and the standard deviation that is made of them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.exact_sum import Moments, deviation, merged, moments

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, max_size=40), st.integers(0, 40))
def test_sums_are_those_of_fractions_however_they_are_parted(values, place):
    parts = np.array(values[:place], np.float64), np.array(values[place:], np.float64)
    found = merged(*map(moments, parts))
    assert found == moments(np.array(values[::-1], np.float64))
    exact = [Fraction(value) for value in values]
    assert Fraction(found.total, 2**1130) == sum(exact)
    assert Fraction(found.squares, 2**2260) == sum(value**2 for value in exact)


def test_many_large_numbers_do_not_overflow():
    values = np.full(200_000, np.nextafter(2.0**60, 0))
    found = moments(values)
    assert Fraction(found.total, 2**1130) == 200_000 * Fraction(float(values[0]))
    assert Fraction(found.squares, 2**2260) == 200_000 * Fraction(float(values[0])) ** 2
    assert deviation(found) == 0.0


@pytest.mark.parametrize("scale", [5e-324, 1e-300, 1.0, 1e300])
def test_the_deviation_holds_at_any_scale(scale):
    assert deviation(moments(np.array([-2 * scale, 2 * scale]))) == 2 * scale


def test_the_deviation_is_that_of_the_population_and_none_of_nothing():
    values = np.random.default_rng(0).normal(3.0, 2.0, 10_000)
    assert deviation(moments(values)) == pytest.approx(values.std(), rel=1e-14)
    assert deviation(Moments()) == 0.0
    # A small spread around a large mean is lost to sums that round.
    assert deviation(moments(np.array([1e8, 1e8 + 1, 1e8 + 2]))) == pytest.approx((2 / 3) ** 0.5)
