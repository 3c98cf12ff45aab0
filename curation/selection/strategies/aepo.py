"""Responses that stand for the others and differ from each other (AEPO)."""

import numpy as np
from numpy.typing import NDArray

from curation.selection.likeness import Similarities
from curation.selection.strategies.subsets import Subsets, Value, best_subset


def diverse_subset(
    similarities: Similarities, size: int, diversity_weight: float = 1.0
) -> tuple[int, ...]:
    """The subset with the best sum of representativeness and weighted diversity.

    The optimum where `subsets.EXACT` allows, else greedy with swaps. Input: similarities of the
    responses; the diagonal does not count. Parameters: `size` of the subset; `diversity_weight`,
    0 for the responses that are most like all others. Output: places in ascending order.

    Reference: Annotation-Efficient Preference Optimization (arXiv 2405.13541), section 4. The
    paper's code sees the diagonal once, and swaps at random: its subsets may be worse.

    >>> alike = np.array([[9, 8, 1], [8, 9, 2], [1, 2, 9]])
    >>> diverse_subset(alike, 2), diverse_subset(alike, 2, 0)
    ((0, 2), (0, 1))
    """
    return best_subset(len(similarities), size, objective(similarities, diversity_weight))


def objective(similarities: Similarities, diversity_weight: float) -> Value:
    """1'MX / ((n-1)k) - weight * X'MX / (k(k-1)) of subsets X of k out of n, diag(M) = 0.

    A subset of one has no diversity.

    >>> objective(np.array([[9, 8, 1], [8, 9, 2], [1, 2, 9]]), 1.0)(np.array([[0, 1], [0, 2]]))
    array([-3.25,  2.  ])
    """
    others = np.array(similarities)
    np.fill_diagonal(others, 0)
    sums = others.sum(axis=1)

    def value(subsets: Subsets) -> NDArray[np.float64]:
        size = subsets.shape[1]
        like_all = sums[subsets].sum(axis=1) / (max(1, len(others) - 1) * size)
        alike = np.zeros(len(subsets), others.dtype)
        for one in range(size):
            for other in range(one):
                alike += others[subsets[:, one], subsets[:, other]]
        return like_all - diversity_weight * (2 * alike / max(1, size * (size - 1)))

    return value
