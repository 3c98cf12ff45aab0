"""Bounds and shares of scores: what is too small, too large, or not among the lowest or highest."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import polars as pl

from curation.selection.exact_sum import Moments, deviation, merged, moments
from curation.selection.phase import Phase
from curation.selection.quantile import BINS, Quantile, Sketch, keys_of
from curation.selection.rules import KEPT, Rule, apply_rules
from curation.selection.strata import stratum
from curation.selection.thresholds import SCORES, Selection

CERTAINTY_SHARE = 0.5
"""Share of the pairs that `Selection.certainty` keeps."""


class Ranked(NamedTuple):
    """A share of the pairs by a score."""

    filter: str
    score: str
    absolute: bool
    """Whether the score's size counts, without its sign."""
    share: float
    lowest: bool
    per: str | None

    @property
    def value(self) -> pl.Expr:
        """What pairs are ranked by."""
        return pl.col(self.score).abs() if self.absolute else pl.col(self.score)


def bound_rules(selection: Selection) -> tuple[Rule, ...]:
    """Rules of the scores' bounds, score by score in the order of `thresholds.SCORES`.

    Output: filters `SCORE_missing`, where pairs without the score may not stay; `SCORE_min`;
    `SCORE_max`.
    """
    return tuple(_bound_rules(selection))


def _bound_rules(selection: Selection) -> Iterator[Rule]:
    for name in SCORES:
        score, bounds = pl.col(name), selection.bounds.get(name)
        ranks = {"implicit_margin": selection.certainty, "bald": selection.sampling}
        stays = "keep" if selection.keep_unscored else "drop"
        if bounds and bounds.missing:
            stays = bounds.missing
        if (bounds or ranks.get(name)) and stays != "keep":
            yield Rule(f"{name}_missing", score.is_null())
        # Written so that a NaN fails every bound instead of passing some of them.
        if bounds and bounds.low is not None:
            yield Rule(f"{name}_min", score.is_nan() | (score < bounds.low), score, bounds.low)
        if bounds and bounds.high is not None:
            yield Rule(f"{name}_max", score.is_nan() | (score > bounds.high), score, bounds.high)


def ranked(selection: Selection) -> tuple[Ranked, ...]:
    """The shares that a selection asks for, in the order in which they decide.

    Output: filters `SCORE_lowest`, `SCORE_highest`, `certainty_small`, `certainty_large`.
    """
    found = []
    for name in SCORES:
        if bounds := selection.bounds.get(name):
            for which, share in (("lowest", bounds.lowest), ("highest", bounds.highest)):
                if share is not None:
                    lowest = which == "lowest"
                    found.append(Ranked(f"{name}_{which}", name, False, share, lowest, bounds.per))
    if selection.certainty:
        small = selection.certainty == "small"
        label = f"certainty_{selection.certainty}"
        found.append(Ranked(label, "implicit_margin", True, CERTAINTY_SHARE, small, None))
    return tuple(found)


class Scale(Phase):
    """Divides margins by their standard deviation in each stratum, then applies the bounds.

    Margins of a stratum without a spread stay as they are.
    """

    name = "scale"

    def __init__(self, selection: Selection) -> None:
        self._by = selection.z_score
        self._rules = selection

    def start(self) -> dict[str, Moments]:
        """Moments of nothing, by stratum."""
        return {}

    def add(self, accumulator: dict[str, Moments], frame: pl.DataFrame) -> dict[str, Moments]:
        """The moments with those of a frame's margins."""
        scored = frame.filter(KEPT & pl.col("margin").is_finite())
        for (name,), part in scored.group_by(stratum(self._by).alias("_stratum")):
            found = moments(part["margin"].to_numpy())
            accumulator[str(name)] = merged(accumulator.get(str(name), Moments()), found)
        return accumulator

    def merge(self, one: dict[str, Moments], other: dict[str, Moments]) -> dict[str, Moments]:
        """The moments of both."""
        names = sorted({*one, *other})
        return {n: merged(one.get(n, Moments()), other.get(n, Moments())) for n in names}

    def facts(self, accumulator: dict[str, Moments]) -> dict[str, float]:
        """Standard deviation of each stratum, 1 where there is none."""
        return {name: deviation(found) or 1.0 for name, found in sorted(accumulator.items())}

    def decide(self, frame: pl.DataFrame, facts: Mapping[str, float]) -> pl.DataFrame:
        """The frame with its margins divided, after the bounds of all scores."""
        scale = by_stratum(self._by, facts).fill_null(1.0)
        scaled = frame.with_columns(margin=pl.col("margin") / scale)
        return apply_rules(scaled, bound_rules(self._rules))


class Shares(Phase):
    """Keeps the pairs with the lowest or the highest scores; all shares are of the same pairs."""

    name = "shares"

    def __init__(self, asked: tuple[Ranked, ...], bins: int = BINS) -> None:
        self._asked = asked
        self._bins = bins

    def start(self) -> list[dict[str, Sketch]]:
        """A sketch for each stratum of each share, none so far."""
        return [{} for _ in self._asked]

    def add(self, accumulator: list[dict[str, Sketch]], frame: pl.DataFrame) -> list[dict]:
        """The sketches with a frame's scores."""
        left = frame.filter(KEPT)
        for asked, sketches in zip(self._asked, accumulator, strict=True):
            columns = left.select(stratum(asked.per).alias("_stratum"), _value=asked.value)
            for (name,), part in columns.drop_nulls("_value").group_by("_stratum"):
                sketch = sketches.setdefault(str(name), Sketch(self._bins))
                sketch.add(keys_of(part["_value"].to_numpy()))
        return accumulator

    def merge(self, one: list[dict[str, Sketch]], other: list[dict[str, Sketch]]) -> list[dict]:
        """The sketches of both."""
        for mine, theirs in zip(one, other, strict=True):
            for name, sketch in theirs.items():
                mine.setdefault(name, Sketch(self._bins)).merge(sketch)
        return one

    def facts(self, accumulator: list[dict[str, Sketch]]) -> list[dict[str, Quantile]]:
        """The threshold of each stratum of each share."""
        return [
            {
                name: sketch.lowest(asked.share) if asked.lowest else sketch.highest(asked.share)
                for name, sketch in sorted(sketches.items())
            }
            for asked, sketches in zip(self._asked, accumulator, strict=True)
        ]

    def decide(self, frame: pl.DataFrame, facts: list[dict[str, Quantile]]) -> pl.DataFrame:
        """The frame without what lies outside the thresholds."""
        rules = []
        for asked, found in zip(self._asked, facts, strict=True):
            limit = by_stratum(asked.per, {name: q.value for name, q in found.items()})
            outside = asked.value > limit if asked.lowest else asked.value < limit
            rules.append(Rule(asked.filter, outside, asked.value, limit))
        return apply_rules(frame, rules)

    def notes(self, facts: list[dict[str, Quantile]]) -> dict[str, int]:
        """The largest error of each share in pairs per million, where there is one."""
        errors = {
            asked.filter: max((q.error for q in found.values()), default=0.0)
            for asked, found in zip(self._asked, facts, strict=True)
        }
        parts = {name: int(np.ceil(error * 1e6)) for name, error in errors.items()}
        return {f"{name}_error_ppm": n for name, n in parts.items() if n}


def by_stratum(by: str | None, numbers: Mapping[str, float]) -> pl.Expr:
    """A number for each pair, by its stratum; null where the stratum has none."""
    names = list(numbers)
    return stratum(by).replace_strict(
        names, [numbers[n] for n in names], default=None, return_dtype=pl.Float64
    )
