"""Draws of an exact number of pairs, without replacement, by a hash of their ids.

The pairs of a stratum with the lowest keys are drawn. A first phase counts, and finds the bin of
the sketch of keys in which the last drawn pair lies; a second one looks at the pairs of that bin
alone and finds the pair. So any number of pairs can be drawn in bounded memory, exactly.

With weights, the key is exponential, -ln(u) / w: the lowest n keys are a weighted draw without
replacement (Efraimidis and Spirakis, Information Processing Letters 97, 2006).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from curation.selection.mixing import MixQuota, MostQuota, ShareQuota
from curation.selection.phase import Phase
from curation.selection.quantile import BINS, Sketch, keys_of, values_of
from curation.selection.ranks import ranks, uniforms
from curation.selection.rules import KEPT
from curation.selection.strata import stratum
from curation.selection.thresholds import Selection

EASY = "_easy"
"""Column of a working frame: the pair was drawn as an easy one."""
_STRATUM, _KEY, _FITS, _LAST, _REST = "_stratum", "_key", "_fits", "_last", "_rest"
_WORKING = (_STRATUM, _KEY, _FITS, _LAST, _REST)


class Draw(NamedTuple):
    """What is drawn: by which quota, in which strata, with which weights."""

    filter: str
    """Filter that takes out what is not drawn; its value is the key, its threshold the last key
    that was drawn."""
    quota: MixQuota | ShareQuota | MostQuota
    seed: int
    salt: str
    """What the ranks are drawn for."""
    by: str | None = None
    weight: str | None = None
    """`easy`: max(0, 1 - BALD); `hard`: BALD; None: all pairs alike."""
    after: str | None = None
    """Column that marks what an earlier draw took: it stays, and is not drawn again."""
    marks: str | None = None
    """Column to mark what is drawn; nothing is dropped then."""
    bins: int = BINS


class Boundary(NamedTuple):
    """The bin of the last drawn key of a stratum."""

    first: int
    last: int
    rest: int | None
    """How many pairs of the bin are drawn; None for all of them."""


def draws(selection: Selection, seed: int) -> tuple[Draw, ...]:
    """The draws of a selection, in their order: easy and hard pairs, the mix, the most pairs.

    Output: filters `sampling`, `mix`, `max_pairs`. Each has ranks of its own: with the same ones,
    what a mix has cut short would win in the next draw.
    """
    found: list[Draw] = []
    if sampling := selection.sampling:
        easy = Draw("sampling", ShareQuota(sampling.easy), seed, "easy", weight="easy")
        hard = Draw("sampling", ShareQuota(sampling.hard), seed, "hard", weight="hard")
        if sampling.easy and sampling.hard:
            found += [easy._replace(marks=EASY), hard._replace(after=EASY)]
        else:
            found.append(easy if sampling.easy else hard)
    if selection.mix:
        found.append(Draw("mix", MixQuota(selection.mix), seed, "mix", selection.mix.by))
    if selection.max_pairs is not None:
        found.append(Draw("max_pairs", MostQuota(selection.max_pairs), seed, "max_pairs"))
    return tuple(found)


class CountKeys(Phase):
    """First phase of a draw: how many pairs there are, and near which key the draw ends."""

    def __init__(self, draw: Draw) -> None:
        self.name = f"{draw.salt}_counts"
        self._draw = draw

    def start(self) -> tuple[dict[str, int], dict[str, Sketch]]:
        """Numbers of pairs and sketches of their keys, by stratum."""
        return {}, {}

    def add(self, accumulator: Any, frame: pl.DataFrame) -> Any:
        """The numbers and sketches with a frame's pairs."""
        counts, sketches = accumulator
        keyed = _keyed(frame.filter(_takes_part(self._draw)), self._draw)
        for (name,), part in keyed.group_by(_STRATUM):
            counts[str(name)] = counts.get(str(name), 0) + len(part)
            sketch = sketches.setdefault(str(name), Sketch(self._draw.bins))
            sketch.add(part[_KEY].drop_nulls().to_numpy())
        return accumulator

    def merge(self, one: Any, other: Any) -> Any:
        """The numbers and sketches of both."""
        counts, sketches = one
        for name, count in other[0].items():
            counts[name] = counts.get(name, 0) + count
            sketches.setdefault(name, Sketch(self._draw.bins)).merge(other[1][name])
        return one

    def facts(self, accumulator: Any) -> dict[str, Boundary]:
        """The boundary of each stratum of which not all pairs are drawn."""
        counts, sketches = accumulator
        quotas = self._draw.quota(counts)
        found = {name: _boundary(sketches[name], quotas[name]) for name in sorted(quotas)}
        return {name: boundary for name, boundary in found.items() if boundary}

    def decide(self, frame: pl.DataFrame, facts: Mapping[str, Boundary]) -> pl.DataFrame:
        """The frame with its keys, and which of them are surely drawn or not."""
        types = {_STRATUM: pl.String, "_first": pl.UInt64, _LAST: pl.UInt64, _REST: pl.Int64}
        rows = [(name, *boundary) for name, boundary in facts.items()]
        limits = pl.DataFrame(rows, types, orient="row")
        joined = _keyed(frame, self._draw).join(
            limits, on=_STRATUM, how="left", maintain_order="left"
        )
        key, last = pl.col(_KEY), pl.col(_LAST)
        # A pair without a limit fits, one without a key does not; null waits for the next phase.
        fits = (
            pl.when(~_takes_part(self._draw))
            .then(True)
            .when(key.is_null())
            .then(False)
            .when(last.is_null() | (key < pl.col("_first")))
            .then(True)
            .when(key > last)
            .then(False)
            .when(pl.col(_REST).is_null())
            .then(True)
        )
        return joined.with_columns(fits.alias(_FITS)).drop("_first")


