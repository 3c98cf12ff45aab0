"""Choosing again: another selection over the scores that a snapshot stores, with no model call.

The decision is made over columns alone; after it, the texts are read and written once.
"""

import importlib.metadata
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from curation.selection.columns import COLUMNS, completed
from curation.selection.decision import decide_all
from curation.selection.flags import with_flags
from curation.selection.flip import flipped
from pipelines.audit import add_audit
from pipelines.recipe import Recipe, resolved
from pipelines.reselect_labels import NewLabels, relabelled
from pipelines.reselect_recipe import changed_recipe
from pipelines.select_settings import selection
from schemas.records import NamedScore, PreferencePair
from sinks.carry import carry_over
from sinks.duplicates import DUPLICATE_FILTER
from sinks.funnel import WRITE_STAGE, funnel_rows
from sinks.manifest import SnapshotManifest, read_snapshot
from sinks.measured import MeasuredFile, open_measured
from sinks.output import discard_run, prepare_output
from sinks.parts import PartWriter, StagedPart
from sinks.publish import PublishedSnapshot, publish
from sinks.redrops import drop_rows, earlier_drops, write_drops
from sinks.reselected import Decided, records_of, write_pairs
from sinks.store import Store, open_store
from sinks.summary import sum_up, write_summary

STAGE = "select"
"""Stage of the funnel that is replaced."""


def reselect(
    output: str,
    overrides: Sequence[str],
    labels: Mapping[str, Sequence[NamedScore]] | None = None,
) -> PublishedSnapshot:
    """Publish a snapshot with another selection of the current one's measured pairs.

    Input: the dataset's root. Parameters: `overrides`, `select.a=b` each; `labels` by pair id,
    which take the place of the same annotators' earlier ones.

    A snapshot of schema version 4 or earlier has kept its selected pairs only: they are what can
    be chosen from.

    Raises: RecipeError for an override that is wrong or not of `select`; UsageError for a label
    that is none; PublishError when there is no dataset or it is damaged. The former snapshot stays
    current then.
    """
    manifest = read_snapshot(output)
    recipe = changed_recipe(manifest, overrides)
    run_id = uuid.uuid4().hex
    prepare_output(output, run_id)
    try:
        _select_again(open_store(output), run_id, manifest, recipe, labels or {})
        if recipe.write.audit:
            add_audit(output, run_id)
        return publish(output, run_id, _run_info(manifest, recipe))
    except BaseException:
        discard_run(output, run_id)
        raise


def keeps_unselected(manifest: SnapshotManifest) -> bool:
    """Whether a snapshot has kept the measured pairs that it did not select."""
    return "pool" in manifest.records


class _Decision(NamedTuple):
    """What was decided: for the writer of pairs, and for the funnel."""

    decided: Decided
    drops: pa.Table
    reasons: Mapping[str, int]
    notes: Mapping[str, int]


def _select_again(
    store: Store,
    run_id: str,
    manifest: SnapshotManifest,
    recipe: Recipe,
    labels: Mapping[str, Sequence[NamedScore]],
) -> None:
    target = recipe.write.target_file_mb * 1_000_000
    measured = open_measured(store, manifest, run_id, partial(_as_measured_today, recipe=recipe))
    new = relabelled(measured, labels)
    outcome = _decide(measured, recipe, new)
    flips = _write_flipped(store, run_id, measured, outcome.decided)
    pairs = write_pairs(
        store, run_id, measured, outcome.decided, flips=flips, target_file_bytes=target
    )
    selected_out = [row["dropped"] for row in manifest.funnel if row["stage"] == STAGE]
    earlier = earlier_drops(store, manifest, dict(*selected_out))
    files = [
        *pairs.files,
        *write_drops(store, run_id, [*earlier, outcome.drops], target),
        *carry_over(store, manifest, run_id),
    ]
    funnel = _funnel(manifest.funnel, outcome, new, pairs.duplicates)
    write_summary(store, run_id, sum_up(files, funnel))


