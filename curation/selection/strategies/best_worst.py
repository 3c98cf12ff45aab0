"""The best response against the worst."""

from collections.abc import Sequence

from curation.selection.picked import Places


def best_worst(scores: Sequence[float], tie: float = 0) -> Places | None:
    """The response with the highest score against the one with the lowest.

    Parameters: `tie`, the largest difference of scores that is none. Output: None for a tie; of
    equal ones the first.

    >>> best_worst([2, 5, 1, 1])
    Places(chosen=1, rejected=2)
    >>> best_worst([2, 2]) is None
    True
    """
    chosen, rejected = scores.index(max(scores)), scores.index(min(scores))
    return Places(chosen, rejected) if scores[chosen] - scores[rejected] > tie else None
