"""Writing records into part files where they are, without moving them between workers."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam import coders
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.coders import RecordCoder
from sinks.layout import KINDS
from sinks.parts import PART_BYTES, PART_ROWS, PartWriter, StagedPart
from sinks.store import Store, open_store

coders.registry.register_coder(StagedPart, RecordCoder)


class WriteStaged(beam.PTransform):
    """Write the records of one kind into part files, a few per bundle, without a shuffle.

    Input: PCollection of the kind's record (`sinks.layout.KINDS`).
    Output: PCollection[StagedPart].

    Parameters: `kind`; `output`, the dataset's root on any Beam filesystem; `run_id`;
    `part_rows` and `part_bytes`, at which a part is closed.

    Raises (when it runs): SchemaError for a record that does not fit its schema.

    Example: `drops | WriteStaged("drops", "gs://bucket/out", run_id)`
    """

    def __init__(
        self,
        kind: str,
        output: str,
        run_id: str,
        part_rows: int = PART_ROWS,
        part_bytes: int = PART_BYTES,
    ) -> None:
        super().__init__()
        self._write = _WriteParts(kind, output, run_id, part_rows, part_bytes)
        self._record = KINDS[kind]

    def expand(self, records: beam.PCollection) -> beam.PCollection[StagedPart]:
        """Write part files."""
        return records | "Write parts" >> beam.ParDo(self._write).with_input_types(self._record)


class _WriteParts(beam.DoFn):
    _store: Store
    _part: PartWriter

    def __init__(
        self, kind: str, output: str, run_id: str, part_rows: int, part_bytes: int
    ) -> None:
        self._output = output
        self._written = (kind, run_id, part_rows, part_bytes)

    def setup(self) -> None:
        self._store = open_store(self._output)

    def start_bundle(self) -> None:
        self._part = PartWriter(self._store, *self._written)

    def process(self, record: Any) -> Iterator[StagedPart]:
        if part := self._part.add(record):
            yield part

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if part := self._part.close():
            yield GlobalWindows.windowed_value(part)
