"""Quantiles by a sketch: as good as sorting, whatever the values' shape and however parted."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.selection.quantile import Sketch, keys_of, values_of

N = 1_000_000
SHARES = (0.001, 0.1, 0.29, 0.5, 0.9, 1.0)
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def shapes():
    """A million values of each of five shapes."""
    rng = np.random.default_rng(7)
    normal = rng.normal(size=N)
    clusters = np.where(rng.random(N) < 0.3, 1.0, 1e6) + 1e-9 * rng.normal(size=N)
    return {
        "normal": normal,
        "heavy tail": rng.standard_cauchy(N),
        "constant": np.full(N, -0.25),
        "two narrow clusters": clusters,
        "sorted": np.sort(normal),
    }


SHAPES = shapes()


def sketched(parts, bins=2**20):
    """One sketch of the values of all parts, merged as a tree."""
    sketches = []
    for part in parts:
        sketches.append(Sketch(bins))
        sketches[-1].add(keys_of(part))
    while len(sketches) > 1:
        merged = sketches[::2]
        for one, other in zip(merged, sketches[1::2], strict=False):
            one.merge(other)
        sketches = merged
    return sketches[0]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("bins", [2**20, 2**12])
def test_the_share_that_is_kept_is_within_a_tenth_of_a_point_of_the_exact_one(name, bins):
    values = SHAPES[name]
    ordered = np.sort(values)
    sketch = sketched(np.array_split(values, 7), bins)
    for share in SHARES:
        rank = int(np.ceil(round(share * N, 6)))
        exact = (ordered[rank - 1], ordered[N - rank])
        for found, best, below in zip(
            (sketch.lowest(share), sketch.highest(share)), exact, (True, False), strict=True
        ):
            kept = np.mean(values <= found.value if below else values >= found.value)
            right = np.mean(values <= best if below else values >= best)
            if bins == 2**20:
                assert abs(kept - right) <= 0.001
                # A million different values are counted as they are.
                assert (found.value, found.error) == (best, 0.0)
            assert right <= kept <= right + found.error


@pytest.mark.parametrize("name", ["normal", "heavy tail", "sorted"])
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_with_fewer_bins_than_values_it_really_sketches_and_says_how_well(name, share):
    sketch = sketched([SHAPES[name]], 2**16)
    assert sketch.shift > 0
    assert 0 < sketch.lowest(share).error <= 0.001
    assert 0 < sketch.highest(share).error <= 0.001


def test_what_is_too_crowded_for_the_bins_is_said_and_not_hidden():
    crowded = sketched([SHAPES["two narrow clusters"]], 2**14)
    assert crowded.lowest(0.9).error > 0.3


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("bins", [2**20, 2**10])
def test_what_a_sketch_holds_does_not_depend_on_order_or_parts(name, bins):
    values = SHAPES[name]
    shuffled = np.random.default_rng(1).permutation(values)
    whole = sketched([values], bins)
    for parts in (np.array_split(shuffled, 2), np.array_split(values, 13), [shuffled, values[:0]]):
        other = sketched(parts, bins)
        assert other == whole
        assert other.lowest(0.3) == whole.lowest(0.3)


def test_a_share_is_what_its_decimal_digits_say():
    sketch = sketched([np.arange(1.0, 101.0)])
    assert sketch.lowest(0.29).value == 29.0  # 0.29 * 100 is 28.999999999999996
    assert sketch.lowest(0.07).value == 7.0  # 0.07 * 100 is 7.000000000000001
    assert sketch.highest(0.07).value == 94.0


@given(st.lists(FINITE, min_size=1, max_size=60), st.integers(1, 8), st.floats(0.01, 1), st.data())
@settings(max_examples=200)
def test_any_merge_tree_gives_the_same_and_keeps_no_less_than_was_asked(values, bins, share, data):
    place = data.draw(st.integers(0, len(values)))
    order = data.draw(st.permutations(values))
    one = sketched([np.array(values)], bins)
    other = sketched([np.array(order[:place]), np.array(order[place:])], bins)
    assert one == other
    found = one.lowest(share)
    kept = np.mean(np.array(values) <= found.value)
    assert kept >= share or np.isclose(kept, share)
    assert found.value in values or found.value == 0


@given(st.lists(FINITE, min_size=1))
def test_keys_keep_the_order_and_can_be_turned_back(values):
    keys = keys_of(np.array(values))
    assert np.array_equal(values_of(keys), np.array(values))
    assert np.array_equal(np.array(values)[np.argsort(keys, kind="stable")], np.sort(values))


def test_a_sketch_travels_with_what_it_has_not_yet_put_into_bins():
    sketch = sketched([np.array([2.0, 1.0])])
    sketch.add(keys_of(np.array([3.0])))
    assert pickle.loads(pickle.dumps(sketch)).highest(0.3).value == 3.0


def test_of_nothing_there_is_no_quantile():
    with pytest.raises(ValueError, match="no values"):
        Sketch().lowest(0.5)
