"""CHES: how alike two responses look to the model that will be trained on them.

With S+ and S- the sums of final hidden states over the last prompt token and all tokens of
the chosen and the rejected response (end of sequence counted as a response token, its own
hidden state excluded),

    CHES   = <S+, S-> - |S+|^2
    lnCHES = <S+, S-> / (n+ n-) - |S+|^2 / n+^2

Higher means that preference training is more likely to push the chosen response's
likelihood down as well.

Reference: Razin et al., Unintentional Unalignment: Likelihood Displacement in Direct
Preference Optimization (arXiv 2410.08847), definition 2.
"""

from typing import NamedTuple

import numpy as np

from curation.models.protocols import HiddenSum


class Ches(NamedTuple):
    """The score of a pair, plain and length-normalised."""

    ches: float
    ln_ches: float


def ches_score(chosen: HiddenSum, rejected: HiddenSum) -> Ches:
    """CHES of a pair from its two hidden sums, in float64.

    >>> ches_score(HiddenSum([1.0, 2.0], 2), HiddenSum([0.0, 1.0], 1))
    Ches(ches=-3.0, ln_ches=-0.25)
    >>> same = HiddenSum([1.5, -2.0], 3)
    >>> ches_score(same, same)
    Ches(ches=0.0, ln_ches=0.0)
    """
    plus, minus = np.asarray(chosen.total, np.float64), np.asarray(rejected.total, np.float64)
    mean_plus, mean_minus = plus / chosen.terms, minus / rejected.terms
    # <a, b> - <a, a> as <a, b - a>: exactly 0 for equal sides, and less cancellation.
    return Ches(float(plus @ (minus - plus)), float(mean_plus @ (mean_minus - mean_plus)))
