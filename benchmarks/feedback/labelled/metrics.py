"""Measures of a detector, in numpy, with their closed forms in the tests.

References: area under the ROC curve as the Mann-Whitney statistic with ties counted half
(Hanley and McNeil 1982); Cohen's kappa (1960), quadratically weighted (1968).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Decision(NamedTuple):
    """Quality of yes-or-no decisions."""

    precision: float
    recall: float
    f1: float
    kappa: float
    decided: int
    """How many were called positive."""


def ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1, equal values sharing their mean rank.

    >>> ranks([3, 1, 3]).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def auc(truth: ArrayLike, score: ArrayLike) -> float:
    """Area under the ROC curve; NaN where one class is missing.

    >>> auc([0, 1, 1, 0], [0.1, 0.9, 0.5, 0.5])
    0.875
    """
    positive = np.asarray(truth, bool)
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return math.nan
    return float((ranks(score)[positive].sum() - n * (n + 1) / 2) / (n * m))


def kappa(one: ArrayLike, other: ArrayLike) -> float:
    """Cohen's kappa of two yes-or-no raters; NaN where chance alone agrees always.

    >>> kappa([1, 1, 0, 0], [1, 0, 0, 0])
    0.5
    """
    a, b = np.asarray(one, bool), np.asarray(other, bool)
    chance = a.mean() * b.mean() + (1 - a.mean()) * (1 - b.mean())
    return float(((a == b).mean() - chance) / (1 - chance)) if chance < 1 else math.nan


def weighted_kappa(one: ArrayLike, other: ArrayLike) -> float:
    """Quadratically weighted kappa of two raters on a scale.

    >>> weighted_kappa([1, 2, 3], [1, 2, 3]), round(weighted_kappa([1, 2, 3], [3, 2, 1]), 2)
    (1.0, -1.0)
    """
    a, b = np.asarray(one, float), np.asarray(other, float)
    observed = ((a - b) ** 2).mean()
    expected = ((a[:, None] - b[None, :]) ** 2).mean()
    return float(1 - observed / expected) if expected else math.nan


def decide(truth: ArrayLike, called: ArrayLike) -> Decision:
    """Precision, recall, F1 and kappa of decisions.

    >>> decide([1, 1, 0, 0], [1, 0, 1, 0])
    Decision(precision=0.5, recall=0.5, f1=0.5, kappa=0.0, decided=2)
    """
    y, p = np.asarray(truth, bool), np.asarray(called, bool)
    hits, decided = int((y & p).sum()), int(p.sum())
    precision = hits / decided if decided else math.nan
    recall = hits / int(y.sum()) if y.any() else math.nan
    f1 = 2 * hits / (decided + int(y.sum())) if decided + int(y.sum()) else math.nan
    return Decision(precision, recall, f1, kappa(y, p), decided)


def operating_points(truth: ArrayLike, score: ArrayLike) -> list[tuple[float, float, float]]:
    """Threshold, precision and recall at every distinct score, from the highest.

    >>> operating_points([1, 0, 1], [0.9, 0.5, 0.5])
    [(0.9, 1.0, 0.5), (0.5, 0.6666666666666666, 1.0)]
    """
    y, s = np.asarray(truth, bool), np.asarray(score, float)
    order = np.argsort(-s, kind="stable")
    y, s = y[order], s[order]
    ends = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    hits = np.cumsum(y)[ends]
    return [
        (float(s[at]), float(hit / (at + 1)), float(hit / max(1, y.sum())))
        for at, hit in zip(ends.tolist(), hits.tolist(), strict=True)
    ]


def precision_at(truth: ArrayLike, score: ArrayLike, recall: float) -> float:
    """Best precision of any threshold whose recall is at least as large."""
    return max((p for _, p, r in operating_points(truth, score) if r >= recall), default=math.nan)


def recall_at(truth: ArrayLike, score: ArrayLike, precision: float) -> float:
    """Best recall of any threshold whose precision is at least as large; 0 without one."""
    return max((r for _, p, r in operating_points(truth, score) if p >= precision), default=0.0)


def correlation(one: Sequence[float], other: Sequence[float]) -> tuple[float, float, float]:
    """Pearson's r, Spearman's rho, and the two-sided p-value of rho.

    The p-value is the normal approximation of rho's distribution, exact enough from some
    hundred values on.

    >>> correlation([1.0, 2.0, 3.0, 4.0], [1.0, 4.0, 9.0, 16.0])[1]
    1.0
    """
    if len(set(one)) < 2 or len(set(other)) < 2:
        return math.nan, math.nan, math.nan
    pearson = float(np.corrcoef(one, other)[0, 1])
    rho = float(np.corrcoef(ranks(one), ranks(other))[0, 1])
    return pearson, rho, math.erfc(abs(rho) * math.sqrt(len(one) - 1) / math.sqrt(2))
