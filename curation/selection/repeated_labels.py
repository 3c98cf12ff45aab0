"""How often labels are flipped, from pairs that were labelled more than once.

When each label is wrong with probability e, independently, two labels of one pair agree with
probability a = (1 - e)^2 + e^2, so that e = (1 - sqrt(2a - 1)) / 2. No model is needed; but an
error that all annotators make alike is not seen.

References: Chowdhury et al., Provably Robust DPO (rDPO, arXiv 2403.00409), whose loss wants this
rate; Mitchell, A note on DPO with noisy preferences and relationship to IPO (2023), for cDPO.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, sqrt
from typing import NamedTuple

from curation.evaluation.intervals import wilson
from schemas.errors import ModelError


class FlipRate(NamedTuple):
    """How often the labels of a kind of annotator are wrong."""

    value: float | None
    """The rate, 0 to 0.5; None without repeated labels, or where they agree less often than two
    coins: then they are not of one kind, or do not err independently."""
    low: float
    """Lower end of its 95 % interval."""
    high: float
    """Upper end."""
    agreement: float | None
    """Probability that two labels of a pair agree, each pair of the data counted alike."""
    items: int
    """Pairs that were labelled twice or more."""


class LossWeights(NamedTuple):
    """What a loss is made of: `chosen` l(chosen, rejected) + `rejected` l(rejected, chosen)."""

    chosen: float
    rejected: float


def flip_rate_of(agreement: float) -> float:
    """The flip rate of labels of which two agree so often.

    Raises: ModelError for an agreement below one half, or above 1: no flip rate gives it.

    >>> flip_rate_of(1.0), round(flip_rate_of(0.82), 6), flip_rate_of(0.5)
    (0.0, 0.1, 0.5)
    """
    if not 0.5 <= agreement <= 1:
        raise ModelError(f"expected an agreement between 0.5 and 1, got {agreement}")
    return (1 - sqrt(2 * agreement - 1)) / 2


def flip_rate(repeats: Mapping[tuple[int, int], int]) -> FlipRate:
    """The flip rate of a kind of annotator.

    Input: how many pairs have (labels for one side, labels for the other). Pairs with less than two
    labels are left out. The interval is Wilson's of the agreement, with one trial for each pair,
    taken through `flip_rate_of`.

    Raises: ModelError for a number below 0.

    >>> found = flip_rate({(2, 0): 41, (1, 1): 18, (0, 2): 41})
    >>> round(found.value, 6), found.agreement, found.items
    (0.1, 0.82, 100)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0624, 0.1584)
    """
    if any(n < 0 or min(votes) < 0 for votes, n in repeats.items()):
        raise ModelError(f"expected numbers of 0 or more, got {dict(repeats)}")
    several = {votes: n for votes, n in repeats.items() if sum(votes) > 1 and n}
    items = sum(several.values())
    if not items:
        return FlipRate(None, 0.0, 0.5, None, 0)
    agreeing = sum(
        Fraction(n * sum(v * (v - 1) for v in votes), sum(votes) * (sum(votes) - 1))
        for votes, n in several.items()
    )
    # Labels of one pair count once, and what is no whole number widens the interval.
    least = wilson(floor(agreeing), items).low
    most = wilson(ceil(agreeing), items).high
    low, high = (flip_rate_of(max(0.5, bound)) for bound in (most, least))
    agreement = float(Fraction(agreeing, items))
    value = flip_rate_of(agreement) if agreement >= 0.5 else None
    return FlipRate(value, low, high, agreement, items)


def robust_weights(flip_rate: float) -> LossWeights:
    """rDPO: weights whose loss is, in the mean over flips, that of the labels without flips.

    Raises: ModelError for a rate below 0, or of one half and more: nothing can undo that.

    >>> robust_weights(0.25)
    LossWeights(chosen=1.5, rejected=-0.5)
    """
    if not 0 <= flip_rate < 0.5:
        raise ModelError(f"expected a flip rate of at least 0 and below 0.5, got {flip_rate}")
    return LossWeights((1 - flip_rate) / (1 - 2 * flip_rate), -flip_rate / (1 - 2 * flip_rate))


def smoothed_weights(flip_rate: float) -> LossWeights:
    """cDPO: the loss expected of a label that is flipped with this probability.

    Raises: ModelError for what is no probability.

    >>> smoothed_weights(0.25)
    LossWeights(chosen=0.75, rejected=0.25)
    """
    if not 0 <= flip_rate <= 1:
        raise ModelError(f"expected a flip rate between 0 and 1, got {flip_rate}")
    return LossWeights(1 - flip_rate, flip_rate)
