"""What labels drawn by a coin would say: tests that never promise too much.

The null hypothesis of all of them: given the two replies to each prompt, which one is called the
chosen one is a coin's throw. Pairs of one prompt may share a reply and so be won together,
therefore each prompt has one vote. All tests hold for any number of prompts; none is asymptotic.

Reference: Efron, Student's t-test under symmetry conditions (JASA 64, 1969), for sums of symmetric
terms; Hoeffding (JASA 58, 1963); Azuma (Tohoku Mathematical Journal 19, 1967), for rounds;
Wilcoxon (Biometrics Bulletin 1, 1945).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signs = NDArray[np.int64]
"""+1, 0 or -1 for each of something."""


@lru_cache(maxsize=1 << 16)
def sign_test(wins: int, losses: int) -> float:
    """Probability that a fair coin falls at least this unevenly, to either side; exact.

    >>> sign_test(10, 0) == 2 / 2**10, sign_test(5, 5)
    (True, 1.0)
    """
    n, most = wins + losses, max(wins, losses)
    if 2 * most <= n + 1:
        return 1.0
    first = math.lgamma(n + 1) - math.lgamma(most + 1) - math.lgamma(n - most + 1)
    total = term = 1.0
    for k in range(most, n):
        term *= (n - k) / (k + 1)
        total += term
        if term < total * 1e-17:
            break
    return min(1.0, 2 * math.exp(first - n * math.log(2)) * total)


def votes(groups: NDArray[Any], signs: NDArray[Any]) -> Signs:
    """One vote a group: the sign of the sum of its signs; groups that are torn have none.

    >>> sorted(votes(np.array([7, 7, 7, 9, 8, 8]), np.array([1, 1, -1, -1, 1, -1])).tolist())
    [-1, 1]
    """
    sums = grouped(groups, signs)
    return np.sign(sums[sums != 0]).astype(np.int64)


def vote_test(groups: NDArray[Any], signs: NDArray[Any]) -> float:
    """`sign_test` of the groups' votes.

    >>> vote_test(np.arange(10), np.ones(10)) == sign_test(10, 0)
    True
    """
    cast = votes(groups, signs)
    return sign_test(int((cast > 0).sum()), int((cast < 0).sum()))


def grouped(groups: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float64]:
    """Sums of the values of each group, in the order of the groups."""
    _, place = np.unique(groups, return_inverse=True)
    return np.bincount(place, weights=values).astype(np.float64)


def symmetric_sum_test(terms: NDArray[Any], two_sided: bool = True) -> float:
    """Bound of the probability that independent terms, each of random sign, add up to as much.

    Input: one term a group. Output: 2 exp(-t^2 / 2) with t the sum over the root of the sum of
    squares; without the factor for the one side above zero.

    >>> round(symmetric_sum_test(np.ones(16)), 6) == round(2 * math.exp(-8), 6)
    True
    >>> symmetric_sum_test(np.ones(16) * -1, two_sided=False)
    1.0
    """
    values = [float(term) for term in terms if term]
    squares = math.fsum(value * value for value in values)
    total = math.fsum(values)
    if not squares or (total <= 0 and not two_sided):
        return 1.0
    bound = math.exp(-total * total / squares / 2)
    return min(1.0, (2 if two_sided else 1) * bound)


def doubled_ranks(values: NDArray[Any]) -> NDArray[np.int64]:
    """Twice the rank of each value, from 2; ties have their mean rank, so all are whole numbers.

    >>> doubled_ranks(np.array([5, 1, 5])).tolist()
    [5, 2, 5]
    """
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    after = np.cumsum(counts)
    return (2 * after - counts + 1)[place].astype(np.int64)


def rank_correlation(one: NDArray[Any], other: NDArray[Any]) -> float | None:
    """Spearman's rank correlation; None where one of them is constant.

    >>> rank_correlation(np.array([1, 2, 3]), np.array([10, 40, 90]))
    1.0
    """
    ranks = [doubled_ranks(values).astype(np.float64) for values in (one, other)]
    x, y = (values - values.mean() for values in ranks) if len(one) else ranks
    scale = math.sqrt(math.fsum(x * x) * math.fsum(y * y))
    return max(-1.0, min(1.0, math.fsum(x * y) / scale)) if scale else None


def signed_auc(scores: NDArray[Any]) -> float:
    """Area under the ROC curve of scores of differences, chosen minus rejected.

    Each pair counts in both directions: its score as a positive, minus its score as a negative.

    >>> signed_auc(np.array([1.0, 2.0])), signed_auc(np.array([1.0, -1.0])), signed_auc(np.zeros(3))
    (1.0, 0.5, 0.5)
    """
    n = len(scores)
    ranks = doubled_ranks(np.concatenate([scores, -scores]))[:n]
    return (int(ranks.sum()) - n * (n + 1)) / (2 * n * n)


def signed_ranks(scores: NDArray[Any]) -> NDArray[np.int64]:
    """Rank of the absolute value, doubled, with the value's sign (Wilcoxon).

    >>> signed_ranks(np.array([0.5, -2.0])).tolist()
    [2, -4]
    """
    return doubled_ranks(np.abs(scores)) * np.sign(scores).astype(np.int64)


def sequential_test(rounds: Sequence[NDArray[Any]]) -> float:
    """`symmetric_sum_test`, one-sided, of rounds that may look at what came before them.

    Input: the terms of each round, whose signs are random given all earlier rounds. Output: a bound
    of the probability that the rounds' sums, each over its own root of squares, add up to as much:
    exp(-z^2 / 2k) for k rounds, the martingale form of the bound.

    >>> round(sequential_test([np.ones(16), np.ones(16)]), 6) == round(math.exp(-16), 6)
    True
    """
    scores = []
    for terms in rounds:
        values = [float(term) for term in terms if term]
        if values:
            scores.append(math.fsum(values) / math.sqrt(math.fsum(v * v for v in values)))
    total = math.fsum(scores)
    return math.exp(-total * total / len(scores) / 2) if total > 0 else 1.0
