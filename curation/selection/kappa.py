"""Agreement of judges beyond chance: Cohen's kappa of two, Fleiss' of any number.

    kappa = (observed - expected) / (1 - expected)

Both work on counts, which add up over any parts of the data in any order.

References: Cohen, A coefficient of agreement for nominal scales (Educational and Psychological
Measurement 20, 1960); Fleiss, Measuring nominal scale agreement among many raters (Psychological
Bulletin 76, 1971); items with different numbers of raters: Gwet, Handbook of Inter-Rater
Reliability (4th edition, 2014), chapter 2.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from schemas.errors import ModelError


class Agreement(NamedTuple):
    """How far judges agree."""

    items: int
    """Items that two judges or more have labelled."""
    observed: float | None
    """Probability that two judges say the same of an item; None without items."""
    expected: float | None
    """The same, if what they say had nothing to do with the item."""
    kappa: float | None
    """1: always; 0: as often as by chance. None where chance alone makes them always agree."""


def cohen_kappa(table: Mapping[tuple[Any, Any], int]) -> Agreement:
    """Agreement of two judges.

    Input: how many items got (a label by the first, a label by the second).

    Raises: ModelError for a count below 0.

    >>> cohen_kappa({("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15})
    Agreement(items=50, observed=0.7, expected=0.5, kappa=0.4)
    """
    items = _total(table)
    if not items:
        return Agreement(0, None, None, None)
    first: dict[Any, int] = {}
    second: dict[Any, int] = {}
    for (one, other), n in table.items():
        first[one] = first.get(one, 0) + n
        second[other] = second.get(other, 0) + n
    same = sum(n for (one, other), n in table.items() if one == other)
    chance = sum(n * second.get(label, 0) for label, n in first.items())
    return _agreement(items, Fraction(same, items), Fraction(chance, items**2))


def fleiss_kappa(profiles: Mapping[tuple[int, ...], int]) -> Agreement:
    """Agreement of all judges; each item may have another number of them.

    Input: how many items have a profile: how many of their judges said each label, the labels in
    one order for all. What is expected counts each item alike; with as many judges for each
    item it is Fleiss' own.

    Raises: ModelError for a number below 0.

    >>> agreement = fleiss_kappa({(3, 0): 4, (0, 3): 4, (2, 1): 2})
    >>> agreement.items, round(agreement.kappa, 4)
    (10, 0.7321)
    """
    if any(votes < 0 for profile in profiles for votes in profile):
        raise ModelError(f"expected votes of 0 or more, got {dict(profiles)}")
    rated = {profile: n for profile, n in profiles.items() if sum(profile) > 0 and n != 0}
    all_items = _total(rated)
    several = {profile: n for profile, n in rated.items() if sum(profile) > 1}
    items = _total(several)
    if not items:
        return Agreement(0, None, None, None)
    labels = max(map(len, rated))
    shares = [Fraction(0)] * labels
    for profile, n in rated.items():
        for label, votes in enumerate(profile):
            shares[label] += Fraction(n * votes, sum(profile) * all_items)
    same = sum(
        Fraction(n * sum(v * (v - 1) for v in profile), sum(profile) * (sum(profile) - 1))
        for profile, n in several.items()
    )
    return _agreement(items, Fraction(same, items), Fraction(sum(share**2 for share in shares)))


def _agreement(items: int, observed: Fraction, expected: Fraction) -> Agreement:
    kappa = None if expected == 1 else float((observed - expected) / (1 - expected))
    return Agreement(items, float(observed), float(expected), kappa)


def _total(counts: Mapping[Any, int]) -> int:
    if any(n < 0 for n in counts.values()):
        raise ModelError(f"expected counts of 0 or more, got {dict(counts)}")
    return sum(counts.values())
