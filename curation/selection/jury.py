"""A jury's vote on a pair: what several judges or annotators make of it together.

A label is 1 for the chosen side, 0 for the rejected one and 0.5 for a tie; what lies between
leans to one side.
"""

from collections import Counter
from collections.abc import Sequence
from math import fsum

from schemas.errors import ModelError


def is_label(value: float) -> bool:
    """Whether a value can be a label: a number from 0 to 1.

    >>> is_label(0.5), is_label(2.0), is_label(float("nan"))
    (True, False, False)
    """
    return 0 <= value <= 1


def verdict(label: float) -> float:
    """The side that a label is for: 1 chosen, 0 rejected, 0.5 neither.

    >>> verdict(0.8), verdict(0.5), verdict(0.0)
    (1.0, 0.5, 0.0)
    """
    return 0.5 if label == 0.5 else float(label > 0.5)


def jury_share(labels: Sequence[float]) -> float:
    """Share of the jury for the chosen side: the mean of the labels, the same in any order.

    Raises: ModelError without labels, or for one that is none.

    >>> jury_share([1.0, 1.0, 0.0, 0.5])
    0.625
    """
    return fsum(_checked(labels)) / len(labels)


def majority(labels: Sequence[float]) -> float:
    """The commonest verdict; a tie when two are as common.

    Raises: as `jury_share`.

    Reference: Arif et al., The Fellowship of the LLMs (arXiv 2408.08688), LLMs-as-a-jury: the mode
    of the votes.

    >>> majority([1.0, 1.0, 0.0]), majority([1.0, 0.0]), majority([0.5, 0.5, 0.0])
    (1.0, 0.5, 0.5)
    """
    counts = Counter(map(verdict, _checked(labels)))
    most = max(counts.values())
    commonest = [side for side, n in counts.items() if n == most]
    return commonest[0] if len(commonest) == 1 else 0.5


def _checked(labels: Sequence[float]) -> Sequence[float]:
    if not labels or not all(map(is_label, labels)):
        raise ModelError(f"a jury needs labels between 0 and 1, got {list(labels)}")
    return labels
