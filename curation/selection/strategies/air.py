"""Pairs with a moderate margin and a high score (AIR)."""

from collections.abc import Sequence

from curation.selection.picked import Places
from curation.selection.strategies.every_pair import every_pair


def moderate_pairs(
    scores: Sequence[float],
    able: Sequence[bool],
    low: float | None,
    high: float | None,
    tie: float = 0,
) -> list[Places]:
    """The pairs whose margin is moderate, those with the best chosen response first.

    Parameters: `able`, which responses are good enough to be chosen; `low` and `high`, the
    margin's inclusive bounds, at least one of them; `tie`, the largest difference of scores that
    is none. Output: of pairs with the same chosen response, first the one whose margin is nearest
    to the middle of the bounds, or to the only bound.

    Reference: AIR (arXiv 2504.03612): moderate margins and high absolute scores.

    >>> moderate_pairs([9, 8, 6, 1], [True] * 4, 2, 4)[0]
    Places(chosen=0, rejected=2)
    >>> moderate_pairs([9, 8, 6, 1], [True] * 4, 6, None)
    [Places(chosen=0, rejected=3), Places(chosen=1, rejected=3)]
    """
    bounds = [bound for bound in (low, high) if bound is not None]
    middle = sum(bounds) / len(bounds)
    found = [
        (
            -scores[chosen],
            abs(scores[chosen] - scores[rejected] - middle),
            place,
            Places(chosen, rejected),
        )
        for place, (chosen, rejected) in enumerate(every_pair(scores, tie))
        if able[chosen]
        and (low is None or scores[chosen] - scores[rejected] >= low)
        and (high is None or scores[chosen] - scores[rejected] <= high)
    ]
    return [places for *_, places in sorted(found)]
