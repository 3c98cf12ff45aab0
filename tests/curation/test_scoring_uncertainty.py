"""What is made of a judge's repeated verdicts, and which margins make an ensemble."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.protocols import Completion, LikelihoodResult
from curation.scoring.uncertainty import (
    ENSEMBLE,
    JudgeRepeats,
    consistency_requests,
    share_of_commonest,
    with_bald,
    with_consistency,
    with_margins,
)
from curation.synthesis.origins import document_pair, finished_pair
from schemas.errors import ModelError
from schemas.records import Document, Message, NamedScore

POST = Document("d", "Hops and malt.", None, None, None, None, "demo", None, {})
PROMPT = (Message("user", "What is beer made of?"),)
PAIR = finished_pair(document_pair(POST, "ugc"), PROMPT, "Malt and hops.", "No idea.")
WORDS = JudgeRepeats("words", repeats=3, seed=5)


def said(*verdicts):
    """Answers of a judge in words, the chosen side shown first in every other one."""
    return [[Completion(f"I thought.\n{text}", "stop", 9, 9)] for text in verdicts]


def likely(first_as_a, first_as_b):
    """Answers of a judge by likelihood, from the probability of A."""
    return [
        LikelihoodResult([[math.log(p)], [math.log(1 - p)]], 0, 9) for p in (first_as_a, first_as_b)
    ]


def test_a_judge_that_always_says_the_same_reply_is_consistent():
    pair, notes = with_consistency(PAIR, said("[[A]]", "[[B]]"), "m@1")
    assert (pair.judge_consistency, pair.labels, notes) == (1.0, (NamedScore("judge", 1.0),), ())
    assert pair.provenance.models == ("judge=m@1",)


def test_a_judge_that_always_says_the_same_place_knows_nothing():
    pair, _ = with_consistency(PAIR, said("[[A]]", "[[A]]", "[[A]]", "[[A]]"))
    assert (pair.judge_consistency, pair.labels[0].value) == (0.5, 0.5)


def test_an_answer_that_is_not_in_form_is_counted_and_no_verdict():
    pair, notes = with_consistency(PAIR, said("[[A]]", "Dunno.", "[[C]]", "[[B]]"))
    assert notes == ("reasoned_judge:off_grammar",)
    assert pair.judge_consistency == pytest.approx(2 / 3)
    assert pair.labels[0].value == pytest.approx(2.5 / 3)


def test_without_two_verdicts_there_is_no_consistency():
    pair, notes = with_consistency(PAIR, said("[[B]]", "?"))
    assert (pair.judge_consistency, pair.labels[0].value, len(notes)) == (None, 0.0, 1)
    assert with_consistency(PAIR, said("?", "!"))[0] == PAIR


def test_the_judges_label_takes_the_place_of_its_former_one_and_leaves_others():
    known = PAIR._replace(labels=(NamedScore("ann", 0.0), NamedScore("judge", 0.0)))
    pair, _ = with_consistency(known, likely(0.75, 0.25))
    assert pair.labels[0] == NamedScore("ann", 0.0)
    assert pair.labels[1] == NamedScore("judge", pytest.approx(0.75))
    assert len(pair.labels) == 2


def test_every_repetition_asks_both_orders_with_a_seed_of_its_own():
    asked = consistency_requests(PAIR, WORDS)
    assert len(asked) == 6
    assert len({request.seed for request in asked}) == 6
    assert {request.temperature for request in asked} == {0.7}
    assert asked == consistency_requests(PAIR, WORDS)
    assert {r.temperature for r in consistency_requests(PAIR, WORDS._replace(repeats=1))} == {0.0}
    assert len(consistency_requests(PAIR)) == 2  # a likelihood is the same each time


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9), st.randoms())
def test_the_share_of_the_commonest_knows_no_order_and_no_side(probabilities, random):
    share = share_of_commonest(probabilities)
    assert 1 / 3 <= share <= 1
    shuffled = random.sample(probabilities, len(probabilities))
    assert share_of_commonest(shuffled) == share
    exact = [p for p in probabilities if 1 - (1 - p) == p]
    if exact:
        assert share_of_commonest([1 - p for p in exact]) == share_of_commonest(exact)


def test_bald_is_log_two_where_half_of_the_networks_are_sure_of_each_side():
    sure, other = likely(1 - 1e-12, 1e-12), likely(1e-12, 1 - 1e-12)
    pair, notes = with_bald(PAIR, [*sure, *other])
    assert pair.bald == pytest.approx(math.log(2), abs=1e-9)
    assert (pair.dropout_probability, notes) == (pytest.approx(0.5), ())
    pair, notes = with_bald(PAIR, [*other, *other])
    assert (pair.bald, notes) == (pytest.approx(0, abs=1e-9), ("dropout_noise",))


def test_broken_likelihoods_are_an_error():
    broken = [LikelihoodResult([[math.nan], [0.0]], 0, 9)] * 2
    with pytest.raises(ModelError):
        with_consistency(PAIR, broken)
    with pytest.raises(ModelError):
        with_bald(PAIR, [])


def test_an_ensemble_keeps_what_the_input_gave_and_leaves_out_what_is_not_known():
    given_ = (NamedScore("rm-1", 0.3), NamedScore("judge", 9.0))
    pair = PAIR._replace(margins=given_, implicit_margin=-0.5, labels=(NamedScore("judge", 0.75),))
    assert with_margins(pair, ENSEMBLE).margins == (
        NamedScore("rm-1", 0.3),
        NamedScore("judge", 0.5),
        NamedScore("implicit_reward", -0.5),
    )
    assert with_margins(pair, ()) == pair
