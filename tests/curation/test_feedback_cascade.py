"""The cascade: which turns are for the judge, what that costs, and what the judge changes."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.feedback.cascade import (
    BINS,
    bin_of,
    histogram,
    merge,
    needs_judge,
    polarities,
    threshold_for,
    tokens_of,
    uncertainty,
)
from curation.feedback.detector import Finding, TurnLabel
from curation.feedback.turn_judge import TurnJudging, judge_requests
from schemas import Conversation, Message
from schemas.errors import UsageError

PROBABILITIES = st.floats(0, 1)
LABELS = st.builds(TurnLabel, st.just(2), PROBABILITIES, PROBABILITIES)


def talk(*texts):
    roles = ("user", "assistant")
    messages = [Message(roles[i % 2], text) for i, text in enumerate(texts)]
    return Conversation("c", messages, "demo", None, None, None, None, {})


# Uncertainty


@given(LABELS)
def test_uncertainty_is_the_closeness_of_the_less_clear_polarity(label):
    nearest = min(abs(label.dissatisfaction - 0.5), abs(label.satisfaction - 0.5))
    assert uncertainty(label) == pytest.approx(1 - 2 * nearest)
    assert 0 <= uncertainty(label) <= 1


@pytest.mark.parametrize("none", [None, math.nan, math.inf])
def test_no_answer_is_as_unclear_as_can_be(none):
    assert uncertainty(TurnLabel(2, none, 0.0)) == 1.0


@given(PROBABILITIES)
def test_a_bin_holds_what_is_above_its_lower_edge(value):
    place = bin_of(value)
    assert 0 <= place < BINS
    assert value <= (place + 1) / BINS
    assert value > place / BINS or place == 0


# Budgets


@given(st.lists(LABELS, max_size=80), st.floats(0, 1))
def test_what_the_judge_sees_never_exceeds_a_share_and_only_one_bin_more_would(labels, share):
    bins = histogram((label, 1) for label in labels)
    threshold = threshold_for(bins, share * len(labels))
    seen = sum(needs_judge(label, threshold) for label in labels)
    assert seen <= share * len(labels)
    if threshold > 0:
        more = threshold - 1 / BINS
        unclear = [
            x
            for x in labels
            if uncertainty(x) > more or (more == 0 and bin_of(uncertainty(x)) == 0)
        ]
        assert len(unclear) > share * len(labels)


@given(st.lists(st.tuples(LABELS, st.integers(1, 5000)), max_size=60), st.integers(0, 100_000))
def test_what_the_judge_sees_never_costs_more_than_its_tokens(costly, budget):
    threshold = threshold_for(histogram(costly), budget)
    assert sum(cost for label, cost in costly if needs_judge(label, threshold)) <= budget


@given(st.lists(LABELS, max_size=40), st.integers(0, 40))
def test_histograms_of_parts_add_up_to_that_of_the_whole(labels, cut):
    whole = histogram((label, 1) for label in labels)
    parts = [histogram((label, 1) for label in part) for part in (labels[:cut], labels[cut:])]
    assert [a + b for a, b in zip(*parts, strict=True)] == whole


def test_the_least_clear_turns_come_first():
    labels = [TurnLabel(i, p, 0.0) for i, p in enumerate([0.5, 0.52, 0.6, 0.9, 1.0])]
    for most in range(6):
        threshold = threshold_for(histogram((label, 1) for label in labels), most)
        seen = [label.turn for label in labels if needs_judge(label, threshold)]
        assert seen == list(range(min(most, 4)))  # what is certain is never asked about


def test_no_budget_asks_nothing():
    unclear = TurnLabel(2, 0.5, 0.5)
    assert not needs_judge(unclear, threshold_for(histogram([(unclear, 1)]), 0))


@pytest.mark.parametrize(
    ("bins", "budget"), [([0.0] * 3, 1), ([0.0] * BINS, -1), ([0.0] * BINS, math.nan)]
)
def test_a_budget_that_is_none_is_refused(bins, budget):
    with pytest.raises(UsageError):
        threshold_for(bins, budget)


@pytest.mark.parametrize(
    "text", ["No, that is wrong. " * 10, "不对，请重新写。" * 10, "x" * 400_000]
)
def test_the_estimated_cost_is_near_that_of_the_request(text):
    conversation = talk("Hi", text, text)
    settings = TurnJudging("json")
    (request,) = judge_requests(conversation, None, settings)
    asked = sum(len(message.content.encode()) for message in request.messages) / 3.5
    assert tokens_of(conversation, 2, settings) == pytest.approx(asked, rel=0.2)


# What the judge changes


def classified(turn, dissatisfaction, satisfaction=0.0):
    return TurnLabel(turn, dissatisfaction, satisfaction, method="classifier")


def judged(turn, dissatisfaction, satisfaction=0.0, **fields):
    return TurnLabel(turn, dissatisfaction, satisfaction, method="judge", **fields)


def test_the_judge_decides_what_it_was_asked_and_nothing_else():
    before = [classified(2, 0.9), classified(4, 0.4), classified(6, 0.6)]
    finding = Finding("style", "Too long.", 0.8, "dissatisfaction")
    verdicts = [judged(6, 0.7), judged(4, 0.8, findings=(finding,), state="feedback")]
    after = merge(before, verdicts)
    assert [(x.turn, x.method) for x in after.labels] == [
        (2, "classifier"),
        (4, "cascade"),
        (6, "cascade"),
    ]
    assert after.labels[1].findings == (finding,)
    assert after.labels[1].state == "feedback"
    assert (after.asked, after.changed, after.unparsable) == (2, 1, 0)


def test_an_answer_that_was_not_in_form_leaves_the_label_before():
    before = [classified(2, 0.4), classified(4, 0.6)]
    verdicts = [
        judged(2, None, None, problem="turn_judge_json:off_grammar"),
        judged(4, None, None, problem="no_answer"),
    ]
    after = merge(before, verdicts)
    assert after.labels == before
    assert (after.asked, after.changed, after.unparsable) == (2, 0, 1)


def test_the_judge_alone_keeps_its_labels_and_its_failures():
    verdicts = [judged(4, 0.9), judged(2, None, None, problem="turn_judge_json:off_grammar")]
    after = merge([], verdicts)
    assert after.labels == verdicts[::-1]
    assert (after.asked, after.changed, after.unparsable) == (2, 0, 1)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ((0.4, 0.1), (0.1, 0.1), 0),
        ((0.4, 0.1), (0.6, 0.1), 1),
        ((0.6, 0.1), (0.4, 0.1), 1),
        ((0.6, 0.4), (0.6, 0.6), 1),
        ((0.6, 0.4), (0.4, 0.6), 1),
        ((None, None), (0.1, 0.1), 0),
        ((None, None), (0.9, 0.1), 1),
    ],
)
def test_a_change_is_a_polarity_that_begins_or_ends(before, after, changed):
    assert merge([classified(2, *before)], [judged(2, *after)]).changed == changed


@given(st.lists(st.tuples(PROBABILITIES, st.one_of(st.none(), PROBABILITIES)), max_size=12))
def test_every_turn_keeps_one_label(rows):
    before = [classified(2 * i, p) for i, (p, _) in enumerate(rows)]
    verdicts = [judged(2 * i, q) for i, (_, q) in enumerate(rows) if i % 2]
    after = merge(before, verdicts)
    assert [label.turn for label in after.labels] == [label.turn for label in before]
    decided = [x for x in after.labels if x.method == "cascade"]
    assert len(decided) == sum(x.dissatisfaction is not None for x in verdicts)
    pairs = zip(before, after.labels, strict=True)
    assert after.changed == sum(polarities(a) != polarities(b) for a, b in pairs)


def test_two_labels_of_one_turn_are_refused():
    for labels in (([classified(2, 0.1)] * 2, []), ([classified(2, 0.1)], [judged(2, 0.1)] * 2)):
        with pytest.raises(ValueError):
            merge(*labels)
