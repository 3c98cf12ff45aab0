"""The best response against several others (AMPO)."""

from collections.abc import Sequence
from math import exp

import numpy as np

from curation.selection.likeness import STEPS, Similarities
from curation.selection.picked import Places
from curation.selection.strategies.medoids import clusters, medoids

_WEIGHTS = 2**16


def best_against_several(
    scores: Sequence[float],
    size: int,
    *,
    how: str = "bottom",
    similarities: Similarities | None = None,
    unit: float = 1.0,
    tie: float = 0,
) -> list[Places]:
    """The response with the highest score against `size` worse ones, the lowest first.

    Parameters: `how` they are found: `bottom`, those with the lowest scores; `coreset`, the worst
    of each of as many clusters; `opt_select`, the medoids of all worse responses, weighted by
    exp(lowest score - score); the last two by `similarities`. `unit`, how many of the scores'
    steps are 1 in the exponent; `tie`, the largest difference of scores that is none. Output:
    fewer pairs where fewer responses are worse; none for a tie.

    Raises: ValueError where similarities are needed and not given.

    Reference: AMPO (arXiv 2502.18293), section 5.

    >>> [places.rejected for places in best_against_several([5, 3, 1, 2], 2)]
    [2, 3]
    """
    chosen = scores.index(max(scores))
    worse = [i for i in range(len(scores)) if scores[chosen] - scores[i] > tie]
    if not worse:
        return []
    ranked = sorted(worse, key=lambda i: scores[i])
    if how == "bottom":
        return [Places(chosen, rejected) for rejected in ranked[:size]]
    if similarities is None:
        raise ValueError(f"{how} needs similarities")
    apart = STEPS - similarities[np.ix_(worse, worse)]
    if how == "coreset":
        groups = clusters(apart, medoids(apart, size))
        picked = [min(group, key=lambda i: scores[worse[i]]) for group in groups]
    else:
        lowest = scores[ranked[0]]
        weights = [round(_WEIGHTS * exp((lowest - scores[i]) / unit)) for i in worse]
        picked = list(medoids(apart, size, np.array(weights)))
    members = {worse[i] for i in picked}
    return [Places(chosen, rejected) for rejected in ranked if rejected in members]
