"""Everything that a run delivers, written into its staging directory and summed up."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from schemas.errors import RunError
from sinks.compact import Compact
from sinks.duplicates import DUPLICATE_FILTER
from sinks.finalfiles import TARGET_FILE_BYTES, WrittenFile
from sinks.funnel import WRITE_STAGE, funnel_rows
from sinks.layout import DUPLICATES, KINDS, SURPLUS, final_file
from sinks.parts import StagedPart
from sinks.staging import WriteStaged
from sinks.store import open_store
from sinks.summary import sum_up, write_summary

Count = tuple[tuple[str, str], int]
"""`((stage, key), n)` with key `in`, `out` or `drop:<reason>`."""


_SURPLUS = final_file(SURPLUS, None, 0, 1).split("-")[0]


class WriteSnapshot(beam.PTransform):
    """Write all that a run delivers; `sinks.publish.publish` makes it visible afterwards.

    Input: a dictionary of PCollections: one of each of `sinks.layout.KINDS`, the splits of `pairs`
    and `pool` decided, and `counts` (`Count`).
    Output: PCollection[str] of one element, the JSON summary that also lies in the run's
    staging directory: files, rows, digests and the funnel. It is written for an empty run too.

    Parameters: `output`, the dataset's root on any Beam filesystem; `run_id`; `stages`, the
    names of the funnel's stages in order; `target_file_bytes`, the text of a data file.

    Raises (when it runs): SchemaError for a pair without a split or a record that does not
    fit; RunError when rows were lost between staging and final files.

    Example: `{"pairs": pairs, …, "counts": counts} | WriteSnapshot(output, run_id, stages)`
    """

    def __init__(
        self,
        output: str,
        run_id: str,
        stages: Sequence[str] = (),
        target_file_bytes: int = TARGET_FILE_BYTES,
    ) -> None:
        super().__init__()
        self._output = output
        self._run_id = run_id
        self._stages = tuple(stages)
        self._target = target_file_bytes

    def expand(self, inputs: Any) -> beam.PCollection[str]:
        """Stage, compact, sum up."""
        staged = [
            inputs[kind] | f"Stage {kind}" >> WriteStaged(kind, self._output, self._run_id)
            for kind in KINDS
        ]
        parts = staged | "All parts" >> beam.Flatten()
        files = parts | "Compact" >> Compact(self._output, self._run_id, self._target)
        counts = inputs["counts"] | "Sum counts" >> beam.CombinePerKey(sum)
        return (
            files.pipeline
            | "Once" >> beam.Create([None])
            | "Summarise"
            >> beam.ParDo(
                _WriteSummary(self._output, self._run_id, self._stages),
                # All three are small: one entry per bundle, file, and stage and reason.
                beam.pvalue.AsList(parts),
                beam.pvalue.AsList(files),
                beam.pvalue.AsList(counts),
            ).with_output_types(str)
        )


class _WriteSummary(beam.DoFn):
    def __init__(self, output: str, run_id: str, stages: tuple[str, ...]) -> None:
        self._output = output
        self._run_id = run_id
        self._stages = stages

    def process(
        self,
        _: None,
        parts: Sequence[StagedPart],
        files: Sequence[WrittenFile],
        counts: Sequence[Count],
    ) -> Iterator[str]:
        summary = summarise(parts, files, counts, self._stages)
        yield write_summary(open_store(self._output), self._run_id, summary)


def summarise(
    parts: Sequence[StagedPart],
    files: Sequence[WrittenFile],
    counts: Iterable[Count],
    stages: Sequence[str],
) -> dict[str, Any]:
    """Sum up what was staged and written.

    Output: `files`, `rows` (by split), `records` (by kind), `digests` (by kind), `funnel`.

    Raises: RunError when a staged row is in no file, or a row is in a file that was not staged.
    """
    staged = {kind: sum(part.rows for part in parts if part.kind == kind) for kind in KINDS}
    surplus = [file for file in files if file.path.startswith(_SURPLUS)]
    delivered = [file for file in files if file not in surplus]
    written = {kind: _rows(delivered, kind) for kind in (*KINDS, DUPLICATES)}
    found = {**written, "pairs": written["pairs"] + written[DUPLICATES]}
    for kind in KINDS:
        if staged[kind] != found[kind]:
            raise RunError(f"{kind}: {staged[kind]:,} rows were staged, {found[kind]:,} written")
    if _rows(surplus, "pool") > written[DUPLICATES]:
        raise RunError(f"pool: more than the {written[DUPLICATES]:,} duplicates were added")
    duplicates = {f"drop:{DUPLICATE_FILTER}": written[DUPLICATES]} if written[DUPLICATES] else {}
    write = {"in": staged["pairs"], "out": written["pairs"], **duplicates}
    all_counts = [*counts, *(((WRITE_STAGE, key), n) for key, n in write.items())]
    return sum_up(files, funnel_rows(all_counts, stages))


def _rows(files: Iterable[WrittenFile], kind: str) -> int:
    return sum(file.rows for file in files if file.kind == kind)
