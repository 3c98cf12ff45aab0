"""Deciding over stored scores: which pairs are kept, and which filter took the others out."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.records import Drop, PreferencePair

SCORES = ("margin", "ln_ches", "ches", "chosen_score", "rubric_margin")
"""Scores that can be bounded."""


class Bounds(NamedTuple):
    """Inclusive bounds of a score; None is no bound."""

    low: float | None
    high: float | None


class Selection(NamedTuple):
    """What a pair must satisfy.

    Parameters: `bounds` by name of the score; `min_chosen_chars`; `max_chars_ratio` of the
    longer to the shorter side; `keep_unscored` keeps pairs that lack a score that is bounded;
    `methods` of the pairs, None for all.
    """

    bounds: Mapping[str, Bounds] = {}
    min_chosen_chars: int = 1
    max_chars_ratio: float | None = None
    keep_unscored: bool = False
    methods: Sequence[str] | None = None


def first_failed_filter(pair: PreferencePair, selection: Selection) -> Drop | None:
    """The first filter that a pair does not pass, with the value that did it; None to keep it.

    Order: the method, sides that say the same, length of the chosen side, ratio of lengths, then
    the bounds in the order of `SCORES`.
    """
    if selection.methods is not None and pair.method not in selection.methods:
        return Drop(pair.id, "method", None, None)
    chosen, rejected = (side[0].content.strip() for side in (pair.chosen, pair.rejected))
    if chosen == rejected:
        return Drop(pair.id, "identical_sides", None, None)
    if len(chosen) < selection.min_chosen_chars:
        return Drop(pair.id, "min_chosen_chars", len(chosen), selection.min_chosen_chars)
    ratio = max(len(chosen), len(rejected)) / max(1, min(len(chosen), len(rejected)))
    if selection.max_chars_ratio is not None and ratio > selection.max_chars_ratio:
        return Drop(pair.id, "max_chars_ratio", ratio, selection.max_chars_ratio)
    for name in SCORES:
        if name in selection.bounds and (drop := _outside(pair, name, selection)):
            return drop
    return None


def _outside(pair: PreferencePair, name: str, selection: Selection) -> Drop | None:
    value, bounds = getattr(pair, name), selection.bounds[name]
    if value is None:
        return None if selection.keep_unscored else Drop(pair.id, f"{name}_missing", None, None)
    # Written so that a NaN fails every bound instead of passing all of them.
    if bounds.low is not None and not value >= bounds.low:
        return Drop(pair.id, f"{name}_min", value, bounds.low)
    if bounds.high is not None and not value <= bounds.high:
        return Drop(pair.id, f"{name}_max", value, bounds.high)
    return None
