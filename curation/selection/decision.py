"""The decision: which pairs are kept, which filter took the others out, what becomes of the rest.

A decision needs nothing but columns, so it is the same in a pipeline and over a dataset that is
stored. It comes in this order:

1. pairs whose ensemble's mean lies below the band `flip` have their sides exchanged, and are judged
   as they become (not those of a contradiction: their mirror image is there already);
2. rules that look at one pair: method, gates, lengths (`curation.selection.gates`), then bounds of
   the scores (`curation.selection.bounds`);
3. phases that need a fact about all pairs left (`PHASES`): the scale of margins, which comes before
   their bounds; shares by score; easy and hard pairs by BALD; the mix; the most pairs;
4. soft targets of what is left.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import polars as pl

from curation.selection.bounds import Scale, Shares, bound_rules, ranked
from curation.selection.columns import COLUMNS, completed, frame_of
from curation.selection.drawing import CountKeys, CutKeys, draws
from curation.selection.flip import with_flips
from curation.selection.gates import flagged, row_rules
from curation.selection.phase import Phase
from curation.selection.rules import KEPT, apply_rules, undecided
from curation.selection.thresholds import Selection, checked

__all__ = [
    "COLUMNS",
    "PHASES",
    "Selection",
    "begin",
    "decide",
    "decide_all",
    "finish",
    "frame_of",
    "left",
    "phases",
]

PHASES = (
    "scale",
    "shares",
    "easy_counts",
    "easy",
    "hard_counts",
    "hard",
    "mix_counts",
    "mix",
    "max_pairs_counts",
    "max_pairs",
)
"""Names of all phases, in their order."""
MEASURED_MEAN = "_ensemble_mean"
"""Column of a working frame: the ensemble's mean before any sides were exchanged."""


def phases(selection: Selection, seed: int = 0) -> tuple[Phase, ...]:
    """The phases that a selection needs, in their order.

    Parameters: `seed` of what is drawn.

    >>> phases(Selection())
    ()
    >>> [phase.name for phase in phases(Selection(max_pairs=10))]
    ['max_pairs_counts', 'max_pairs']
    """
    found: list[Phase] = []
    if selection.z_score:
        found.append(Scale(selection))
    if shares := ranked(selection):
        found.append(Shares(shares))
    for draw in draws(selection, seed):
        found += [CountKeys(draw), CutKeys(draw)]
    return tuple(found)


def begin(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    """A working frame after all rules that look at one pair alone."""
    working = undecided(completed(frame)).with_columns(pl.col("ensemble_mean").alias(MEASURED_MEAN))
    if selection.bands and (limit := selection.bands.flip) is not None:
        below = pl.col("ensemble_mean").is_finite() & (pl.col("ensemble_mean") < limit)
        flip = (below & ~flagged("contradicted")).fill_null(False)
        working = with_flips(working.with_columns(flip=flip))
    rules = row_rules(selection)
    if not selection.z_score:  # else the bounds wait for the scale
        rules += bound_rules(selection)
    return apply_rules(working, rules)


def left(frame: pl.DataFrame) -> pl.DataFrame:
    """What phases need of a working frame: the pairs kept so far, without facts of their texts."""
    facts = [name for name in frame.columns if name.endswith(("_chars", "_tokens"))]
    return frame.filter(KEPT).drop("flags", *facts, strict=False)


def finish(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    """The decision that a working frame has come to.

    Output: `id`, `filter` (null: kept), `value`, `threshold`, `target`, `flip`, `smoothed`. Dropped
    pairs have no target, and their sides are not exchanged. Of several targets the first counts:
    one half for a contradiction that is to be soft; 1 - smoothing in the band up to `smooth`;
    sigma(gamma * margin), of the margin after its scaling, none where it is not known.
    """
    targets = [pl.lit(None, pl.Float64)]
    smoothed = pl.lit(False)
    if bands := selection.bands:
        mean = pl.col(MEASURED_MEAN)
        smoothed = ~pl.col("flip") & (mean <= bands.smooth).fill_null(False)
    if selection.gates.contradictions == "soft":
        targets.append(pl.when(flagged("contradicted")).then(0.5))
        smoothed &= ~flagged("contradicted")
    if bands:
        targets.append(pl.when(smoothed).then(1.0 - bands.smoothing))
    if soft := selection.soft_targets:
        margin = pl.col(soft.of)
        # Written as in `logistic.sigmoid`, so that nothing overflows.
        small = (-soft.gamma * margin.abs()).exp()
        sigma = pl.when(margin >= 0).then(1.0 / (1.0 + small)).otherwise(small / (1.0 + small))
        targets.append(pl.when(margin.is_not_nan()).then(sigma))
    return frame.select(
        "id",
        "filter",
        "value",
        "threshold",
        target=pl.when(KEPT).then(pl.coalesce(targets)),
        flip=KEPT & pl.col("flip"),
        smoothed=KEPT & smoothed,
    )


def decide(
    frame: pl.DataFrame, selection: Selection, seed: int = 0, facts: Sequence[Any] = ()
) -> pl.DataFrame:
    """The decision over some of the pairs, by the facts of all.

    Input: a frame with `COLUMNS`, or some of them; the selection; the seed; facts for each of its
    `phases`, in their order. Output: as `finish`, in the frame's order.
    """
    working = begin(frame, selection)
    steps = zip(phases(selection, seed), facts, strict=True)
    working = reduce(lambda so_far, step: step[0].decide(so_far, step[1]), steps, working)
    return finish(working, selection)


def decide_all(frame: pl.DataFrame, selection: Selection, seed: int = 0) -> pl.DataFrame:
    """The decision over all pairs, in one process.

    Input: a frame with `COLUMNS`, as `frame_of` or a Parquet file gives it; columns that it lacks
    count as null. Ids are unique. Output: `id`, `filter` (null: kept), `value`, `threshold`,
    `target`, `flip`, `smoothed`, in the frame's order.

    Parameters: `selection`; `seed` of what is drawn.

    Raises: UsageError for a selection that means nothing.

    >>> from curation.selection.thresholds import Bounds
    >>> frame = pl.DataFrame({"id": ["a", "b"], "margin": [0.5, 2.0]})
    >>> decide_all(frame, Selection({"margin": Bounds(1.0)})).rows()
    [('a', 'margin_min', 0.5, 1.0, None, False, False), ('b', None, None, None, None, False, False)]
    """
    working = begin(frame, checked(selection))
    for phase in phases(selection, seed):
        facts = phase.facts(phase.add(phase.start(), working))
        working = phase.decide(working, facts)
    return finish(working, selection)
