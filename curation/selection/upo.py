"""UPO: which pairs a judge with dropout would draw as easy, as hard, and leave out as noise.

Easy pairs are drawn with weights max(0, 1 - BALD), hard ones with weights max(0, BALD), without
replacement. Pairs of which most of the thinned networks prefer the rejected side are noise.
BALD, and the majority of the passes, are of `curation.scoring.bald`.

Reference: Wang et al., Uncertainty-aware Preference Optimization (arXiv 2409.11212), section 3.2,
without what the published code does beside it: slots that are always the same, numbers of one
list looked up in another, hard pairs that are easy ones, too.
"""

from math import isnan

from schemas.errors import ModelError


def easy_weight(bald: float) -> float:
    """Weight of a pair among the easy ones: 1 where nothing is unknown.

    Input: BALD in nats. Raises: ModelError for what is no number.

    >>> easy_weight(0.0), easy_weight(0.25)
    (1.0, 0.75)
    """
    return max(0.0, 1.0 - _number(bald))


def hard_weight(bald: float) -> float:
    """Weight of a pair among the hard ones: its BALD; 0 where nothing is unknown.

    Input: BALD in nats. Raises: ModelError for what is no number.

    >>> hard_weight(0.25), hard_weight(-1e-17)
    (0.25, 0.0)
    """
    return max(0.0, _number(bald))


def is_noise(share: float) -> bool:
    """Whether the label of a pair is noise: the judge prefers the rejected side.

    Input: the share of the passes that prefer the chosen side (`DropoutJudgement.majority`), or,
    where passes are not stored, their mean probability (`dropout_probability`). A tie is none.

    Raises: ModelError for what is no share.

    >>> is_noise(0.4), is_noise(0.5)
    (True, False)
    """
    if not 0 <= share <= 1:
        raise ModelError(f"expected a share between 0 and 1, got {share}")
    return share < 0.5


def _number(bald: float) -> float:
    if isnan(bald):
        raise ModelError("BALD is no number")
    return float(bald)
