"""How many pairs may stay: of each stratum of a mix, of a draw by a share, altogether."""

from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from curation.selection.thresholds import Mix

OTHERS = "*"
"""Name for each stratum that is not named."""


class MixQuota(NamedTuple):
    """Quotas by the weights or numbers of a mix.

    By numbers: most pairs of each stratum; one that is not named has no limit without `*`. By
    weights: as many pairs as the scarcest stratum with a weight allows (and `total`, where there
    is one), rounded down in each; a stratum that is not named has the weight of `*`, or none. A
    stratum that is named and has no pairs is the scarcest one: nothing can be kept in its shares.

    Reference: SimpleMix (arXiv 2505.02363), for the stratum `policy`.

    >>> MixQuota(Mix("policy", weights={"on": 0.5, "off": 0.5}))({"on": 30, "off": 100})
    {'on': 30, 'off': 30}
    >>> MixQuota(Mix("source", quotas={"a": 5, "*": 2}))({"a": 9, "b": 9})
    {'a': 5, 'b': 2}
    """

    mix: Mix

    def __call__(self, counts: Mapping[str, int], /) -> dict[str, int]:
        """Most pairs by stratum, of the numbers of pairs that there are; absent: no limit."""
        given = self.mix.quotas if self.mix.quotas is not None else self.mix.weights or {}
        # Weights as their decimal digits say, so that ten times 0.1 is 1.
        named = {name: Fraction(repr(number)) for name, number in given.items() if name != OTHERS}
        others = given.get(OTHERS)
        for name in sorted(counts.keys() - named.keys()):
            if others is not None or self.mix.quotas is None:
                named[name] = Fraction(repr(others or 0))
        if self.mix.quotas is not None:
            return {name: int(quota) for name, quota in named.items() if name in counts}
        weighted = [name for name, weight in named.items() if weight]
        scarcest = (Fraction(counts.get(name, 0)) / named[name] for name in weighted)
        most = min(scarcest, default=Fraction(0))
        if self.mix.total is not None and weighted:
            most = min(most, Fraction(self.mix.total) / sum(named.values(), Fraction(0)))
        return {name: int(named[name] * most) for name in named if name in counts}


class ShareQuota(NamedTuple):
    """Quota by a share of all pairs, rounded down.

    >>> ShareQuota(0.29)({"": 100})
    {'': 29}
    """

    share: float

    def __call__(self, counts: Mapping[str, int], /) -> dict[str, int]:
        """Most pairs, of the numbers of pairs that there are."""
        share = Fraction(repr(float(self.share)))
        return {name: int(share * count) for name, count in counts.items()}


class MostQuota(NamedTuple):
    """The same quota whatever there is."""

    most: int

    def __call__(self, counts: Mapping[str, int], /) -> dict[str, int]:
        """Most pairs, of the numbers of pairs that there are."""
        return dict.fromkeys(counts, self.most)
