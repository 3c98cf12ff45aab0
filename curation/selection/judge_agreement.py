"""Which judges agree: the counts that kappa is made of, pair by pair."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from curation.selection.jury import is_label, majority, verdict
from curation.selection.kappa import Agreement, cohen_kappa, fleiss_kappa
from schemas.records import PreferencePair

VERDICTS = (1.0, 0.5, 0.0)
"""Chosen, neither, rejected: the order in profiles."""


class JudgeAgreement(NamedTuple):
    """How far judges agree on the pairs that they have labelled."""

    judges: tuple[str, ...]
    """Two names, in order: Cohen's kappa; none: all judges together, Fleiss' kappa."""
    agreement: Agreement
    """Observed, expected, and kappa."""


def profile(pair: PreferencePair) -> tuple[int, ...] | None:
    """How many labels of a pair are for chosen, neither, rejected; None where there are none.

    Values that are no labels are left out.
    """
    said = [verdict(label.value) for label in pair.labels if is_label(label.value)]
    if not said:
        return None
    return said.count(1.0), said.count(0.5), said.count(0.0)


def judge_pairs(
    pair: PreferencePair,
) -> Iterator[tuple[tuple[str, str], tuple[float, float]]]:
    """Both verdicts, for any two judges of a pair; of a judge's several labels the commonest."""
    labels: dict[str, list[float]] = {}
    for label in pair.labels:
        if is_label(label.value):
            labels.setdefault(label.name, []).append(label.value)
    said = {name: majority(values) for name, values in labels.items()}
    for one, other in combinations(sorted(said), 2):
        yield (one, other), (said[one], said[other])


def agreement_of_all(profiles: Mapping[tuple[int, ...], int]) -> JudgeAgreement:
    """Fleiss' kappa of the profiles of all pairs.

    >>> agreement_of_all({(2, 0, 0): 5, (0, 0, 2): 5}).agreement.kappa
    1.0
    """
    return JudgeAgreement((), fleiss_kappa(profiles))


def agreement_of_two(
    judges: tuple[str, str], table: Mapping[tuple[float, float], int]
) -> JudgeAgreement:
    """Cohen's kappa of two judges."""
    return JudgeAgreement(judges, cohen_kappa(table))
