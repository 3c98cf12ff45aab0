"""What several scorers say of one pair: how strongly it is preferred, and how far they differ.

With margins d_1 … d_M of the scorers (chosen minus rejected, each in its own unit),

    mean = sum d_m / M,   std = sqrt(sum (d_m - mean)^2 / M),   agreement = share of d_m > 0

The deviation is that of the M scorers themselves (divided by M, not by M - 1).

Reference: Wang et al., Secrets of RLHF in Large Language Models, Part II: Reward Modeling
(arXiv 2401.06080), section 2.1, strength and spread of a preference over ten reward models.
"""

from collections.abc import Sequence
from math import frexp, fsum, isfinite, ldexp, sqrt
from typing import NamedTuple

from schemas.errors import ModelError


class Ensemble(NamedTuple):
    """What the margins of several scorers come to, in their unit."""

    mean: float
    """Strength of the preference; below 0 the scorers prefer the rejected side."""
    std: float
    """Population standard deviation; 0 when all say the same."""
    agreement: float
    """Share of the scorers that prefer the chosen side; one that prefers neither is half."""


def ensemble(margins: Sequence[float]) -> Ensemble:
    """Strength, spread and agreement of the margins of one pair.

    Input: a margin of each scorer, at least two. Output: the same to the last bit for any order,
    because sums are exact before they are rounded; of equal margins, that margin and 0.

    Raises: ModelError for fewer than two margins, or one that is no finite number.

    >>> ensemble([1.0, 3.0, -1.0, 0.0])
    Ensemble(mean=0.75, std=1.479019945774904, agreement=0.625)
    """
    if len(margins) < 2 or not all(map(isfinite, margins)):
        raise ModelError(f"an ensemble needs two finite margins or more, got {list(margins)}")
    number = len(margins)
    # By a power of two to the size of 1, where squares neither overflow nor vanish.
    _, size = frexp(max(map(abs, margins)))
    values = [ldexp(margin, -size) for margin in margins]
    # Counted from the smallest one, the mean of equal values is that value to the last bit.
    least = min(values)
    mean = least + fsum(value - least for value in values) / number
    std = sqrt(fsum((value - mean) ** 2 for value in values) / number)
    ahead = sum(2 * (margin > 0) + (margin == 0) for margin in margins)
    return Ensemble(ldexp(mean, size), ldexp(std, size), ahead / (2 * number))
