"""Choosing the pairs of a published dataset that humans should label next.

What pairs are worth is read from single columns, whatever the size of the dataset; texts are read
for the most worthy few thousand only, but where features of the texts decide.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from curation.models.sentence_encoder import SentenceEncoder
from curation.selection.annotation import WORTHS, pick_diverse, shortlist_size, worth_of
from curation.selection.blind import task_of
from curation.selection.clusters import request_text
from curation.selection.flip import flipped
from curation.selection.routing import Gains, route
from curation.selection.routing_features import routing_features
from curation.selection.semantics import codes, learn
from schemas.arrow import from_row
from schemas.errors import UsageError
from schemas.records import PreferencePair
from sinks.datafiles import open_data_files
from sinks.duplicates import is_flipped
from sinks.manifest import SnapshotManifest, read_snapshot
from sinks.store import Store, open_store

_BATCH_ROWS = 1_000
_ROUTED_COLUMNS = ("predictive_entropy", "language")
_SIDES = ("id", "prompt", "chosen", "rejected")
_TEXTS = (*_SIDES, *_ROUTED_COLUMNS)


class Wanted(NamedTuple):
    """Which pairs are to be chosen.

    Parameters: `number` of them; `by`, a column of `curation.selection.annotation.WORTHS`;
    `diversity`, 0 to 1; `pool`, whether pairs that were not selected are candidates too;
    `excluded`, ids that are none; `gains`, a fitted regression that takes the place of `by` and
    `diversity`; `features`, whether the tasks have their routing features; `encoder` of these.
    """

    number: int = 100
    by: str = "uncertainty"
    diversity: float = 0.3
    pool: bool = False
    excluded: frozenset[str] = frozenset()
    gains: Gains | None = None
    features: bool = False
    encoder: SentenceEncoder | None = None


class Tasks(NamedTuple):
    """What was chosen, and what from."""

    tasks: Sequence[dict[str, Any]]
    """Tasks for annotators, the most worthy pair first."""
    candidates: int
    """Pairs that could have been chosen."""
    without_value: int
    """Pairs that have no value in the column, or an impossible one."""
    excluded: int
    """Pairs that were excluded."""


def select_for_annotation(output: str, wanted: Wanted, snapshot: str | None = None) -> Tasks:
    """Choose the pairs of a snapshot, by default the current one, that are most worth a label.

    Output: the same for a snapshot, however its files are divided. A pair whose sides the selection
    has exchanged is shown as it was measured, so that `reselect` finds it again.

    Raises: UsageError where no pair has what is asked for; PublishError when there is no snapshot.
    """
    store, manifest = open_store(output), read_snapshot(output, snapshot)
    if wanted.pool and "pool" not in manifest.records:
        raise UsageError(
            f"--pool: snapshot {manifest.id} has kept no pairs that were not selected: run again"
        )
    worths = _gained(store, manifest, wanted) if wanted.gains else _valued(store, manifest, wanted)
    ranked = worths.drop_nulls().sort(["worth", "id"], descending=[True, False])
    ranked = ranked.unique("id", keep="first", maintain_order=True)
    excluded = pl.col("id").is_in(list(wanted.excluded))
    left = ranked.filter(~excluded) if wanted.excluded else ranked
    if not len(ranked):
        raise UsageError(_nothing(len(worths), wanted))
    short = left.head(_shortlist(wanted))
    pairs = _pairs(store, manifest, wanted, short["id"])
    picked = _picked(pairs, short["worth"].to_list(), wanted)
    return Tasks(
        [_task(pair, wanted) for pair in picked],
        len(left),
        len(worths) - worths["worth"].count(),
        len(ranked) - len(left),
    )


def _shortlist(wanted: Wanted) -> int:
    needs_texts = wanted.gains.quadratic if wanted.gains else wanted.diversity > 0
    return shortlist_size(wanted.number) if needs_texts else wanted.number


def _picked(
    pairs: Sequence[PreferencePair], worths: Sequence[float], wanted: Wanted
) -> list[PreferencePair]:
    if wanted.gains:
        features = [routing_features(pair, wanted.encoder) for pair in pairs]
        places = route(wanted.gains, features, wanted.number)
    else:
        words = [codes(request_text(pair.prompt)) for pair in pairs]
        # What is learnt must not depend on which pair is worth more.
        in_order = [words[at] for at in sorted(range(len(pairs)), key=lambda at: pairs[at].id)]
        vectors = learn(in_order).vectors(words)
        places = pick_diverse(worths, vectors, wanted.number, wanted.diversity)
    return [pairs[at] for at in places]


def _task(pair: PreferencePair, wanted: Wanted) -> dict[str, Any]:
    task = task_of(pair)
    if wanted.features:
        task["features"] = list(routing_features(pair, wanted.encoder))
    return task


def _valued(store: Store, manifest: SnapshotManifest, wanted: Wanted) -> pl.DataFrame:
    """Ids as they were measured, and what the pairs are worth by a column."""

    def worths(table: pa.Table) -> list[float | None]:
        return [worth_of(wanted.by, value) for value in table[wanted.by].to_pylist()]

    worth_of(wanted.by, None)  # asked before anything is read, whether there is such a column
    return _worths(store, manifest, wanted, (wanted.by,), worths)


def _gained(store: Store, manifest: SnapshotManifest, wanted: Wanted) -> pl.DataFrame:
    """Ids as they were measured, and what the pairs would add to nothing."""

    def worths(table: pa.Table) -> list[float | None]:
        pairs = map(_pair, table.to_pylist())
        return [gains.gain(routing_features(pair, wanted.encoder)) for pair in pairs]

    gains = wanted.gains or Gains(0.0, {}, {})
    return _worths(store, manifest, wanted, _TEXTS, worths)


def _worths(
    store: Store,
    manifest: SnapshotManifest,
    wanted: Wanted,
    columns: Sequence[str],
    worths: Callable[[pa.Table], list[float | None]],
) -> pl.DataFrame:
    frames = [pl.DataFrame(schema={"id": pl.String, "worth": pl.Float64})]
    for table in _tables(store, manifest, wanted.pool, columns):
        shown = {"id": table["id"].to_pylist(), "worth": worths(table)}
        frames.append(pl.DataFrame(shown, frames[0].schema))
    return pl.concat(frames)


def _pairs(
    store: Store, manifest: SnapshotManifest, wanted: Wanted, ids: pl.Series
) -> list[PreferencePair]:
    """The pairs of some ids, in their order."""
    listed, found = pa.array(ids.to_list(), pa.string()), {}
    for table in _tables(store, manifest, wanted.pool, _TEXTS):
        for row in table.filter(pc.is_in(table["id"], value_set=listed)).to_pylist():
            found[row["id"]] = _pair(row)
    return [found[pair_id] for pair_id in ids.to_list()]


def _tables(
    store: Store, manifest: SnapshotManifest, pool: bool, columns: Sequence[str]
) -> Iterator[pa.Table]:
    """Some columns of the candidates, in batches, each pair as it was measured.

    Where the pool is read, it has the measured pair of each that was flipped.
    """
    names = dict.fromkeys(("id", "flags", *columns))
    for parquet in open_data_files(
        store, manifest, kinds=("pairs", "pool") if pool else ("pairs",)
    ):
        stored = set(parquet.schema_arrow.names)
        read = [name for name in names if name in stored]
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, read)
            for name in names:  # files of earlier versions lack some
                if name not in stored:
                    table = table.append_column(name, pa.nulls(table.num_rows))
            turned = is_flipped(table) if "flags" in stored else pa.array([], pa.bool_())
            if turned.true_count and pool:
                table = table.filter(pc.invert(turned))
            elif turned.true_count:
                texts = parquet.read_row_group(group, list(_SIDES))
                table = _turned_back(table, texts, pc.indices_nonzero(turned).to_pylist())
            for start in range(0, table.num_rows, _BATCH_ROWS):
                yield table.slice(start, _BATCH_ROWS)


def _turned_back(table: pa.Table, texts: pa.Table, places: Sequence[int]) -> pa.Table:
    """The table with the ids, and the texts that it has, of the pairs before they were flipped."""
    before = {at: flipped(_pair(texts.slice(at, 1).to_pylist()[0])) for at in places}
    for name in _SIDES:
        if name not in table.column_names:
            continue
        values = table[name].to_pylist()
        for at, pair in before.items():
            value = getattr(pair, name)
            values[at] = value if name == "id" else [message._asdict() for message in value]
        field = table.schema.get_field_index(name)
        table = table.set_column(field, name, pa.array(values, table.schema.field(name).type))
    return table


def _pair(row: dict[str, Any]) -> PreferencePair:
    pair: PreferencePair = from_row({"provenance": {}, **row}, PreferencePair)
    return pair


def _nothing(pairs: int, wanted: Wanted) -> str:
    if not pairs:
        return "there are no pairs to choose from" + ("" if wanted.pool else ": try --pool")
    filled_by = WORTHS[wanted.by].filled_by
    return (
        f"none of the {pairs:,} pairs has a value in {wanted.by}, which {filled_by} fills: measure "
        f"it with `curate run`, or choose by another column: {', '.join(WORTHS)}"
    )
