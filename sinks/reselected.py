"""The final files of a snapshot that is made of another one's measured pairs.

Texts are read once, in the order of the ids, and written once: a step at a time is in memory.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import from_row
from schemas.records import SPLITS, PreferencePair
from sinks.duplicates import has_repeated, without_duplicates
from sinks.finalfiles import (
    TARGET_FILE_BYTES,
    FinalFile,
    FinalFiles,
    Shape,
    WrittenFile,
    shape_of,
)
from sinks.keyrange import key_range, read_range
from sinks.layout import DUPLICATES, final_directory, final_file
from sinks.measured import Cursor, MeasuredFile
from sinks.parts import StagedPart
from sinks.rows import part_schema, to_part_table, to_stored_row
from sinks.store import Store

STEP_BYTES = 48 * 1024**2
"""Text of the pairs that are in memory together."""


class Decided(NamedTuple):
    """What becomes of each measured pair, in the order in which `MeasuredFile`s have them."""

    keep: npt.NDArray[np.bool_]
    """Whether the pair is selected."""
    flip: npt.NDArray[np.bool_]
    """Whether it is selected with its sides exchanged."""
    target: npt.NDArray[np.float64]
    """Its soft target, NaN for none."""
    changes: Mapping[int, Mapping[str, Any]] = {}
    """New values of fields, by the number of the pair."""


class Rewritten(NamedTuple):
    """What `write_pairs` has written."""

    files: list[WrittenFile]
    """Files of pairs, of the pool and of duplicates, and those of hashes."""
    duplicates: int
    """Selected pairs that were there more than once."""


def write_pairs(
    store: Store,
    run_id: str,
    measured: Sequence[MeasuredFile],
    decided: Decided,
    *,
    flips: Sequence[StagedPart] = (),
    target_file_bytes: int = TARGET_FILE_BYTES,
) -> Rewritten:
    """Write pairs and pool as decided, as a run with the same selection would have.

    Input: the files of measured pairs; what was decided; parts with the flipped pairs as they are
    to be published. Parameters: `target_file_bytes`, the text of a data file.
    """
    writing = _Writing(store, run_id, _shapes(measured, decided, flips, target_file_bytes))
    starts = np.cumsum([0, *(file.starts[-1] for file in measured)])
    cursors = [Cursor(file, int(start)) for file, start in zip(measured, starts, strict=False)]
    flipped = [part.path for part in flips]
    steps = max(1, math.ceil(sum(int(file.text_bytes.sum()) for file in measured) / STEP_BYTES))
    # While a step is written, the next one is read.
    with ThreadPoolExecutor(len(writing.files)) as threads:
        under_way: list[Future[None]] = []
        for step in range(steps):
            keys = key_range(step, steps)
            rows = pa.concat_tables([cursor.below(keys.high) for cursor in cursors])
            exchanged = read_range(store, flipped, "pairs", keys)
            outcome = _sorted_out(rows, decided, exchanged)
            _wait(under_way)
            under_way = [threads.submit(add, rows) for add, rows in writing.work(outcome)]
        _wait(under_way)
    return writing.finished()


def _wait(under_way: Iterable[Future[None]]) -> None:
    for work in under_way:
        work.result()


class _Outcome(NamedTuple):
    """Part tables of one step, each in the order of its keys."""

    pairs: Mapping[str, pa.Table]
    """Selected pairs by split."""
    pool: pa.Table
    drops: pa.Table
    """Of selected pairs that were there more than once."""


def _sorted_out(rows: pa.Table, decided: Decided, exchanged: pa.Table) -> _Outcome:
    rows = _changed(rows, decided.changes)
    at = rows["_at"].to_numpy()
    rows = pa.concat_tables([rows.drop_columns("_at"), exchanged]).combine_chunks()
    new = exchanged["target"].to_numpy(), np.ones(exchanged.num_rows, np.bool_)
    kept = np.concatenate([decided.keep[at] & ~decided.flip[at], new[1]])
    targets = np.concatenate([decided.target[at], new[0].astype(np.float64)])
    rows = with_targets_of(rows, np.where(kept, targets, np.nan))
    # Texts are copied once: first comes the order, then each row is taken to where it belongs.
    keys = rows.select(["_key", "_hash"])
    order = pc.sort_indices(keys, [("_key", "ascending"), ("_hash", "ascending")]).to_numpy()
    chosen, others = order[kept[order]], order[~kept[order]]
    if has_repeated(rows["_key"].take(pa.array(chosen))):
        return _without_duplicates(rows.take(pa.array(chosen)), rows.take(pa.array(others)))
    nothing = part_schema("drops").empty_table()
    sides = {split: pc.equal(rows["split"], split).to_numpy() for split in SPLITS}
    pairs = {split: rows.take(pa.array(chosen[side[chosen]])) for split, side in sides.items()}
    return _Outcome(pairs, rows.take(pa.array(others)), nothing)


def _without_duplicates(pairs: pa.Table, pool: pa.Table) -> _Outcome:
    distinct = without_duplicates(pairs)
    by_split = {
        split: distinct.pairs.filter(pc.equal(distinct.pairs["split"], split)) for split in SPLITS
    }
    order = [("_key", "ascending"), ("_hash", "ascending")]
    everything = pa.concat_tables([pool, distinct.surplus]).sort_by(order)
    return _Outcome(by_split, everything, distinct.drops)


def with_targets_of(pairs: pa.Table, targets: npt.NDArray[np.float64]) -> pa.Table:
    """Pairs with their soft targets, NaN for none."""
    column = pa.array(targets, pa.float64(), mask=np.isnan(targets))
    return pairs.set_column(pairs.schema.get_field_index("target"), pairs.field("target"), column)


def _changed(rows: pa.Table, changes: Mapping[int, Mapping[str, Any]]) -> pa.Table:
    """Rows with the changed ones stored again, in another order then."""
    if not changes:
        return rows
    touched = pc.is_in(rows["_at"], value_set=pa.array(list(changes), pa.int64()))
    if not pc.any(touched).as_py():
        return rows
    again = rows.filter(touched)
    stored = [
        to_part_table(
            [to_stored_row(pair._replace(**changes[at]), "pairs")], "pairs"
        ).append_column(rows.field("_at"), pa.array([at]))
        for at, pair in zip(again["_at"].to_pylist(), records_of(again), strict=True)
    ]
    return pa.concat_tables([rows.filter(pc.invert(touched)), *stored])


def records_of(pairs: pa.Table) -> Iterable[PreferencePair]:
    """The pairs of a part table as records."""
    return (from_row(row, PreferencePair) for row in pairs.to_pylist())


class _Writing:
    """The files that are being written, and what was found twice on the way."""

    def __init__(self, store: Store, run_id: str, shapes: Mapping[str, Shape]) -> None:
        self._store, self._directory = store, final_directory(run_id)
        self.files = {
            **{
                split: FinalFiles(store, self._directory, "pairs", split, shapes["pairs"])
                for split in SPLITS
            },
            "pool": FinalFiles(store, self._directory, "pool", None, shapes["pool"]),
        }
        self._drops: list[pa.Table] = []

    def work(self, outcome: _Outcome) -> list[tuple[Callable[[pa.Table], None], pa.Table]]:
        """What is to be done with the rows of a step: functions with their argument."""
        if outcome.drops.num_rows:
            self._drops.append(outcome.drops)
        rows = {**outcome.pairs, "pool": outcome.pool}
        return [(file.add, rows[name]) for name, file in self.files.items()]

    def finished(self) -> Rewritten:
        """Store what is left."""
        written = [done for files in self.files.values() for done in files.close()]
        drops = pa.concat_tables([part_schema("drops").empty_table(), *self._drops])
        if drops.num_rows:
            path = final_file(DUPLICATES, None, 0, 1)
            shape = shape_of(drops.num_rows, pc.sum(drops["_bytes"]).as_py(), 2**62)
            file = FinalFile(
                self._store, self._directory, path, DUPLICATES, group_rows=shape.group_rows
            )
            file.add(drops.sort_by("_key"))
            written += file.close()
        return Rewritten(written, drops.num_rows)


def _shapes(
    measured: Sequence[MeasuredFile],
    decided: Decided,
    flips: Sequence[StagedPart],
    target_file_bytes: int,
) -> dict[str, Shape]:
    text = np.concatenate([np.zeros(0, np.int64), *(file.text_bytes for file in measured)])
    kept = decided.keep & ~decided.flip
    pairs = int(text[kept].sum()) + sum(part.text_bytes for part in flips)
    rows = int(kept.sum()) + sum(part.rows for part in flips)
    pool = int(text[~kept].sum())
    return {
        "pairs": shape_of(rows, pairs, target_file_bytes),
        "pool": shape_of(len(text) - int(kept.sum()), pool, target_file_bytes),
    }
