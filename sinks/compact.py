"""From part files, which depend on how the work was divided, to final files, which do not."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam import coders

from schemas.arrow import arrow_schema
from schemas.coders import RecordCoder
from schemas.records import SPLITS, Drop
from sinks.keyrange import key_range, read_range
from sinks.layout import DUPLICATES, KINDS, final_directory, final_file
from sinks.rows import digest, parquet_bytes, to_part_table, to_stored_row
from sinks.staging import StagedPart
from sinks.store import Store, open_store

TARGET_FILE_BYTES = 256 * 1024**2
"""Text in one range of the keys, in bytes; its files are some three times smaller."""
GROUP_ROWS = 10_000
"""A row group has at most this many rows."""
GROUP_BYTES = 32 * 1024**2
"""A row group has about this much text at most, in bytes."""
DUPLICATE_FILTER = "duplicate_pair"
"""`Drop.filter` of a pair that was found more than once."""


class WrittenFile(NamedTuple):
    """A final file of a snapshot."""

    path: str
    """Relative to the snapshot's directory."""
    kind: str
    """One of `sinks.layout.KINDS`, or `duplicates`."""
    split: str | None
    """Split of a file of pairs."""
    rows: int
    """Number of rows."""
    size: int
    """Bytes."""
    sha256: str
    """SHA-256 of the file, hexadecimal."""
    digest: str
    """`sinks.rows.digest` of the rows."""


class FileTask(NamedTuple):
    """One range of one kind's keys: what one worker makes final files from."""

    kind: str
    """One of `sinks.layout.KINDS`."""
    number: int
    """Number of the range, from 0."""
    of: int
    """Number of ranges."""
    group_rows: int
    """Rows of a row group."""


for _record in (WrittenFile, FileTask):
    coders.registry.register_coder(_record, RecordCoder)


def plan_files(parts: Sequence[StagedPart], target_file_bytes: int) -> Iterator[FileTask]:
    """Divide each kind's keys into as many ranges as its text needs files, at least one.

    >>> [task.of for task in plan_files([StagedPart("p", "drops", 10, 100)], 30)]
    [1, 1, 1, 1, 1, 4, 4, 4, 4]
    """
    for kind in KINDS:
        rows = sum(part.rows for part in parts if part.kind == kind)
        text = sum(part.text_bytes for part in parts if part.kind == kind)
        of = max(1, math.ceil(text / target_file_bytes))
        group_rows = max(1, min(GROUP_ROWS, GROUP_BYTES * rows // max(1, text))) if rows else 1
        for number in range(of):
            yield FileTask(kind, number, of, group_rows)


class Compact(beam.PTransform):
    """Make the final files of a snapshot out of the parts.

    The same rows give byte-identical files in any order, bundling or number of workers. Of
    pairs with the same id, in whichever split, the one with the smallest (input file, position,
    method, row hash) stays; each other one becomes a `Drop`. A worker holds one range of the
    keys in memory, some three times `target_file_bytes` at its peak.

    Input: PCollection[StagedPart] of all kinds. Output: PCollection[WrittenFile], at least one
    for each kind and each split.

    Parameters: `output` and `run_id` as in `sinks.staging.WriteStaged`; `target_file_bytes`,
    the text of one range.

    Example: `parts | Compact("gs://bucket/out", run_id)`
    """

    def __init__(
        self, output: str, run_id: str, target_file_bytes: int = TARGET_FILE_BYTES
    ) -> None:
        super().__init__()
        self._write = _WriteFinalFiles(output, final_directory(run_id))
        self._target = target_file_bytes

    def expand(self, parts: beam.PCollection[StagedPart]) -> beam.PCollection[WrittenFile]:
        """Plan, spread over the workers, write."""
        # The list of parts is small: one entry per bundle.
        all_parts = beam.pvalue.AsList(parts)
        return (
            parts.pipeline
            | "Once" >> beam.Create([None])
            | "Plan files"
            >> beam.FlatMap(
                lambda _, parts, target: plan_files(parts, target), all_parts, self._target
            ).with_output_types(FileTask)
            | "Spread" >> beam.Reshuffle()
            | "Write files" >> beam.ParDo(self._write, all_parts).with_output_types(WrittenFile)
        )


class _WriteFinalFiles(beam.DoFn):
    _store: Store

    def __init__(self, output: str, directory: str) -> None:
        self._output = output
        self._directory = directory

    def setup(self) -> None:
        self._store = open_store(self._output)

    def process(self, task: FileTask, parts: Sequence[StagedPart]) -> Iterator[WrittenFile]:
        paths = [part.path for part in parts if part.kind == task.kind]
        table = read_range(self._store, paths, task.kind, key_range(task.number, task.of))
        if task.kind != "pairs":
            yield self._write(table.sort_by("_key"), task, task.kind, None)
            return
        pairs, duplicates = without_duplicates(table)
        for split in SPLITS:
            yield self._write(pairs.filter(pc.equal(pairs["split"], split)), task, "pairs", split)
        if duplicates.num_rows:
            yield self._write(duplicates, task, DUPLICATES, None)

    def _write(self, table: pa.Table, task: FileTask, kind: str, split: str | None) -> WrittenFile:
        path = final_file(kind, split, task.number, task.of)
        schema = arrow_schema(KINDS["drops" if kind == DUPLICATES else kind])
        columns = pa.table([table[name] for name in schema.names], schema=schema)
        data = parquet_bytes(columns, task.group_rows)
        self._store.write(f"{self._directory}/{path}", data)
        sha256 = hashlib.sha256(data).hexdigest()
        hashes = digest(table["_hash"].to_pylist())
        return WrittenFile(path, kind, split, table.num_rows, len(data), sha256, hashes)


def without_duplicates(pairs: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Keep one pair of each id.

    Input: a part table of pairs. Output: the pairs that stay, sorted by id, and a part table
    of the drops, one for each pair taken out.
    """
    origin = pairs["provenance"].combine_chunks()
    order = {
        "_key": pairs["_key"],
        "input": pc.struct_field(origin, "input"),
        "position": pc.struct_field(origin, "position"),
        "method": pairs["method"],
        "_hash": pairs["_hash"],
    }
    indices = pc.sort_indices(pa.table(order), [(name, "ascending") for name in order])
    pairs = pairs.take(indices)
    keys = pairs["_key"].to_pylist()
    first = pa.array([i == 0 or key != keys[i - 1] for i, key in enumerate(keys)], pa.bool_())
    return pairs.filter(first), _as_drops(pairs.filter(pc.invert(first))["id"].to_pylist())


def _as_drops(pair_ids: Iterable[str]) -> pa.Table:
    drops = (Drop(pair_id, DUPLICATE_FILTER, None, None) for pair_id in pair_ids)
    return to_part_table([to_stored_row(drop, "drops") for drop in drops], "drops")
