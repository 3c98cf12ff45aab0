"""Follow-up likelihood and CHES: closed forms, the inventory, and whole pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.chat import PromptTooLongError
from curation.models.protocols import HiddenSum
from curation.scoring.ches import ches_score
from curation.scoring.follow_up_likelihood import (
    DIMENSIONS,
    choose_follow_ups,
    follow_up_reward,
)
from curation.scoring.pairs import PairScoring, score_pair
from schemas.errors import UsageError
from schemas.records import Message, PreferencePair, Provenance

PAIR = PreferencePair(
    "id", (Message("user", "What is the capital of France?"),),
    (Message("assistant", "Paris."),), (Message("assistant", "I like trains."),),
    None, None, None, None, None, None, "existing", "s", "c", None, None,
    Provenance("f", 0, "g", None, (), (), None, ""), "",
)  # fmt: skip
SETTINGS = PairScoring(dimensions=("understanding",), per_side=2)
FLOATS = st.floats(-50, 0)


@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_no_follow_up_stands_twice_in_its_dimension(dimension):
    sentences = choose_follow_ups([dimension], per_side=6).sentences
    assert len(sentences) == len(set(sentences)) == 12


def test_no_follow_up_stands_in_two_dimensions():
    sentences = choose_follow_ups(DIMENSIONS, per_side=6).sentences
    assert len(set(sentences)) == 72


def test_weights_of_each_polarity_sum_to_one():
    weights = choose_follow_ups(DIMENSIONS, per_side=3).weights
    assert sum(w for w in weights if w > 0) == pytest.approx(1)
    assert sum(w for w in weights if w < 0) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["kindness"], 1), "no dimension 'kindness'"),
        ((["following"], 7), "7 follow-ups a side asked for"),
        ((["following"], 1, "tlh"), "no follow-ups in 'tlh'"),
    ],
)
def test_what_the_inventory_lacks_is_named(arguments, message):
    with pytest.raises(UsageError, match=message):
        choose_follow_ups(*arguments)


@given(st.lists(FLOATS, min_size=1, max_size=5), st.integers(2, 4))
def test_a_longer_follow_up_of_the_same_likelihood_scores_the_same(tokens, times):
    follow_ups = choose_follow_ups(["following"], per_side=1)
    once = follow_up_reward([tokens, tokens], follow_ups)
    longer = follow_up_reward([tokens * times, tokens], follow_ups)
    assert once == pytest.approx(0)
    assert longer == pytest.approx(once, abs=1e-9)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8), st.integers(1, 9))
def test_equal_sides_have_no_ches_whatever_they_are(vectors, terms):
    total = [a for a, _ in vectors]
    assert ches_score(HiddenSum(total, terms), HiddenSum(total, terms)) == (0, 0)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8))
def test_ches_is_its_definition(vectors):
    plus, minus = [a for a, _ in vectors], [b for _, b in vectors]
    inner = sum(a * b for a, b in vectors)
    norm = sum(a * a for a in plus)
    score = ches_score(HiddenSum(plus, 3), HiddenSum(minus, 2))
    assert score.ches == pytest.approx(inner - norm, abs=1e-6)
    assert score.ln_ches == pytest.approx(inner / 6 - norm / 9, abs=1e-6)


def test_a_pair_gets_all_scores_and_keeps_everything_else(model):
    scored = score_pair(PAIR, model, SETTINGS)
    assert scored.margin == pytest.approx(scored.chosen_score - scored.rejected_score)
    assert None not in (scored.ches, scored.ln_ches)
    cleared = dict.fromkeys(("margin", "chosen_score", "rejected_score", "ches", "ln_ches"))
    assert scored._replace(**cleared) == PAIR


def test_swapped_sides_have_the_opposite_margin(model):
    there = score_pair(PAIR, model, SETTINGS)
    back = score_pair(PAIR._replace(chosen=PAIR.rejected, rejected=PAIR.chosen), model, SETTINGS)
    assert back.margin == pytest.approx(-there.margin, abs=2e-2)  # bfloat16, other packed order


def test_calibration_moves_both_scores_and_no_margin(model):
    plain = score_pair(PAIR, model, SETTINGS)
    calibrated = score_pair(PAIR, model, SETTINGS._replace(calibrate=True))
    shift = plain.chosen_score - calibrated.chosen_score
    assert shift == pytest.approx(plain.rejected_score - calibrated.rejected_score)
    assert shift != 0
    assert calibrated.margin == plain.margin


def test_what_is_not_asked_for_is_not_filled(model):
    only_ches = score_pair(PAIR, model, PairScoring(dimensions=()))
    assert only_ches.margin is None
    assert only_ches.ches is not None
    only_margin = score_pair(PAIR, model, SETTINGS._replace(ches=False))
    assert only_margin.ches is None
    assert only_margin.margin is not None


def test_a_pair_that_does_not_fit_is_an_error(model):
    with pytest.raises(PromptTooLongError):
        score_pair(PAIR, model, SETTINGS._replace(max_tokens=40))
