"""How open a pair is, on one scale for all that can be measured of it: higher is less certain.

A spread, BALD and an entropy are uncertainties as they are. A probability or share p gives
1 - |2p - 1|, and a margin d of implicit rewards, which is the log-odds of one,
1 - 2|sigma(d) - 1/2|: both are 1 for a coin's toss and 0 for what is certain.

References: Muldrew et al., Active Preference Learning for Large Language Models (arXiv
2402.08114), which keeps the surest pairs; Not All Preference Pairs Are Created Equal (arXiv
2406.17312), which has the least sure ones annotated.
"""

from collections.abc import Callable
from math import isfinite, isnan, log
from typing import Literal

from curation.scoring.implicit_reward import margin_uncertainty
from schemas.errors import ModelError, UsageError
from schemas.records import PreferencePair

Keep = Literal["small", "large"]
"""Which margins come first, by absolute value."""


def probability_uncertainty(p: float) -> float:
    """How open an event of probability `p` is: 1 - |2p - 1|.

    Raises: ModelError for what is no probability.

    >>> probability_uncertainty(0.5), probability_uncertainty(1.0), probability_uncertainty(0.25)
    (1.0, 0.0, 0.5)
    """
    if not 0 <= p <= 1:
        raise ModelError(f"expected a probability between 0 and 1, got {p}")
    return 1.0 - abs(2.0 * p - 1.0)


def consistency_uncertainty(share: float) -> float:
    """How open a verdict is that is the commonest with this share: 1 - |2 share - 1|.

    Of three verdicts (a tie is one) the commonest may have less than half of all: nothing is less
    certain than that, so it counts as half.

    >>> consistency_uncertainty(1.0), consistency_uncertainty(0.75), consistency_uncertainty(0.4)
    (0.0, 0.5, 1.0)
    """
    probability_uncertainty(share)
    return probability_uncertainty(max(share, 0.5))


def acquisition(margin: float, keep: Keep) -> float:
    """By what pairs are ranked for keeping or annotating: the higher, the sooner.

    Input: a margin of implicit rewards. Parameters: `keep` small margins (they teach most) or
    large ones (they are surest). The order is that of the certainty, or turned round, without the
    ties that the logistic function makes of large margins.

    Raises: ModelError for a margin that is no number, UsageError for another direction.

    >>> sorted([3.0, -0.5, 1.0], key=lambda d: -acquisition(d, "small"))
    [-0.5, 1.0, 3.0]
    """
    if keep not in ("small", "large"):
        raise UsageError(f"keep {keep!r}: expected small or large")
    if isnan(margin):
        raise ModelError("the margin is no number")
    return abs(margin) if keep == "large" else -abs(margin)


def _as_it_is(value: float) -> float:
    if value < 0:
        raise ModelError(f"expected a value of 0 or more, got {value}")
    return float(value)


def _bald(value: float) -> float:
    # Rounding may leave a BALD at its upper end a little above it.
    if value > log(2) + 1e-9:
        raise ModelError(f"expected a BALD between 0 and log 2, got {value}")
    return _as_it_is(value)


UNCERTAINTIES: dict[str, Callable[[float], float]] = {
    "ensemble_std": _as_it_is,
    "bald": _bald,
    "judge_consistency": consistency_uncertainty,
    "predictive_entropy": _as_it_is,
    "implicit_margin": margin_uncertainty,
    "label_posterior": probability_uncertainty,
    "jury_share": probability_uncertainty,
}
"""What makes an uncertainty of each column that has one."""


def uncertainty_of(pair: PreferencePair, column: str) -> float | None:
    """The uncertainty of a pair by one of its columns, see `UNCERTAINTIES`.

    Output: None where the pair has no such value, or one that cannot be (not finite, out of its
    range).

    Raises: UsageError for a column that says nothing of uncertainty.
    """
    if column not in UNCERTAINTIES:
        raise UsageError(f"uncertainty of {column!r}: expected one of {', '.join(UNCERTAINTIES)}")
    value = getattr(pair, column)
    if value is None or not isfinite(value):
        return None
    try:
        return UNCERTAINTIES[column](value)
    except ModelError:
        return None
