"""BALD and the dropout passes that it is made of, as closed forms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.protocols import LikelihoodResult
from curation.scoring.bald import bald, dropout_judgement, dropout_requests
from schemas.errors import ModelError, UsageError
from schemas.records import Message, PreferencePair, Provenance

PAIR = PreferencePair(
    "id", (Message("user", "What is 2 + 2?"),),
    (Message("assistant", "It is 4."),), (Message("assistant", "It is 5."),),
    None, None, None, None, None, None, "existing", "s", "c", None, None,
    Provenance("f", 0, "g", None, (), (), None, ""), "",
)  # fmt: skip
SWAPPED = PAIR._replace(chosen=PAIR.rejected, rejected=PAIR.chosen)
PROBABILITY = st.floats(0, 1)
LABELS = st.tuples(st.floats(-60, 0), st.floats(-60, 0))


def results(orders):
    return [LikelihoodResult([[a], [b]], 0, 9) for a, b in orders]


def test_networks_that_are_sure_of_opposite_sides_have_the_most_to_tell():
    assert bald([0.0] * 5 + [1.0] * 5) == pytest.approx(math.log(2))


@given(PROBABILITY, st.integers(1, 40))
def test_equal_passes_tell_nothing_at_all(p, passes):
    assert bald([p] * passes) == 0


@given(st.lists(PROBABILITY, min_size=1, max_size=12))
def test_bald_lies_between_nothing_and_one_bit(passes):
    assert 0 <= bald(passes) <= math.log(2) + 1e-12


@given(st.lists(PROBABILITY, min_size=1, max_size=12))
def test_bald_does_not_depend_on_which_side_is_called_first(passes):
    assert bald([1 - p for p in passes]) == pytest.approx(bald(passes), abs=1e-9)


def test_bald_is_its_definition_on_numbers_worked_by_hand():
    # H(0.6) - (H(0.9) + H(0.3)) / 2
    assert bald([0.9, 0.3]) == pytest.approx(0.6730117 - (0.3250830 + 0.6108643) / 2, abs=1e-6)


@pytest.mark.parametrize("passes", [[], [1.5], [-0.1], [float("nan")]])
def test_what_is_no_probability_is_refused(passes):
    with pytest.raises(ModelError, match="probabilities"):
        bald(passes)


def test_each_pass_asks_both_orders_of_one_network():
    requests = dropout_requests(PAIR, passes=3, rate=0.2, seed=5)
    seeds = [r.dropout.seed for r in requests]
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == 3
    assert {r.dropout.rate for r in requests} == {0.2}
    assert requests[0].context != requests[1].context


def test_all_pairs_are_judged_by_the_same_networks():
    one, other = dropout_requests(PAIR, seed=5), dropout_requests(SWAPPED, seed=5)
    assert [r.dropout for r in one] == [r.dropout for r in other]
    assert [r.dropout for r in one] != [r.dropout for r in dropout_requests(PAIR, seed=6)]


@pytest.mark.parametrize(("passes", "rate"), [(0, 0.1), (5, 1.0), (5, -0.1)])
def test_impossible_passes_are_refused(passes, rate):
    with pytest.raises(UsageError, match="in \\[0, 1\\)"):
        dropout_requests(PAIR, passes=passes, rate=rate)


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=6))
def test_swapped_sides_mirror_the_dropout_judgement(passes):
    there = dropout_judgement(results(order for pair in passes for order in pair))
    back = dropout_judgement(results(order for pair in passes for order in pair[::-1]))
    assert back.probability == pytest.approx(1 - there.probability)
    assert back.majority == pytest.approx(1 - there.majority)
    assert back.uncertainty == pytest.approx(there.uncertainty, abs=1e-9)
    assert there.noise + back.noise == (there.majority != 0.5)


@given(st.lists(LABELS, min_size=1, max_size=6))
def test_identical_sides_are_a_toss_without_uncertainty_or_noise(passes):
    judged = dropout_judgement(results(order for order in passes for _ in range(2)))
    assert (judged.uncertainty, judged.probability, judged.noise) == (0, 0.5, False)


def test_the_orders_are_averaged_inside_of_a_pass():
    favours_a = results([(0.0, -60.0)] * 4)  # a judge that sees the place and not the reply
    assert dropout_judgement(favours_a).passes == (0.5, 0.5)
    assert dropout_judgement(favours_a).uncertainty == 0


def test_a_pair_whose_rejected_side_wins_the_majority_is_noise():
    against, for_it = [(-3.0, -1.0), (-1.0, -3.0)], [(-1.0, -3.0), (-3.0, -1.0)]
    assert dropout_judgement(results(against * 2 + for_it)).noise
    assert not dropout_judgement(results(against + for_it * 2)).noise
    assert not dropout_judgement(results(against + for_it)).noise


@pytest.mark.parametrize("count", [0, 3])
def test_half_a_pass_is_refused(count):
    with pytest.raises(ModelError, match="two for each pass"):
        dropout_judgement(results([(-1.0, -2.0)] * count))
