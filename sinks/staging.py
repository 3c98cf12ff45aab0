"""Writing records into part files where they are, without moving them between workers."""

import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam import coders
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from schemas.coders import RecordCoder
from sinks.layout import KINDS, parts_directory
from sinks.rows import Row, parquet_bytes, to_part_table, to_stored_row
from sinks.store import Store, open_store

PART_ROWS = 50_000
"""A part file has at most this many rows."""
PART_BYTES = 64 * 1024**2
"""A part file is closed when its rows' text reaches this many bytes."""
PART_GROUP_ROWS = 1_000
"""Rows of a part's row groups: small, because a reader wants one range of the keys only."""


class StagedPart(NamedTuple):
    """A part file that a bundle has written, sorted by `_key`.

    Only parts whose record reaches the next step count, so a bundle that was retried
    leaves a file behind and no row twice.
    """

    path: str
    """Relative to the dataset's root."""
    kind: str
    """One of `sinks.layout.KINDS`."""
    rows: int
    """Number of rows."""
    text_bytes: int
    """Sum of `sinks.rows.Row.text_bytes`."""


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
    _rows: list[Row]
    _bytes: int

    def __init__(
        self, kind: str, output: str, run_id: str, part_rows: int, part_bytes: int
    ) -> None:
        self._kind = kind
        self._output = output
        self._directory = parts_directory(run_id, kind)
        self._part_rows = part_rows
        self._part_bytes = part_bytes

    def setup(self) -> None:
        self._store = open_store(self._output)

    def start_bundle(self) -> None:
        self._rows, self._bytes = [], 0

    def process(self, record: Any) -> Iterator[StagedPart]:
        row = to_stored_row(record, self._kind)
        self._rows.append(row)
        self._bytes += row.text_bytes
        if len(self._rows) >= self._part_rows or self._bytes >= self._part_bytes:
            yield self._close_part()

    def finish_bundle(self) -> Iterator[WindowedValue]:
        if self._rows:
            yield GlobalWindows.windowed_value(self._close_part())

    def _close_part(self) -> StagedPart:
        # A random name, because a retried bundle must not replace a part that is being read.
        path = f"{self._directory}/{uuid.uuid4().hex}.parquet"
        table = to_part_table(self._rows, self._kind)
        self._store.write(path, parquet_bytes(table, PART_GROUP_ROWS))
        part = StagedPart(path, self._kind, len(self._rows), self._bytes)
        self._rows, self._bytes = [], 0
        return part
