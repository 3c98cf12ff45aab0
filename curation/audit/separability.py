"""How well a line can tell chosen from rejected without the prompt.

A line through differences of features, chosen minus rejected, learnt on some prompts and tried on
others. Nothing about a good reply should be as easy as that: where it is, the two sides come from
different writers, or their form gives them away.

The line is a ridge regression of +1 on the differences, without an intercept: the same as fitting
both directions of each pair with opposite signs.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.audit.chance import grouped, sequential_test, signed_auc, signed_ranks
from curation.audit.figure import Figure
from curation.audit.reading import SampledPair
from curation.audit.settings import AuditSettings

Floats = NDArray[np.float64]

_DECIMALS = 9
_LISTED = 8


class FeatureSet(NamedTuple):
    """Features of the replies of the sampled pairs, a row a pair."""

    name: str
    """Of the figure, `separability.NAME`."""
    chosen: Floats
    """Features of the chosen replies."""
    rejected: Floats
    """The same of the rejected ones."""
    names: Sequence[str] = ()
    """Names of the features, where they have some."""
    what: str = ""
    """What the features are, for a reader."""


def separability(
    sample: Sequence[SampledPair], features: FeatureSet, settings: AuditSettings
) -> Figure:
    """Cross-validated AUC of the line, with the pairs of a prompt in one fold.

    The test is of other lines: each fold's is learnt on the folds before it alone, so that its
    labels are new to the line and the folds add up (signed ranks, one term a prompt). Details: the
    features with the largest weights of a line through all pairs, in standard deviations.
    """
    name = f"separability.{features.name}"
    meaning = (
        f"AUC of a linear classifier on {features.what}, on prompts it has not seen; 0.5 is a "
        f"coin. Warns from {settings.auc:g}."
    )
    prompts = np.array([pair.prompt for pair in sample], np.uint64)
    folds = prompts % np.uint64(settings.folds)
    if len(np.unique(folds)) < settings.folds:
        return Figure(name, None, settings.auc, False, meaning, 0)
    differences = standardised(features.chosen - features.rejected)
    aucs = [
        (signed_auc(_scores(differences, folds != fold, folds == fold)), int((folds == fold).sum()))
        for fold in range(settings.folds)
    ]
    value = sum(auc * n for auc, n in aucs) / len(sample)
    rounds = [
        grouped(
            prompts[folds == fold],
            signed_ranks(_scores(differences, folds < fold, folds == fold)),
        )
        for fold in range(1, settings.folds)
    ]
    p_value = sequential_test(rounds)
    return Figure(
        name,
        value,
        settings.auc,
        value >= settings.auc and p_value <= settings.false_alarm_rate,
        meaning,
        len(sample),
        p_value,
        settings.false_alarm_rate,
        details=_heaviest(features.names, np.round(ridge(differences), _DECIMALS)),
    )


def _scores(differences: Floats, learnt: NDArray[np.bool_], tried: NDArray[np.bool_]) -> Floats:
    # The last digits depend on the processor, and must not decide between ties.
    scores: Floats = np.round(differences[tried] @ ridge(differences[learnt]), _DECIMALS)
    return scores


def standardised(differences: Floats) -> Floats:
    """Columns over their root mean square, which does not depend on which side is which."""
    scale = np.sqrt((differences**2).mean(axis=0))
    result: Floats = differences / np.where(scale > 0, scale, 1.0)
    return result


def ridge(differences: Floats, penalty: float = 1.0) -> Floats:
    """Weights with which the differences come nearest to +1.

    >>> ridge(np.array([[1.0, 0.0], [1.0, 0.0]])).round(3).tolist()
    [0.667, 0.0]
    """
    gram = differences.T @ differences + penalty * np.eye(differences.shape[1])
    return np.linalg.solve(gram, differences.sum(axis=0))


def _heaviest(names: Sequence[str], weights: Floats) -> list[dict[str, object]]:
    order = sorted(range(len(names)), key=lambda i: (-abs(weights[i]), i))[:_LISTED]
    return [{"feature": names[i], "weight": float(weights[i])} for i in order if weights[i]]
