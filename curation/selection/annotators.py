"""What the labels of one annotator, or of one source, tell of how far they are to be believed.

All of it is made of counts, gathered label by label and merged in any order.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from curation.selection.label_noise import EmSettings, Reliability, reliability
from curation.selection.repeated_labels import FlipRate, flip_rate


class Observation(NamedTuple):
    """One thing seen of an annotator; either is None."""

    place: int | None = None
    """Bin of a label's log-odds, see `curation.selection.label_noise.bin_of`."""
    votes: tuple[int, int] | None = None
    """Labels of one pair for the one side and for the other, two or more together."""


class Evidence(NamedTuple):
    """All that was seen of an annotator."""

    bins: Counter[int]
    """Labels by bin."""
    repeats: Counter[tuple[int, int]]
    """Pairs by `Observation.votes`, the larger number first."""


class Annotator(NamedTuple):
    """How far the labels of an annotator or source are to be believed."""

    name: str
    """The annotator's, or the source's."""
    reliability: Reliability
    """Share of right labels, by EM against a model's probabilities (LCPO)."""
    flips: FlipRate
    """Share of wrong labels, from pairs that were labelled more than once (rDPO)."""


def no_evidence() -> Evidence:
    """Of an annotator of whom nothing was seen."""
    return Evidence(Counter(), Counter())


def add(evidence: Evidence, seen: Observation) -> Evidence:
    """Add one observation, in place.

    >>> add(no_evidence(), Observation(votes=(1, 2))).repeats
    Counter({(2, 1): 1})
    """
    if seen.place is not None:
        evidence.bins[seen.place] += 1
    if seen.votes is not None:
        # Which side is which says nothing of flips: half as many kinds to keep.
        evidence.repeats[max(seen.votes), min(seen.votes)] += 1
    return evidence


def merge(parts: Iterable[Evidence]) -> Evidence:
    """All that any of the parts has seen."""
    merged = no_evidence()
    for part in parts:
        merged.bins.update(part.bins)
        merged.repeats.update(part.repeats)
    return merged


def annotator(name: str, evidence: Evidence, settings: EmSettings = EmSettings()) -> Annotator:
    """What the evidence comes to.

    >>> seen = merge([add(no_evidence(), Observation(place=768)) for _ in range(50)])
    >>> found = annotator("a", seen)
    >>> found.reliability.labels, found.flips.value
    (50, None)
    """
    return Annotator(name, reliability(evidence.bins, settings), flip_rate(evidence.repeats))
