"""Subsets are the best ones, against an independent look at all of them."""

from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import pytest

from curation.selection.likeness import STEPS, vector_similarities, word_similarities
from curation.selection.strategies.aepo import diverse_subset, objective
from curation.selection.strategies.medoids import clusters, medoids, nearness
from curation.selection.strategies.subsets import EXACT, best_subset, greedy, improved

CASES = range(200)


def random_similarities(rng, count):
    """Of texts, of vectors, or with many equal cells: where ties are likely."""
    kind = rng.integers(3)
    if kind == 0:
        words = rng.integers(0, 12, (count, 6))
        return word_similarities([" ".join(map(str, row)) for row in words])
    if kind == 1:
        return vector_similarities(rng.normal(size=(count, 4)))
    cells = rng.integers(0, 3, (count, count)) * (STEPS // 2)
    return np.triu(cells, 1) + np.triu(cells, 1).T + np.eye(count, dtype=np.int64) * STEPS


def aepo_value(similarities, subset, weight):
    """Equation of the paper, in fractions."""
    count, size = len(similarities), len(subset)
    like_all = sum(
        Fraction(int(similarities[x, y]), STEPS) for x in subset for y in range(count) if x != y
    )
    alike = sum(Fraction(int(similarities[x, y]), STEPS) for x in subset for y in subset if x != y)
    return like_all / ((count - 1) * size) - weight * alike / (size * (size - 1))


@pytest.mark.parametrize("case", CASES)
def test_an_exact_diverse_subset_is_as_good_as_the_best_of_all(case):
    rng = np.random.default_rng(case)
    count = int(rng.integers(3, 11))
    size = int(rng.integers(2, min(count, 5)))
    weight = Fraction(int(rng.integers(0, 9)), 4)
    similarities = random_similarities(rng, count)
    found = diverse_subset(similarities, size, float(weight))
    values = {s: aepo_value(similarities, s, weight) for s in combinations(range(count), size)}
    assert found in values
    assert values[found] >= max(values.values()) - Fraction(1, 10**12)


@pytest.mark.parametrize("case", CASES)
def test_swaps_never_make_a_greedy_subset_worse_and_seldom_leave_it_short_of_the_best(case):
    rng = np.random.default_rng(1000 + case)
    similarities = random_similarities(rng, 12)
    value = objective(similarities, 1.0)
    start = greedy(12, 4, value)
    end = improved(start, 12, value)
    best = best_subset(12, 4, value)
    first, last, most = value(np.array([start, end, best]))
    assert first <= last <= most
    assert len(set(end)) == 4
    # No single swap is left that gains.
    swaps = [sorted({*end, new} - {old}) for old in end for new in set(range(12)) - set(end)]
    assert value(np.array(swaps)).max() <= last


def test_where_not_all_subsets_are_looked_at_the_best_is_seldom_missed():
    rng = np.random.default_rng(5)
    reached = 0
    for _ in range(40):
        words = rng.integers(0, 40, (12, 30))
        alike = word_similarities([" ".join(map(str, row)) for row in words])
        value = objective(alike, 1.0)
        found = np.array([best_subset(12, 4, value, exact=0), best_subset(12, 4, value)])
        one, best = value(found)
        reached += one == best
        assert one >= value(np.array([greedy(12, 4, value)]))[0]
    assert reached >= 36


def test_beyond_the_bound_the_subset_is_no_worse_than_a_greedy_one_and_the_same_each_time():
    similarities = vector_similarities(np.random.default_rng(2).normal(size=(40, 8)))
    assert comb(40, 6) > EXACT
    value = objective(similarities, 1.0)
    found = diverse_subset(similarities, 6)
    plain = improved(greedy(40, 6, value), 40, value)
    assert value(np.array([found]))[0] >= value(np.array([plain]))[0]
    assert list(found) == sorted(set(found))
    assert found == diverse_subset(similarities, 6)


def test_the_diagonal_never_counts():
    similarities = word_similarities(["a b", "a c", "d e", "a b c"])
    other = similarities.copy()
    np.fill_diagonal(other, -123456789)
    before = similarities.copy()
    for size in (2, 3):
        assert diverse_subset(similarities, size) == diverse_subset(other, size)
    np.testing.assert_array_equal(similarities, before)


def test_without_diversity_the_subset_is_the_most_representative_one():
    texts = ["a b c", "a b d", "a b", "x y", "z"]
    assert diverse_subset(word_similarities(texts), 2, 0.0) == (0, 2)
    assert diverse_subset(word_similarities(texts), 2, 1.0) == (2, 3)


def test_a_subset_as_large_as_the_whole_is_the_whole():
    assert diverse_subset(word_similarities(["a", "b"]), 7) == (0, 1)


@pytest.mark.parametrize("case", range(60))
def test_exact_medoids_are_as_near_as_the_best_of_all(case):
    rng = np.random.default_rng(case)
    count = int(rng.integers(3, 10))
    size = int(rng.integers(1, count))
    apart = STEPS - random_similarities(rng, count)
    weights = rng.integers(0, 2**16, count)

    def cost(subset):
        return sum(int(weights[i]) * min(int(apart[i, m]) for m in subset) for i in range(count))

    found = medoids(apart, size, weights)
    assert cost(found) == min(map(cost, combinations(range(count), size)))


def test_medoids_by_swaps_are_never_farther_than_greedy_ones():
    rng = np.random.default_rng(3)
    points = rng.normal(size=(40, 3))
    apart = STEPS - vector_similarities(points)
    value = nearness(apart)
    start, end = greedy(40, 8, value), medoids(apart, 8)
    assert value(np.array([end]))[0] >= value(np.array([start]))[0]


def test_equal_items_each_have_a_cluster_of_their_own_where_both_are_medoids():
    apart = np.zeros((3, 3), np.int64)
    assert clusters(apart, (0, 2)) == [[0, 1], [2]]
