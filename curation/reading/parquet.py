"""Parquet: rows of some row groups, a few at a time."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from curation.reading.rows import Problem, Row, Shard, file_reject, ingest_reject
from schemas.records import Reject

_BATCH_ROWS = 256
_BUFFER_BYTES = 2**20
_ERRORS = (pa.ArrowException, OSError, ValueError, OverflowError)


def plan_parquet(path: str, file: BinaryIO, shard_bytes: int) -> list[Shard] | Reject:
    """Shards of consecutive row groups, each of about `shard_bytes` uncompressed."""
    try:
        metadata = pq.ParquetFile(file).metadata
    except _ERRORS as error:
        return file_reject("truncated_file", f"not a whole Parquet file: {error}", path)
    shards, start, size = [], 0, 0
    for group in range(metadata.num_row_groups):
        size += metadata.row_group(group).total_byte_size
        if size >= shard_bytes or group == metadata.num_row_groups - 1:
            shards.append(Shard(path, "parquet", "none", start, group + 1))
            start, size = group + 1, 0
    return shards


def read_parquet(file: BinaryIO, shard: Shard) -> Iterator[Row | Reject]:
    """Rows of a shard as dictionaries; their position is the row number in the file.

    Columns are read through a small buffer, so a row group may be larger than memory.
    """
    parquet = pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
    sizes = [parquet.metadata.row_group(g).num_rows for g in range(parquet.num_row_groups)]
    for group in range(*slice(shard.start, shard.stop).indices(len(sizes))):
        yield from _read_group(parquet, group, sum(sizes[:group]), sizes[group], shard.path)


def _read_group(
    parquet: pq.ParquetFile, group: int, position: int, rows: int, path: str
) -> Iterator[Row | Reject]:
    end = position + rows
    try:
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, row_groups=[group]):
            for value in _values(batch):
                if isinstance(value, Problem):
                    yield ingest_reject(value, path, Row(None, position, b""))
                else:
                    yield Row(value, position)
                position += 1
    except _ERRORS as error:
        if getattr(error, "errno", None):
            raise  # the filesystem's error, not the file's
        detail = f"rows {position} to {end - 1} cannot be read: {error}"
        yield ingest_reject(Problem("corrupt_file", detail), path, Row(None, position, b""))


def _values(batch: pa.RecordBatch) -> Iterator[Any]:
    try:
        yield from batch.to_pylist()
    except _ERRORS:
        # One bad row must not cost the others.
        for index in range(batch.num_rows):
            yield _value(batch.slice(index, 1))


def _value(one: pa.RecordBatch) -> Any:
    try:
        return one.to_pylist()[0]
    except UnicodeDecodeError as error:
        return Problem("invalid_utf8", f"a string is not UTF-8: {error.reason}")
    except _ERRORS as error:
        return Problem("wrong_type", f"a value has no Python counterpart: {error}")
