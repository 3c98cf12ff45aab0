"""Intervals: closed forms where there are any, and what must hold for every sample."""

from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.evaluation.intervals import Interval, bootstrap, wilson

# Newcombe, Two-sided confidence intervals for the single proportion (Statistics in Medicine 17,
# 1998), table I, method 3.
TABLE = {
    (81, 263): (0.2553, 0.3662),
    (15, 148): (0.0624, 0.1605),
    (0, 20): (0.0, 0.1611),
    (1, 29): (0.0061, 0.1718),
}
SHARES = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
SAMPLE = st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcdef")), min_size=1, max_size=25)


@pytest.mark.parametrize(("counts", "bounds"), TABLE.items())
def test_wilson_is_the_published_table(counts, bounds):
    assert wilson(*counts) == pytest.approx(bounds, abs=5e-5)


@given(SHARES)
def test_the_bounds_of_wilson_solve_its_equation(counts):
    successes, trials = counts
    share = successes / trials
    low, high = wilson(successes, trials)
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        error = 1.959963984540054 * sqrt(bound * (1 - bound) / trials)
        assert bound in (0, 1) or abs(share - bound) == pytest.approx(error, abs=1e-9)


@given(SHARES)
def test_failures_mirror_successes(counts):
    successes, trials = counts
    low, high = wilson(successes, trials)
    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize("counts", [(-1, 5), (6, 5), (1, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError):
        wilson(*counts)


@pytest.mark.parametrize("points", [0, 1, 2])
def test_the_bootstrap_of_a_constant_is_that_constant(points):
    drawn = bootstrap([points] * 30, [str(n % 7) for n in range(30)], seed=3)
    assert drawn == Interval(points / 2, points / 2)


def test_the_bootstrap_of_single_items_comes_near_the_normal_interval():
    points, groups = [2] * 300 + [0] * 200, [str(n) for n in range(500)]
    spread = 1.96 * sqrt(0.6 * 0.4 / 500)
    assert bootstrap(points, groups, seed=1) == pytest.approx(
        (0.6 - spread, 0.6 + spread), abs=0.004
    )


def test_items_of_one_conversation_count_as_little_as_the_conversation():
    # 20 conversations, each all won or all lost: repeating their items adds no knowledge.
    wins = [2 * (n % 2) for n in range(20)]
    names = [str(n) for n in range(20)]
    alone = bootstrap(wins, names, seed=5)
    repeated = bootstrap(wins * 10, names * 10, seed=5)
    pretended = bootstrap(wins * 10, [str(n) for n in range(200)], seed=5)
    assert repeated == alone
    assert pretended.high - pretended.low < 0.5 * (alone.high - alone.low)


@settings(max_examples=25, deadline=None)
@given(SAMPLE, st.integers(0, 9), st.randoms())
def test_order_counts_for_nothing_and_turned_points_turn_the_interval(sample, seed, chance):
    points, groups = zip(*sample, strict=True)
    low, high = bootstrap(points, groups, seed)
    assert 0 <= low <= high <= 1
    turned = bootstrap([2 - p for p in points], groups, seed)
    assert turned == pytest.approx((1 - high, 1 - low))
    shuffled = list(sample)
    chance.shuffle(shuffled)
    assert bootstrap(*zip(*shuffled, strict=True), seed) == (low, high)


def test_nothing_has_no_interval():
    with pytest.raises(ValueError):
        bootstrap([], [], seed=0)
