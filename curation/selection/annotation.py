"""Active selection for annotation: which pairs are most worth a human label.

The surest sign that a label is worth its price is that nobody knows it yet: the columns of
uncertainty order the pairs. As the most uncertain ones are often of one kind, the pairs are picked
one after the other by maximal marginal relevance:

    (1 - diversity) * place among the shortlist by worth - diversity * likeness to those picked

where a place is 1 for the most worthy and 0 for the least, and the likeness is the largest cosine
with a prompt that was picked already.

References: Muldrew et al., Active Preference Learning (arXiv 2402.08114), and Not All Preference
Pairs Are Created Equal (arXiv 2406.17312), which disagree on the direction: this one asks about
small margins; Carbonell & Goldstein, The use of MMR, diversity-based reranking (SIGIR 1998).
"""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

import numpy as np

from curation.selection.certainty import UNCERTAINTIES, acquisition, probability_uncertainty
from curation.selection.semantics import UNIT, Vectors
from schemas.errors import ModelError, UsageError


class Worth(NamedTuple):
    """What a column says of the worth of a label."""

    of: Callable[[float], float]
    """Makes a worth of a value, higher for more; raises ModelError for a value that cannot be."""
    first: str
    """Which pairs come first, in words."""
    filled_by: str
    """What fills the column."""


def _higher(value: float) -> float:
    return value


def _small(value: float) -> float:
    return acquisition(value, "small")


_HIGHEST = "the highest values"
_SMALLEST = "the smallest absolute values"
_OPEN = "the values nearest to one half"
_ENSEMBLE = "score.uncertainty.ensemble, or margins in the input"

WORTHS: Mapping[str, Worth] = {
    "uncertainty": Worth(_higher, _HIGHEST, "score.uncertainty.of, and the measure it names"),
    "bald": Worth(UNCERTAINTIES["bald"], _HIGHEST, "score.uncertainty.bald"),
    "dropout_probability": Worth(probability_uncertainty, _OPEN, "score.uncertainty.bald"),
    "ensemble_std": Worth(UNCERTAINTIES["ensemble_std"], _HIGHEST, _ENSEMBLE),
    "ensemble_mean": Worth(_small, _SMALLEST, _ENSEMBLE),
    "ensemble_agreement": Worth(probability_uncertainty, _OPEN, _ENSEMBLE),
    "judge_consistency": Worth(
        UNCERTAINTIES["judge_consistency"],
        "the lowest values",
        "score.uncertainty.judge_consistency",
    ),
    "predictive_entropy": Worth(
        UNCERTAINTIES["predictive_entropy"], _HIGHEST, "score.uncertainty.predictive_entropy"
    ),
    "implicit_margin": Worth(_small, _SMALLEST, "score.uncertainty.implicit_margin"),
    "label_posterior": Worth(probability_uncertainty, _OPEN, "score.uncertainty.annotators"),
    "jury_share": Worth(
        probability_uncertainty, _OPEN, "labels in the input, or `curate import-labels`"
    ),
    "margin": Worth(_small, _SMALLEST, "score.follow_up_likelihood, or scores in the input"),
    "rubric_margin": Worth(_small, _SMALLEST, "score.rubric"),
}
"""Columns that pairs can be selected by."""


def worth_of(column: str, value: float | None) -> float | None:
    """How much a label of a pair is worth by the value of a column; higher is more.

    Output: None for no value, or one that cannot be (not finite, out of its range).

    Raises: UsageError for a column that says nothing of it.

    >>> worth_of("implicit_margin", -0.25) > worth_of("implicit_margin", 3.0)
    True
    >>> worth_of("jury_share", 0.5), worth_of("bald", float("nan"))
    (1.0, None)
    """
    if column not in WORTHS:
        raise UsageError(f"--by {column}: expected one of {', '.join(WORTHS)}")
    if value is None or not isfinite(value):
        return None
    try:
        return WORTHS[column].of(value)
    except ModelError:
        return None


def shortlist_size(count: int) -> int:
    """How many of the most worthy pairs are looked at for their diversity, when `count` are wanted.

    >>> shortlist_size(100), shortlist_size(3_000), shortlist_size(50_000)
    (4000, 12000, 60000)
    """
    return max(4_000, min(4 * count, count + 10_000))


def pick_diverse(
    worths: Sequence[float], vectors: Vectors, count: int, diversity: float
) -> list[int]:
    """Pick pairs by worth and diversity, see above.

    Input: worths and unit vectors of the prompts (`curation.selection.semantics`), in the order in
    which equals shall be taken. Parameters: `diversity`, 0 (by worth alone) to 1 (after the most
    worthy pair, always one that is least like those before). Output: indices, in the order of
    picking.

    >>> vectors = np.array([[UNIT, 0], [UNIT, 0], [0, UNIT]])
    >>> pick_diverse([0.9, 0.8, 0.1], vectors, 2, 0.0)
    [0, 1]
    >>> pick_diverse([0.9, 0.8, 0.1], vectors, 2, 0.7)
    [0, 2]
    """
    if not len(worths):
        return []
    values = np.asarray(worths, np.float64)
    distinct, of_value, equal = np.unique(values, return_inverse=True, return_counts=True)
    # Equal worths share the middle of their places, counted in halves.
    lower = 2 * (np.cumsum(equal) - equal) + equal - 1
    places = lower[of_value] / max(1, 2 * (len(values) - 1)) if len(distinct) > 1 else np.ones(1)
    gains = np.broadcast_to((1 - diversity) * places, values.shape).copy()
    likeness = np.full(len(values), -1.0)
    comparable = _comparable(vectors)
    picked: list[int] = []
    at = int(values.argmax())
    while True:
        picked.append(at)
        if len(picked) >= min(count, len(values)):
            return picked
        gains[at] = -np.inf
        # Products of whole numbers: exact, however they are added up.
        cosines = (comparable @ comparable[at]) / UNIT**2
        likeness = np.maximum(likeness, cosines)
        at = int((gains - diversity * likeness).argmax())


def _comparable(vectors: Vectors) -> np.ndarray:
    """Vectors with one number more, by which those of nothing are like each other."""
    nothing = ~vectors.any(axis=1, keepdims=True)
    return np.hstack([vectors, nothing * UNIT]).astype(np.float64)
