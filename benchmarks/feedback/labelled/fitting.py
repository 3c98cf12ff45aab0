"""Fitting the classifier's heads: logistic models over sparse n-grams and dense features.

What is known of explicit feedback is known of whole conversations (three votes), and of single
turns where somebody has read them. So the loss has two parts: the conversation is negative if
at least one of its turns is (noisy-or, a multiple-instance model), and each read turn is a
logistic regression of its own. The optimiser is L-BFGS with exact gradients: deterministic.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, hstack

from curation.feedback.features import NEXT_BUCKETS, TURN_BUCKETS, TurnFeatures

CLIP = 4.0
"""Largest distance from the mean, in standard deviations, that a dense feature may have."""
MIN_USERS = 3
"""Fewest training users an n-gram must come from: nobody's habits are learned."""
GRAM_SCALE = 5.0
"""Size of the n-gram features beside the dense ones, that is, how weakly they are regularised."""


class Design(NamedTuple):
    """How features become columns; learned from the training rows."""

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weight: tuple[NDArray[np.float64], NDArray[np.float64]]
    """Weight of each bucket of the turn's and of the next reply's n-grams."""


class Head(NamedTuple):
    """One fitted logistic model, in the classifier's own units."""

    dense: NDArray[np.float64]
    turn: NDArray[np.float64]
    next: NDArray[np.float64]
    bias: float


def learn_design(rows: Sequence[TurnFeatures], users: Sequence[str]) -> Design:
    """Means, deviations, and the weight of each n-gram: inverse document frequency over users."""
    dense = np.array([row.dense for row in rows])
    weights = []
    for kind, count in (("turn_rows", TURN_BUCKETS), ("next_rows", NEXT_BUCKETS)):
        seen = np.zeros(count)
        for user in sorted(set(users)):
            mine = [getattr(row, kind) for row, u in zip(rows, users, strict=True) if u == user]
            seen[np.unique(np.concatenate(mine))] += 1
        idf = np.log(len(set(users)) / np.maximum(seen, 1)) + 0.3
        weights.append(np.where(seen >= MIN_USERS, np.maximum(idf, 0), 0.0))
    return Design(dense.mean(0), dense.std(0) + 1e-3, (weights[0], weights[1]))


def columns(rows: Sequence[TurnFeatures], design: Design, grams: bool = True) -> csr_matrix:
    """The design matrix: clipped dense features, then n-grams scaled by their number."""
    dense = np.array([row.dense for row in rows])
    parts = [csr_matrix(np.clip((dense - design.mean) / design.deviation, -CLIP, CLIP))]
    for kind, weight in zip(("turn_rows", "next_rows"), design.weight, strict=True):
        if grams:
            parts.append(_sparse([getattr(row, kind) for row in rows], weight))
    return hstack(parts).tocsr()


def _sparse(indices: Sequence[NDArray[np.int64]], weight: NDArray[np.float64]) -> csr_matrix:
    sizes = np.array([len(row) for row in indices])
    flat = np.concatenate(indices) if len(indices) else np.zeros(0, np.int64)
    values = GRAM_SCALE * weight[flat] / np.sqrt(np.repeat(np.maximum(sizes, 1), sizes))
    matrix = csr_matrix((values, flat, np.append(0, np.cumsum(sizes))), (len(sizes), len(weight)))
    matrix.eliminate_zeros()
    return matrix


def fit(  # noqa: PLR0917
    matrix: csr_matrix,
    bag: NDArray[np.int64],
    share: NDArray[np.float64],
    turn: NDArray[np.float64],
    turn_weight: NDArray[np.float64],
    ridge: float | NDArray[np.float64],
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias that minimise both losses.

    Input: the design matrix; bag: index of each row's conversation, -1 for none; share: of the
    votes that call the conversation positive, by bag; turn: target of each row, read where
    `turn_weight` is positive; ridge: L2 penalty.
    """
    inside, size = np.flatnonzero(bag >= 0), matrix.shape[1]

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z = matrix @ w[:-1] + w[-1]
        soft, sigmoid = np.logaddexp(0, z), 1 / (1 + np.exp(-z))
        rate = np.maximum(np.bincount(bag[inside], soft[inside], len(share)), 1e-9)
        any_of = np.clip(-np.expm1(-rate), 1e-9, 1 - 1e-9)
        value = (turn_weight * (soft - turn * z)).sum() + 0.5 * (ridge * w[:-1] ** 2).sum()
        value -= (share * np.log(any_of) - (1 - share) * rate).sum()
        slope = turn_weight * (sigmoid - turn)
        pull = (1 - share) - share * (1 - any_of) / any_of
        slope[inside] += (sigmoid * pull[np.maximum(bag, 0)])[inside] if len(share) else 0.0
        return float(value), np.append(matrix.T @ slope + ridge * w[:-1], slope.sum())

    start = np.append(np.zeros(size), -3.0)
    options = {"maxiter": 500}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    return best[:-1], float(best[-1])


def to_head(weights: NDArray[np.float64], bias: float, design: Design) -> Head:
    """Fold the design's scales into the weights."""
    n = len(design.mean)
    parts = weights[n : n + TURN_BUCKETS], weights[n + TURN_BUCKETS :]
    turn, after = (
        GRAM_SCALE * part * weight if len(part) else np.zeros(len(weight))
        for part, weight in zip(parts, design.weight, strict=True)
    )
    return Head(weights[:n], turn, after, bias)
