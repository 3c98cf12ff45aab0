"""Everything that a run delivers, written into its staging directory and summed up."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam

from schemas.errors import RunError
from schemas.records import SPLITS
from sinks.compact import DUPLICATE_FILTER, TARGET_FILE_BYTES, Compact, WrittenFile
from sinks.funnel import WRITE_STAGE, funnel_rows
from sinks.layout import DUPLICATES, KINDS, summary_file
from sinks.rows import digest
from sinks.staging import StagedPart, WriteStaged
from sinks.store import open_store

Count = tuple[tuple[str, str], int]
"""`((stage, key), n)` with key `in`, `out` or `drop:<reason>`."""


class WriteSnapshot(beam.PTransform):
    """Write all that a run delivers; `sinks.publish.publish` makes it visible afterwards.

    Input: a dictionary of PCollections: `pairs` (PreferencePair, split decided), `signals`
    (FeedbackSignal), `rejects` (Reject), `drops` (Drop) and `counts` (`Count`).
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
        self._path = summary_file(run_id)
        self._stages = stages

    def process(
        self,
        _: None,
        parts: Sequence[StagedPart],
        files: Sequence[WrittenFile],
        counts: Sequence[Count],
    ) -> Iterator[str]:
        text = json.dumps(summarise(parts, files, counts, self._stages), ensure_ascii=False)
        open_store(self._output).write(self._path, text.encode("utf-8", "replace"))
        yield text


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
    written = {kind: _rows(files, kind=kind) for kind in (*KINDS, DUPLICATES)}
    found = {**written, "pairs": written["pairs"] + written[DUPLICATES]}
    for kind in KINDS:
        if staged[kind] != found[kind]:
            raise RunError(f"{kind}: {staged[kind]:,} rows were staged, {found[kind]:,} written")
    duplicates = {f"drop:{DUPLICATE_FILTER}": written[DUPLICATES]} if written[DUPLICATES] else {}
    write = {"in": staged["pairs"], "out": written["pairs"], **duplicates}
    all_counts = [*counts, *(((WRITE_STAGE, key), n) for key, n in write.items())]
    return {
        "files": [file._asdict() for file in sorted(files)],
        "rows": {split: _rows(files, split=split) for split in SPLITS},
        "records": written,
        "digests": {kind: digest([f.digest for f in files if f.kind == kind]) for kind in written},
        "funnel": funnel_rows(all_counts, stages),
    }


def _rows(files: Iterable[WrittenFile], **having: str) -> int:
    wanted: Mapping[str, str] = having
    return sum(f.rows for f in files if all(getattr(f, k) == v for k, v in wanted.items()))