class CutKeys(Phase):
    """Second phase of a draw: which pair is the last one that is drawn."""

    def __init__(self, draw: Draw) -> None:
        self.name = draw.salt
        self._draw = draw

    def start(self) -> pl.DataFrame:
        """The lowest keys of the boundaries' bins, none so far."""
        types: Any = {_STRATUM: pl.String, _KEY: pl.UInt64, "id": pl.String, _REST: pl.Int64}
        return pl.DataFrame(schema=types)

    def add(self, accumulator: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
        """The lowest keys, those of a frame included."""
        waiting = frame.filter(pl.col(_FITS).is_null()).select(accumulator.columns)
        return self.merge(accumulator, waiting) if len(waiting) else accumulator

    def merge(self, one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        """The lowest keys of both."""
        both = pl.concat([one, other]).sort(_STRATUM, _KEY, "id")
        return both.filter(pl.int_range(pl.len()).over(_STRATUM) < pl.col(_REST))

    def facts(self, accumulator: pl.DataFrame) -> dict[str, tuple[int, str]]:
        """Key and id of the last pair that is drawn of each bin."""
        last = accumulator.group_by(_STRATUM, maintain_order=True).last()
        return {name: (key, identity) for name, key, identity, _ in last.rows()}

    def decide(self, frame: pl.DataFrame, facts: Mapping[str, tuple[int, str]]) -> pl.DataFrame:
        """The frame after the draw."""
        types: Any = {_STRATUM: pl.String, "_key_limit": pl.UInt64, "_id_limit": pl.String}
        limits = pl.DataFrame([(n, *limit) for n, limit in facts.items()], types, orient="row")
        joined = frame.join(limits, on=_STRATUM, how="left", maintain_order="left")
        key, limit, last = pl.col(_KEY), pl.col("_key_limit"), pl.col("_id_limit")
        within = (key < limit) | ((key == limit) & (pl.col("id") <= last))
        drawn = pl.coalesce(_FITS, within.fill_null(False))
        if self._draw.marks:
            done = joined.with_columns((_takes_part(self._draw) & drawn).alias(self._draw.marks))
        else:
            stays = drawn | pl.col(self._draw.after) if self._draw.after else drawn
            done = self._dropped(joined.with_columns(_out=KEPT & ~stays))
        return done.drop(*_WORKING, "_key_limit", "_id_limit", "_out", strict=False)

    def _dropped(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame without what was not drawn, each with its key and the last one drawn."""
        limits = frame.select(pl.coalesce("_key_limit", _LAST))
        numbers = {
            "value": _number(frame[_KEY], self._draw),
            "threshold": _number(limits.to_series(), self._draw),
        }
        out = pl.col("_out")
        return frame.with_columns(
            filter=pl.when(out).then(pl.lit(self._draw.filter)).otherwise("filter"),
            **{n: pl.when(out).then(pl.lit(s)).otherwise(n) for n, s in numbers.items()},
        )


def _takes_part(draw: Draw) -> pl.Expr:
    """Pairs that a draw is about: those kept so far, and with weights those that have one."""
    return KEPT & pl.col("bald").is_not_null() if draw.weight else KEPT


def _keyed(frame: pl.DataFrame, draw: Draw) -> pl.DataFrame:
    """The frame with strata and keys; no key for what cannot be drawn (any more)."""
    drawn = pl.Series(_KEY, ranks(frame["id"], draw.seed, draw.salt))
    key: pl.Expr = pl.lit(drawn)
    if draw.weight:
        bald = pl.col("bald")
        weights = frame.select((1.0 - bald if draw.weight == "easy" else bald).clip(0.0))
        weight = weights.to_series().fill_null(0.0).to_numpy()
        with np.errstate(divide="ignore", over="ignore"):
            keys = keys_of(-np.log(uniforms(drawn.to_numpy())) / weight)
        key = pl.when(pl.lit(pl.Series(weight > 0))).then(pl.lit(pl.Series(keys)))
    if draw.after:
        key = pl.when(~pl.col(draw.after)).then(key)
    return frame.with_columns(stratum(draw.by).alias(_STRATUM), key.alias(_KEY))


def _boundary(sketch: Sketch, quota: int) -> Boundary | None:
    """Where a draw of so many keys ends; None where all are drawn."""
    if quota >= sketch.total:
        return None
    if quota <= 0:
        return Boundary(0, 0, 0)
    found = sketch.bin_of(quota)
    rest = quota - found.before
    return Boundary(found.first, found.last, None if rest == found.size else rest)


def _number(keys: pl.Series, draw: Draw) -> pl.Series:
    """Keys as they are told to people: ranks in [0, 1), exponential keys as they are."""
    if not draw.weight:
        return keys.cast(pl.Float64) / 2.0**64
    # No key, and the limit where nothing is drawn, are 0: the key of a NaN.
    numbers = pl.Series(values_of(keys.fill_null(0).to_numpy()))
    return pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