def _decide(measured: Sequence[MeasuredFile], recipe: Recipe, new: NewLabels) -> _Decision:
    frame = completed(_frame(measured)).with_columns(new.columns)
    result = decide_all(frame, selection(recipe), recipe.seed)
    out = result.filter(pl.col("filter").is_not_null())
    names = ("id", "filter", "value", "threshold")
    marks = result.select("smoothed", flipped="flip")
    keep = result["filter"].is_null().to_numpy()
    flip = result["flip"].fill_null(False).to_numpy() & keep
    targets = result["target"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return _Decision(
        Decided(keep, flip, targets, new.changes),
        drop_rows(*(out[name].to_list() for name in names)),
        Counter(out["filter"].to_list()),
        {name: n for name in ("flipped", "smoothed") if (n := int(marks[name].sum()))},
    )


def _frame(measured: Sequence[MeasuredFile]) -> pl.DataFrame:
    frames = [pl.from_arrow(file.columns(tuple(COLUMNS))) for file in measured]
    tables = [frame for frame in frames if isinstance(frame, pl.DataFrame)]
    return pl.concat(tables) if tables else pl.DataFrame(schema=dict(COLUMNS))


def _write_flipped(
    store: Store, run_id: str, measured: Iterable[MeasuredFile], decided: Decided
) -> list[StagedPart]:
    """Store the pairs whose sides are exchanged; few, so they go through records."""
    parts, start = PartWriter(store, "pairs", run_id), 0
    written = []
    for file in measured:
        for group, (first, end) in enumerate(zip(file.starts, file.starts[1:], strict=False)):
            at = start + first + np.flatnonzero(decided.flip[start + first : start + end])
            if not len(at):
                continue
            for number, pair in zip(
                at, records_of(file.group(group).take(at - start - first)), strict=True
            ):
                target = decided.target[number]
                changed = pair._replace(**decided.changes.get(int(number), {}))
                exchanged = flipped(changed)._replace(
                    target=None if np.isnan(target) else float(target)
                )
                written.append(parts.add(exchanged))
        start += file.starts[-1]
    return [part for part in (*written, parts.close()) if part]


def _funnel(
    former: Sequence[Mapping[str, Any]], outcome: _Decision, new: NewLabels, duplicates: int
) -> list[dict[str, Any]]:
    kept = int(outcome.decided.keep.sum())
    counts: dict[str, dict[str, int]] = {
        STAGE: {
            "in": len(outcome.decided.keep),
            "out": kept,
            **{f"drop:{name}": n for name, n in outcome.reasons.items()},
            **{f"note:{name}": n for name, n in {**outcome.notes, **new.notes}.items()},
        },
        WRITE_STAGE: {"in": kept, "out": kept - duplicates},
    }
    if duplicates:
        counts[WRITE_STAGE][f"drop:{DUPLICATE_FILTER}"] = duplicates
    replaced = {
        row["stage"]: row
        for row in funnel_rows(
            [((stage, key), n) for stage, keys in counts.items() for key, n in keys.items()], ()
        )
    }
    rows = [replaced.pop(row["stage"], dict(row)) for row in former]
    return [*rows, *replaced.values()]


def _as_measured_today(pair: PreferencePair, recipe: Recipe) -> PreferencePair:
    """A pair of an earlier version with what can be told of it without a model."""
    sides = [side[0].content.strip() if side else "" for side in (pair.chosen, pair.rejected)]
    identical = ("identical",) if sides[0] == sides[1] else ()
    pair = pair._replace(
        chosen_chars=len(sides[0]) if pair.chosen_chars is None else pair.chosen_chars,
        rejected_chars=len(sides[1]) if pair.rejected_chars is None else pair.rejected_chars,
        flags=with_flags(tuple(pair.flags), *identical),
    )
    if pair.split:
        return pair
    # Here because importing the transforms imports Beam, which nothing else needs.
    from transforms.select import assign_split

    return assign_split(pair, recipe.split.test, recipe.seed)


def _run_info(manifest: SnapshotManifest, recipe: Recipe) -> dict[str, Any]:
    """What the new snapshot's manifest says; the models and packages are those that measured."""
    return {
        "name": manifest.name,
        "recipe": resolved(recipe),
        "models": manifest.models,
        "inputs": manifest.inputs,
        "code_version": importlib.metadata.version("prefstream"),
        "packages": manifest.packages,
        "license": manifest.license,
    }
