"""CHES and its companions: how alike two responses look to the model that will be trained on them.

With S+ and S- the sums of final hidden states over the last prompt token and all tokens of
the chosen and the rejected response (end of sequence counted as a response token, its own
hidden state excluded),

    CHES   = <S+, S-> - |S+|^2
    lnCHES = <S+, S-> / (n+ n-) - |S+|^2 / n+^2

Higher means that preference training is more likely to push the chosen response's
likelihood down as well.

Reference: Razin et al., Unintentional Unalignment: Likelihood Displacement in Direct
Preference Optimization (arXiv 2410.08847), definition 2; the inner product of last hidden
states and the edit distance are its section 4's baselines.
"""

from typing import NamedTuple

import numpy as np

from curation.models.protocols import HiddenSum, Similarity


class Ches(NamedTuple):
    """The score of a pair, plain and length-normalised."""

    ches: float
    ln_ches: float


class PairSimilarity(NamedTuple):
    """All four scores of a pair; high means alike."""

    ches: float
    ln_ches: float
    last_hidden_inner_product: float
    edit_similarity: float
    """Minus the normalised edit distance of the token ids."""


def ches_score(chosen: HiddenSum, rejected: HiddenSum) -> Ches:
    """CHES of a pair from its two hidden sums, in float64.

    >>> ches_score(HiddenSum([1.0, 2.0], 2, []), HiddenSum([0.0, 1.0], 1, []))
    Ches(ches=-3.0, ln_ches=-0.25)
    >>> same = HiddenSum([1.5, -2.0], 3, [])
    >>> ches_score(same, same)
    Ches(ches=0.0, ln_ches=0.0)
    """
    plus, minus = np.asarray(chosen.total, np.float64), np.asarray(rejected.total, np.float64)
    return _ches(float(plus @ plus), float(plus @ minus), chosen.terms, rejected.terms)


def pair_similarity(similarity: Similarity, chosen: int = 0, rejected: int = 1) -> PairSimilarity:
    """The scores of two responses of one request.

    Parameters: `chosen` and `rejected` are their places in the request.

    >>> measured = Similarity([2, 1], [[5.0, 2.0], [2.0, 1.0]], [[4.0, 3.0], [3.0, 9.0]],
    ...                       [[0.0, 0.75], [0.75, 0.0]])
    >>> pair_similarity(measured)
    PairSimilarity(ches=-3.0, ln_ches=-0.25, last_hidden_inner_product=3.0, edit_similarity=-0.75)
    """
    sums, terms = similarity.sums, similarity.terms
    score = _ches(sums[chosen][chosen], sums[chosen][rejected], terms[chosen], terms[rejected])
    last, edit = similarity.last[chosen][rejected], similarity.edits[chosen][rejected]
    return PairSimilarity(*score, last, -edit)


def _ches(norm: float, inner: float, plus_terms: int, minus_terms: int) -> Ches:
    return Ches(inner - norm, inner / (plus_terms * minus_terms) - norm / (plus_terms * plus_terms))
