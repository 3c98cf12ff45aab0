"""The best response against one that is bad enough but not broken."""

from collections.abc import Sequence

import numpy as np

from curation.selection.picked import Places


def sweet_spot(scores: Sequence[float], k: float = 2.0, tie: float = 0) -> Places | None:
    """The best response against the one nearest to k standard deviations below the mean.

    Input: scores of the responses to one prompt. Parameters: `k` of the rejected side, at 2 with
    some ten responses the worst one; `tie`, the largest difference of scores that is none.
    Output: None for a tie; of equal ones the first.

    Reference: Finding the Sweet Spot (arXiv 2502.16825), section 4.

    >>> sweet_spot([0.0, 1.0, 4.0, -3.0, 0.5])
    Places(chosen=2, rejected=3)
    >>> sweet_spot([1.0, 1.0]) is None
    True
    """
    values = np.asarray(scores, np.float64)
    if len(values) < 2:
        return None
    chosen = int(values.argmax())
    distance = np.abs(values - (values.mean() - k * values.std()))
    distance[values[chosen] - values <= tie] = np.inf
    rejected = int(distance.argmin())
    return Places(chosen, rejected) if distance[rejected] < np.inf else None
