"""Every pair of responses of which one is better."""

from collections.abc import Sequence

import numpy as np

from curation.selection.picked import Places


def every_pair(scores: Sequence[float], tie: float = 0) -> list[Places]:
    """All pairs whose scores differ, the largest margin first.

    Parameters: `tie`, the largest difference of scores that is none.

    >>> [tuple(places) for places in every_pair([3, 1, 2, 2])]
    [(0, 1), (0, 2), (0, 3), (2, 1), (3, 1)]
    """
    values = np.asarray(scores)
    margins = values[:, None] - values[None, :]
    chosen, rejected = np.nonzero(margins > tie)
    order = np.argsort(-margins[chosen, rejected], kind="stable")
    return [Places(int(chosen[i]), int(rejected[i])) for i in order]
