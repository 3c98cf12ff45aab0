"""The final files of a snapshot: rows in the order of their keys, written group by group."""

import hashlib
import io
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.arrow import VERSION_KEY, arrow_schema
from schemas.records import SCHEMA_VERSION
from sinks.keyrange import key_range
from sinks.layout import DUPLICATES, INDEX, KINDS, final_file, index_file
from sinks.rowhash import from_hexadecimal, summed, with_targets
from sinks.rows import COMPRESSION_LEVEL, PAIR_KINDS, digest, parquet_bytes, parquet_writer
from sinks.store import Store

TARGET_FILE_BYTES = 256 * 1024**2
"""Text in one range of the keys, in bytes; its files are some three times smaller."""
POOL_LEVEL = 1
"""Zstandard level of the pool, which is read by nobody but the next selection."""
GROUP_ROWS = 10_000
"""A row group has at most this many rows."""
GROUP_BYTES = 32 * 1024**2
"""A row group has about this much text at most, in bytes."""
INDEX_SCHEMA = pa.schema(
    [
        pa.field("hash", pa.binary(16), False),
        pa.field("bytes", pa.int64(), False),
        pa.field("split", pa.dictionary(pa.int8(), pa.string()), False),
    ],
    {VERSION_KEY: str(SCHEMA_VERSION).encode()},
)
"""What is kept beside each row of a file of pairs, in the same order: hash and length of the row as
it was measured, and its split."""


class WrittenFile(NamedTuple):
    """A final file of a snapshot."""

    path: str
    """Relative to the snapshot's directory."""
    kind: str
    """One of `sinks.layout.KINDS`, or `duplicates` or `index`."""
    split: str | None
    """Split of a file of pairs."""
    rows: int
    """Number of rows."""
    size: int
    """Bytes."""
    sha256: str
    """SHA-256 of the file, hexadecimal."""
    digest: str
    """`sinks.rows.digest` of the rows; of no row for a file of hashes."""


class Shape(NamedTuple):
    """How the rows of a kind are divided."""

    of: int
    """Number of files, each a range of the keys."""
    group_rows: int
    """Rows of a row group."""


def shape_of(rows: int, text_bytes: int, target_file_bytes: int) -> Shape:
    """Files and row groups for so many rows with so much text in all.

    >>> shape_of(10, 100, 30)
    Shape(of=4, group_rows=10000)
    """
    group_rows = max(1, min(GROUP_ROWS, GROUP_BYTES * rows // max(1, text_bytes))) if rows else 1
    return Shape(max(1, math.ceil(text_bytes / target_file_bytes)), group_rows)


class FinalFile:
    """One final file while it is written, and for pairs the hashes of its rows beside it.

    However the rows arrive, the same rows in the same order give the same bytes.

    Parameters: the store; `directory` in it that becomes the snapshot; `path` within that; `kind`,
    `split` and `group_rows` of the rows.
    """

    def __init__(
        self,
        store: Store,
        directory: str,
        path: str,
        kind: str,
        *,
        split: str | None = None,
        group_rows: int = GROUP_ROWS,
    ) -> None:
        self._store, self._directory, self._path = store, directory, path
        self._kind, self._split, self._group_rows = kind, split, group_rows
        self._schema = arrow_schema(KINDS["drops" if kind == DUPLICATES else kind])
        self._buffer = io.BytesIO()
        level = POOL_LEVEL if kind == "pool" else COMPRESSION_LEVEL
        self._writer = parquet_writer(self._buffer, self._schema, level)
        self._waiting: list[pa.Table] = []
        self._index: list[pa.Table] = []
        self._rows = self._sum = 0

    def add(self, rows: pa.Table) -> None:
        """Add the next rows: a part table (`sinks.rows.part_schema`) in the order of the keys."""
        hashes = from_hexadecimal(rows["_hash"].to_pylist())
        whole = with_targets(hashes, rows["target"]) if self._kind in PAIR_KINDS else hashes
        self._sum += summed(whole)
        self._rows += rows.num_rows
        if self._kind in PAIR_KINDS:
            stored = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(16), len(hashes), [None, pa.py_buffer(np.ascontiguousarray(hashes))]
            )
            split = pc.dictionary_encode(rows["split"].combine_chunks())
            split = split.cast(INDEX_SCHEMA.field("split").type)
            self._index.append(pa.table([stored, rows["_bytes"], split], schema=INDEX_SCHEMA))
        self._waiting.append(rows.select(self._schema.names).cast(self._schema))
        self._write_groups(whole_only=True)

    def close(self) -> Iterator[WrittenFile]:
        """Store the file; gives what was written."""
        self._write_groups(whole_only=False)
        self._writer.close()
        total = digest([f"{self._sum % 2**128:032x}"])
        data = self._buffer.getvalue()
        yield self._stored(self._path, data, self._kind, self._split, total)
        if self._kind in PAIR_KINDS:
            index = pa.concat_tables(
                [INDEX_SCHEMA.empty_table(), *self._index]
            ).unify_dictionaries()
            data = parquet_bytes(index, GROUP_ROWS)
            yield self._stored(index_file(self._path), data, INDEX, None, digest([]))

    def _write_groups(self, whole_only: bool) -> None:
        waiting = sum(table.num_rows for table in self._waiting)
        ready = waiting // self._group_rows * self._group_rows if whole_only else waiting
        if ready:
            table = pa.concat_tables(self._waiting)
            for start in range(0, ready, self._group_rows):
                group = table.slice(start, min(self._group_rows, ready - start))
                # Pages end where chunks do, and where these end is chance. Most groups are one.
                if group.num_columns and max(c.num_chunks for c in group.columns) > 1:
                    group = group.combine_chunks()
                self._writer.write_table(group, row_group_size=self._group_rows)
            self._waiting = [table.slice(ready)]

    def _stored(
        self, path: str, data: bytes, kind: str, split: str | None, total: str
    ) -> WrittenFile:
        self._store.write(f"{self._directory}/{path}", data)
        sha256 = hashlib.sha256(data).hexdigest()
        return WrittenFile(path, kind, split, self._rows, len(data), sha256, total)


class FinalFiles:
    """All final files of one kind, or of one split of the pairs, filled in the order of the keys.

    Parameters: as of `FinalFile`; `shape`, how the rows are divided.
    """

    def __init__(
        self, store: Store, directory: str, kind: str, split: str | None, shape: Shape
    ) -> None:
        self._store, self._directory = store, directory
        self._kind, self._split, self._shape = kind, split, shape
        self._written: list[WrittenFile] = []
        self._number = -1
        self._file = self._next()

    def add(self, rows: pa.Table) -> None:
        """Add the next rows, as `FinalFile.add` takes them."""
        while rows.num_rows:
            high = key_range(self._number, self._shape.of).high
            inside = rows.num_rows if high is None else pc.sum(pc.less(rows["_key"], high)).as_py()
            if inside:
                self._file.add(rows.slice(0, inside))
            if inside == rows.num_rows:
                return
            rows = rows.slice(inside)
            self._written += self._file.close()
            self._file = self._next()

    def close(self) -> list[WrittenFile]:
        """Store what is left, the files without a row too; gives all that was written."""
        self._written += self._file.close()
        while self._number + 1 < self._shape.of:
            self._file = self._next()
            self._written += self._file.close()
        return self._written

    def _next(self) -> FinalFile:
        self._number += 1
        path = final_file(self._kind, self._split, self._number, self._shape.of)
        return FinalFile(
            self._store,
            self._directory,
            path,
            self._kind,
            split=self._split,
            group_rows=self._shape.group_rows,
        )
