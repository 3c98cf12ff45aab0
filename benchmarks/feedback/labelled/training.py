"""Training of both heads, cross-validation by user, and the exported arrays."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.feedback.features import CUES, SHAPES, feature_names
from labelled.examples import POLARITIES, Examples
from labelled.fitting import Design, Head, columns, fit, learn_design, to_head
from labelled.metrics import auc, operating_points

FOLDS = 5
LEVELS = ((2.0, 1.0), (3.0, 0.35), (4.0, 0.05))
"""Highest rating and the target it means: how likely the user was dissatisfied."""


class Settings(NamedTuple):
    """What was tuned by cross-validation on training users."""

    ridge: float = 10.0
    """L2 penalty of the heads for explicit feedback."""
    rating_ridge: float = 30.0
    """L2 penalty of the head for low ratings, which has no n-grams."""
    rating_share: float = 1.0
    """How much the head for low ratings is added to dissatisfaction."""
    vote_weight: float = 0.3
    """How much the votes about conversations count beside turns that were read."""
    recall: tuple[float, float] = (0.55, 0.5)
    """Recall of each polarity on held-out conversations that its operating point is set for:
    near the largest F1 that leaves most of what is called right for satisfaction."""


class Trained(NamedTuple):
    """Both heads and their common design."""

    design: Design
    heads: Mapping[str, Head]


def train(data: Examples, settings: Settings, use: NDArray[np.bool_]) -> Trained:
    """Fit both heads on some of the rows."""
    chosen = np.flatnonzero(use)
    rows = [data.rows[i] for i in chosen]
    natural = [i for i in chosen if data.users[i] != "planted"]
    design = learn_design([data.rows[i] for i in natural], [data.users[i] for i in natural])
    matrix = columns(rows, design)
    bags = np.unique(data.bag[chosen][data.bag[chosen] >= 0])
    bag = np.where(data.bag[chosen] >= 0, np.searchsorted(bags, data.bag[chosen]), -1)
    heads = {}
    for polarity in POLARITIES:
        read = polarity == "dissatisfaction"
        scale = 1 / settings.vote_weight if read else 1.0
        weight = data.weight[polarity][chosen] * scale
        share, target = data.share[polarity][bags], data.turn[polarity][chosen]
        ridge = settings.ridge * scale
        heads[polarity] = to_head(*fit(matrix, bag, share, target, weight, ridge), design)
    low = _rating_head(data, chosen, design, settings)
    unhappy = heads["dissatisfaction"]
    heads["dissatisfaction"] = unhappy._replace(
        dense=unhappy.dense + settings.rating_share * low.dense,
        bias=unhappy.bias + settings.rating_share * low.bias,
    )
    return Trained(design, heads)


def _rating_head(
    data: Examples, chosen: NDArray[np.int64], design: Design, settings: Settings
) -> Head:
    matrix = columns([data.rows[i] for i in chosen], design, grams=False)
    rating = data.rating[chosen]
    target = np.zeros(len(chosen))
    for highest, value in reversed(LEVELS):
        target[rating <= highest] = value
    ridge = np.full(matrix.shape[1], settings.rating_ridge)
    ridge[len(CUES) + len(SHAPES) :] = 1e6  # topics of the text say nothing of a rating
    weight = np.isfinite(rating).astype(float)
    none = np.full(len(chosen), -1)
    return to_head(*fit(matrix, none, np.zeros(0), target, weight, ridge), design)


def logits(trained: Trained, polarity: str, data: Examples, rows: Sequence[int]) -> Any:
    """The head's output for some rows."""
    head, design = trained.heads[polarity], trained.design
    matrix = columns([data.rows[i] for i in rows], design)
    unit = Design(design.mean, design.deviation, tuple(_inverse(w) for w in design.weight))
    folded = np.concatenate([head.dense, head.turn * unit.weight[0], head.next * unit.weight[1]])
    return matrix @ folded + head.bias


def _inverse(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    from labelled.fitting import GRAM_SCALE

    return np.where(weight > 0, 1 / np.maximum(GRAM_SCALE * weight, 1e-9), 0.0)


def check(data: Examples, settings: Settings) -> dict[str, float]:
    """Cross-validate by user; print what was found; give the thresholds."""
    names = sorted({user for user in data.users if user != "planted"})
    np.random.default_rng(0).shuffle(names)
    fold = {user: i % FOLDS for i, user in enumerate(names)}
    folds = np.array([fold.get(user, -1) for user in data.users])
    out = {polarity: np.full(len(data.rows), -99.0) for polarity in POLARITIES}
    for number in range(FOLDS):
        trained = train(data, settings, folds != number)
        held = np.flatnonzero(folds == number)
        for polarity in POLARITIES:
            out[polarity][held] = logits(trained, polarity, data, held)
    thresholds = {}
    for polarity, recall in zip(POLARITIES, settings.recall, strict=True):
        best = np.full(len(data.share[polarity]), -99.0)
        inside = data.bag >= 0
        np.maximum.at(best, data.bag[inside], out[polarity][inside])
        truth = data.share[polarity] > 0.5
        points = operating_points(truth, best)
        chosen = next(p for p in points if p[2] >= recall)
        thresholds[polarity] = chosen[0]
        f1 = max(2 * p * r / (p + r) for _, p, r in points if p + r)
        rated = np.isfinite(data.rating) & (folds >= 0)
        low = auc(data.rating[rated] <= 2, out[polarity][rated])
        print(
            f"{polarity}: conversations AUC {auc(truth, best):.3f}, at the threshold "
            f"precision {chosen[1]:.2f} recall {chosen[2]:.2f}, best F1 {f1:.2f}; "
            f"replies rated 1 or 2 AUC {low:.3f}"
        )
    return thresholds


def export(
    trained: Trained, table: NDArray[np.int8], thresholds: Mapping[str, float], users: list[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is written: arrays, of which the large ones have 8 bits, and what to know of them."""
    arrays: dict[str, Any] = {"encoder": table}
    scales = {}
    for kind in ("turn", "next"):
        weights = np.array([getattr(trained.heads[p], kind) for p in POLARITIES])
        scales[kind] = np.abs(weights).max(axis=1) / 127
        arrays[kind] = np.rint(weights.T / scales[kind]).astype(np.int8)
    arrays["scales"] = np.array([scales["turn"], scales["next"]])
    arrays["dense"] = np.array([trained.heads[p].dense for p in POLARITIES])
    arrays["mean"], arrays["deviation"] = trained.design.mean, trained.design.deviation
    arrays["bias"] = np.array([trained.heads[p].bias - thresholds[p] for p in POLARITIES])
    about = {
        "version": 1,
        "features": list(feature_names(table.shape[1])),
        "polarities": list(POLARITIES),
        "trained_users": users,
    }
    return arrays, about
