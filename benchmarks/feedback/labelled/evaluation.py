"""A detector on the labelled sets: one row of the table for each question asked of it."""

import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from curation.feedback.detector import FeedbackDetector, TurnLabel
from labelled.examples import CALLED, share_of
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

THRESHOLD = 0.5
"""`mine.min_confidence` of the default recipe."""
LOW, HIGH = 2.0, 5.0
"""Ratings up to `LOW` are dissatisfied, from `HIGH` on satisfied."""
RECALL, PRECISION = 0.45, 0.80
"""The operating point asked for."""
RESAMPLES = 400

Case = tuple[str, bool, float]
"""User, truth, score."""


class Labels(NamedTuple):
    """What one detector said of a set."""

    name: str
    rows: Sequence[Labelled]
    labels: list[list[TurnLabel]]
    turns_per_second: float


def run(detector: FeedbackDetector, rows: Sequence[Labelled]) -> Labels:
    """Label a set in one process, timed by the processor's clock."""
    detector.label([row.conversation for row in rows[:1]])  # load what is loaded once
    start = time.process_time()
    labels = detector.label([row.conversation for row in rows])
    spent = time.process_time() - start
    return Labels(detector.name, rows, labels, sum(map(len, labels)) / max(spent, 1e-9))


def rated_replies(found: Labels, polarity: str) -> list[Case]:
    """(a) Every rated reply that a user turn follows: was it rated 1 or 2, or 5?"""
    return [
        (row.user, _rated(row.ratings[label.turn], polarity), _score(label, polarity))
        for row, labels in zip(found.rows, found.labels, strict=True)
        for label in labels
        if label.turn in row.ratings
    ]


def voted_conversations(found: Labels, polarity: str) -> list[Case]:
    """(b) Every conversation with votes: does the majority see the polarity anywhere in it?

    A conversation's score is the highest of its turns.
    """
    return [
        (row.user, share_of(row, polarity) > 0.5, max(_score(x, polarity) for x in labels))
        for row, labels in zip(found.rows, found.labels, strict=True)
        if row.votes and labels
    ]


def voted_turns(found: Labels, polarity: str) -> list[Case]:
    """(c) Every turn, with its conversation's tag: the naive reading, for comparison."""
    return [
        (row.user, share_of(row, polarity) > 0.5, _score(label, polarity))
        for row, labels in zip(found.rows, found.labels, strict=True)
        if row.votes
        for label in labels
    ]


QUESTIONS: Mapping[str, Callable[[Labels, str], list[Case]]] = {
    "reply": rated_replies,
    "conversation": voted_conversations,
    "tag on turns": voted_turns,
}


def measure(cases: Sequence[Case]) -> dict[str, float]:
    """All measures of one question; NaN where one class is missing."""
    truth = [y for _, y, _ in cases]
    score = [s for _, _, s in cases]
    called = decide(truth, [s >= THRESHOLD for s in score])
    low, high = interval(cases)
    points = operating_points(truth, score)
    return {
        "cases": len(cases),
        "positive": sum(truth),
        "auc": auc(truth, score),
        "auc_low": low,
        "auc_high": high,
        "precision": called.precision,
        "recall": called.recall,
        "f1": called.f1,
        "kappa": called.kappa,
        "best_f1": max((2 * p * r / (p + r) for _, p, r in points if p + r), default=math.nan),
        "precision_at_recall": precision_at(truth, score, RECALL),
        "recall_at_precision": recall_at(truth, score, PRECISION),
    }


def interval(cases: Sequence[Case]) -> tuple[float, float]:
    """95 % interval of the AUC: users are drawn with replacement, since users differ."""
    by_user: dict[str, list[Case]] = {}
    for case in cases:
        by_user.setdefault(case[0], []).append(case)
    users, rng, found = sorted(by_user), np.random.default_rng(0), []
    for _ in range(RESAMPLES if len(users) > 1 else 0):
        drawn = [
            case for i in rng.integers(0, len(users), len(users)) for case in by_user[users[i]]
        ]
        value = auc([y for _, y, _ in drawn], [s for _, _, s in drawn])
        if not math.isnan(value):
            found.append(value)
    if not found:
        return math.nan, math.nan
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def rating_correlation(found: Labels) -> dict[str, float]:
    """uss: predicted satisfaction minus dissatisfaction against the mean rating of the turn."""
    predicted, rating = [], []
    for row, labels in zip(found.rows, found.labels, strict=True):
        for label in labels:
            if label.turn in row.ratings:
                predicted.append(_score(label, "satisfaction") - _score(label, "dissatisfaction"))
                rating.append(float(np.mean(row.ratings[label.turn])))
    pearson, rho, p = correlation(predicted, rating)
    return {"turns": len(rating), "pearson": pearson, "spearman": rho, "p_value": p}


def rater_agreement(rows: Sequence[Labelled]) -> dict[str, float]:
    """uss: how far annotators agree, and one of them with the mean of the others."""
    pairs: list[tuple[float, float]] = []
    alone: list[float] = []
    others: list[float] = []
    for row in rows:
        for scores in row.ratings.values():
            pairs += itertools.combinations(scores, 2)
            if len(scores) > 1:
                alone.append(scores[0])
                others.append(float(np.mean(scores[1:])))
    if not pairs:
        return {"weighted_kappa": math.nan, "one_against_others": math.nan}
    sample = pairs[:: max(1, len(pairs) // 4000)]
    return {
        "weighted_kappa": weighted_kappa(*zip(*sample, strict=True)),
        "one_against_others": correlation(alone, others)[1],
    }


def vote_agreement(rows: Sequence[Labelled], polarity: str) -> float:
    """Mean kappa of the three votes, pair by pair."""
    votes = np.array([[v in CALLED[polarity] for v in row.votes] for row in rows if row.votes])
    if not len(votes):
        return math.nan
    return float(
        np.mean([kappa(votes[:, a], votes[:, b]) for a, b in itertools.combinations(range(3), 2)])
    )


def user_ceiling(rows: Sequence[Labelled]) -> float:
    """AUC on (a) of an oracle that knows how often each user gives low ratings, and no text.

    The rate is over the user's other replies.
    """
    cases = [
        (row.user, _rated(scores, "dissatisfaction"))
        for row in rows
        for scores in row.ratings.values()
    ]
    total: dict[str, list[int]] = {}
    for user, low in cases:
        total.setdefault(user, []).append(low)
    rates = [(sum(total[u]) - low) / max(1, len(total[u]) - 1) for u, low in cases]
    return auc([low for _, low in cases], rates)


def _rated(scores: Sequence[float], polarity: str) -> bool:
    mean = float(np.mean(scores))
    return mean <= LOW if polarity == "dissatisfaction" else mean >= HIGH


def _score(label: TurnLabel, polarity: str) -> float:
    value = label.dissatisfaction if polarity == "dissatisfaction" else label.satisfaction
    return 0.0 if value is None else value
