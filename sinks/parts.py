"""Part files: records as they come, sorted within each file, before they are put in order."""

import uuid
from typing import Any, NamedTuple

from sinks.layout import parts_directory
from sinks.rows import Row, parquet_bytes, to_part_table, to_stored_row
from sinks.store import Store

PART_ROWS = 50_000
"""A part file has at most this many rows."""
PART_BYTES = 64 * 1024**2
"""A part file is closed when its rows' text reaches this many bytes."""
PART_GROUP_ROWS = 1_000
"""Rows of a part's row groups: small, because a reader wants one range of the keys only."""


class StagedPart(NamedTuple):
    """A part file that is written, sorted by `_key`.

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


class PartWriter:
    """Gathers records of one kind and writes a part file whenever there are enough.

    Parameters: the store; `kind` of the records; `run_id`, whose staging directory is written to;
    `part_rows` and `part_bytes`, at which a part is closed.
    """

    def __init__(
        self,
        store: Store,
        kind: str,
        run_id: str,
        part_rows: int = PART_ROWS,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._store, self._kind = store, kind
        self._directory = parts_directory(run_id, kind)
        self._part_rows, self._part_bytes = part_rows, part_bytes
        self._rows: list[Row] = []
        self._bytes = 0

    def add(self, record: Any) -> StagedPart | None:
        """Take one more record; gives the part that it has filled.

        Raises: SchemaError for a record that does not fit its schema.
        """
        row = to_stored_row(record, self._kind)
        self._rows.append(row)
        self._bytes += row.text_bytes
        full = len(self._rows) >= self._part_rows or self._bytes >= self._part_bytes
        return self.close() if full else None

    def close(self) -> StagedPart | None:
        """Write what is left; gives its part, None when nothing is."""
        if not self._rows:
            return None
        # A random name, because a retried bundle must not replace a part that is being read.
        path = f"{self._directory}/{uuid.uuid4().hex}.parquet"
        table = to_part_table(self._rows, self._kind)
        self._store.write(path, parquet_bytes(table, PART_GROUP_ROWS))
        part = StagedPart(path, self._kind, len(self._rows), self._bytes)
        self._rows, self._bytes = [], 0
        return part
