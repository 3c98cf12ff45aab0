"""From part files, which depend on how the work was divided, to final files, which do not."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
from apache_beam import coders

from schemas.coders import RecordCoder
from schemas.records import SPLITS
from sinks.duplicates import without_duplicates
from sinks.finalfiles import TARGET_FILE_BYTES, FinalFile, WrittenFile, shape_of
from sinks.keyrange import key_range, read_range
from sinks.layout import DUPLICATES, KINDS, SURPLUS, final_directory, final_file
from sinks.parts import StagedPart
from sinks.store import Store, open_store


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
        shape = shape_of(rows, text, target_file_bytes)
        for number in range(shape.of):
            yield FileTask(kind, number, *shape)


class Compact(beam.PTransform):
    """Make the final files of a snapshot out of the parts.

    The same rows give byte-identical files in any order, bundling or number of workers. Of
    pairs with the same id, in whichever split, the one with the smallest (input file, position,
    method, row hash) stays; each other one becomes a `Drop`, and the pair itself goes to the pool.
    Beside each file of pairs lies one with the hashes of its rows. A worker holds one range of the
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
            order = [("_key", "ascending"), ("_hash", "ascending")]
            yield from self._write(table.sort_by(order), task, task.kind)
            return
        found = without_duplicates(table)
        for split in SPLITS:
            rows = found.pairs.filter(pc.equal(found.pairs["split"], split))
            yield from self._write(rows, task, "pairs", split=split)
        if found.drops.num_rows:
            yield from self._write(found.drops, task, DUPLICATES)
        if found.surplus.num_rows:
            yield from self._write(found.surplus, task, "pool", named=SURPLUS)

    def _write(
        self,
        table: pa.Table,
        task: FileTask,
        kind: str,
        *,
        split: str | None = None,
        named: str | None = None,
    ) -> Iterator[WrittenFile]:
        path = final_file(named or kind, split, task.number, task.of)
        file = FinalFile(
            self._store, self._directory, path, kind, split=split, group_rows=task.group_rows
        )
        file.add(table)
        yield from file.close()
