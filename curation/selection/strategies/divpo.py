"""A rare good response against a common bad one (DivPO)."""

from collections.abc import Sequence

from curation.selection.picked import Places


def rare_against_common(
    scores: Sequence[float], rarities: Sequence[float], share: float, tie: float = 0
) -> Places | None:
    """The rarest of the good responses against the commonest of the bad ones.

    Input: scores and rarities of the responses. Parameters: `share` of the responses that is
    good, and that is bad, rounded down, at least one each; those that have the same score as the
    last of them are so too; `tie`, the largest difference of scores that is none. Output: None
    where no good response is better than a bad one; of equally rare ones the first.

    Reference: Diverse Preference Optimization (arXiv 2501.18101), section 3.

    >>> rare_against_common([5, 4, 3, 2, 1], [0.1, 0.9, 1.0, 0.6, 0.2], 0.4)
    Places(chosen=1, rejected=4)
    """
    ranked = sorted(scores)
    # A product such as 0.29 * 100 is a little less than it ought to be.
    count = min(len(ranked), max(1, int(share * len(ranked) + 1e-9)))
    places = range(len(ranked))
    good = sorted((i for i in places if scores[i] >= ranked[-count]), key=lambda i: -rarities[i])
    bad = sorted((i for i in places if scores[i] <= ranked[count - 1]), key=lambda i: rarities[i])
    for chosen in good:
        for rejected in bad:
            if scores[chosen] - scores[rejected] > tie:
                return Places(chosen, rejected)
    return None
