"""The benchmark's measures against closed forms and by counting."""

import itertools
import math

import numpy as np
import pytest
from labelled import evaluation
from labelled.baselines import Baseline, always, cosine, never
from labelled.metrics import (
    auc,
    correlation,
    decide,
    kappa,
    operating_points,
    precision_at,
    recall_at,
    weighted_kappa,
)
from labelled.rows import Labelled

from schemas import Conversation, Message


def counted_auc(truth, score):
    pairs = [
        (p, n)
        for p, y in zip(score, truth, strict=True)
        if y
        for n, z in zip(score, truth, strict=True)
        if not z
    ]
    return sum((p > n) + 0.5 * (p == n) for p, n in pairs) / len(pairs)


@pytest.mark.parametrize("seed", range(5))
def test_auc_with_ties_is_the_share_of_pairs_in_order(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, 40)
    truth[:2] = 0, 1
    score = rng.integers(0, 6, 40) / 5
    assert auc(truth, score) == pytest.approx(counted_auc(truth, score))


def test_auc_of_constants_is_a_half_and_without_a_class_unknown():
    assert auc([0, 1, 1], [3, 3, 3]) == 0.5
    assert math.isnan(auc([1, 1], [0, 1]))


def test_decisions_match_their_definitions():
    truth, called = [1, 1, 1, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0]
    found = decide(truth, called)
    assert (found.precision, found.recall, found.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    chance = 3 / 8 * 3 / 8 + 5 / 8 * 5 / 8
    assert found.kappa == pytest.approx((6 / 8 - chance) / (1 - chance))
    assert math.isnan(decide([1, 0], [0, 0]).precision)


def test_kappa_is_zero_for_independent_raters_and_minus_one_for_opposite_ones():
    assert kappa([1, 1, 0, 0], [1, 0, 1, 0]) == 0
    assert kappa([1, 0], [0, 1]) == -1
    assert weighted_kappa([1, 5], [5, 1]) == -1


@pytest.mark.parametrize("seed", range(3))
def test_operating_points_are_the_thresholds_decisions(seed):
    rng = np.random.default_rng(seed)
    truth, score = rng.integers(0, 2, 30), rng.integers(0, 8, 30) / 7
    for threshold, precision, recall in operating_points(truth, score):
        found = decide(truth, score >= threshold)
        assert (found.precision, found.recall) == pytest.approx((precision, recall))
    assert precision_at(truth, score, 1.0) == pytest.approx(truth.mean(), abs=0.5)
    assert recall_at(truth, score, 0.0) == 1


def test_correlation_of_ranks_ignores_monotone_changes():
    x = [1.0, 2.0, 3.0, 4.0, 5.0]
    pearson, rho, p = correlation(x, [v**3 for v in x])
    assert pearson < rho == pytest.approx(1)
    assert p == pytest.approx(math.erfc(math.sqrt(4) / math.sqrt(2)))
    assert all(math.isnan(value) for value in correlation(x, [1.0] * 5))


def talk(*turns: str) -> Conversation:
    messages = tuple(Message(("user", "assistant")[i % 2], t) for i, t in enumerate(turns))
    return Conversation("c", messages, "t", None, None, None, None, {})


ROWS = [
    Labelled(talk("a b c", "x", "a b c"), "u", {2: (1.0,)}, ("Negative", "Both", "NoFeedback")),
    Labelled(talk("a b c", "x", "d e f"), "v", {2: (5.0,)}, ("Positive",) * 3),
    Labelled(talk("a b c"), "v", {}, ("Positive",) * 3),  # nothing is judged: no case
]


def test_cases_of_replies_and_of_conversations():
    found = evaluation.run(Baseline("cosine", cosine), ROWS)
    assert evaluation.rated_replies(found, "dissatisfaction") == [
        ("u", True, 1.0),
        ("v", False, 0.0),
    ]
    assert evaluation.rated_replies(found, "satisfaction") == [("u", False, 0.0), ("v", True, 1.0)]
    cases = evaluation.voted_conversations(found, "dissatisfaction")
    assert cases == [("u", True, 1.0), ("v", False, 0.0)]
    measured = evaluation.measure(cases)
    assert (measured["auc"], measured["f1"], measured["cases"]) == (1, 1, 2)


def test_constant_baselines_have_the_measures_they_must_have():
    for name, score, recall in (("always", always, 1.0), ("never", never, 0.0)):
        found = evaluation.run(Baseline(name, score), ROWS)
        measured = evaluation.measure(evaluation.rated_replies(found, "dissatisfaction"))
        assert (measured["auc"], measured["recall"], measured["kappa"]) == (0.5, recall, 0)


def test_independent_votes_agree_by_chance_and_equal_ones_always():
    every = list(itertools.product(*[("Negative", "Positive")] * 3))
    rows = [ROWS[0]._replace(votes=votes) for votes in every]
    assert evaluation.vote_agreement(rows, "dissatisfaction") == 0
    rows = [ROWS[0]._replace(votes=(vote,) * 3) for vote in ("Both", "Positive")]
    assert evaluation.vote_agreement(rows, "dissatisfaction") == 1
    assert math.isnan(evaluation.vote_agreement([], "satisfaction"))


def test_raters_who_give_the_same_agree():
    same = [ROWS[0]._replace(ratings={2: (score,) * 3}) for score in (1.0, 3.0, 5.0)]
    agreement = evaluation.rater_agreement(same)
    assert agreement == {"weighted_kappa": 1.0, "one_against_others": pytest.approx(1.0)}
    assert math.isnan(evaluation.rater_agreement(ROWS[:1])["weighted_kappa"])


def test_an_oracle_of_users_ranks_by_their_other_ratings():
    rows = [
        ROWS[0]._replace(user=user, ratings=dict(enumerate(((score,) for score in scores), 2)))
        for user, scores in (("u", (1.0, 1.0, 5.0)), ("v", (5.0, 5.0, 5.0)))
    ]
    # u's own rates without the reply itself: 1/2, 1/2 for the low ones, 1 for the high one.
    assert evaluation.user_ceiling(rows) == pytest.approx(0.75)
