"""Records as rows of Arrow tables that can be sorted, hashed and written the same way anywhere.

A row in a part file has two columns more than its record: `_key`, by which files are
divided and sorted (a pair's id; the row's hash for all other records), and `_hash`, the hash of the
whole row. Both are 32 hexadecimal digits.
"""

import io
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import arrow_schema, to_row
from schemas.errors import SchemaError
from schemas.fieldtypes import field_types
from schemas.ids import content_id
from schemas.records import SPLITS
from sinks.layout import KINDS

COMPRESSION_LEVEL = 3
"""Zstandard level of every file."""
_FLOATS = {
    kind: [name for name, tp in field_types(record).items() if tp.kind == "float"]
    for kind, record in KINDS.items()
}
_EXTRA = (pa.field("_key", pa.string(), False), pa.field("_hash", pa.string(), False))


class Row(NamedTuple):
    """A record made ready to be stored."""

    values: dict[str, Any]
    """Column values, `_key` and `_hash` included."""
    text_bytes: int
    """Length of the record as UTF-8 JSON: a measure of size that does not depend on files."""


@cache
def part_schema(kind: str) -> pa.Schema:
    """Arrow schema of a part file: `_key`, `_hash`, then every field of the record.

    >>> part_schema("drops").names
    ['_key', '_hash', 'pair_id', 'filter', 'value', 'threshold']
    """
    record = KINDS[kind]
    schema = arrow_schema(record, record._fields)  # type: ignore[attr-defined]
    return pa.schema([*_EXTRA, *schema], schema.metadata)


def to_stored_row(record: Any, kind: str) -> Row:
    """A record of a kind as a row.

    Lone surrogates, which UTF-8 cannot store, become question marks.

    Raises: SchemaError for a pair without a split.

    >>> from schemas.records import Drop
    >>> to_stored_row(Drop("a", "margin", 0.5, 1.0), "drops").text_bytes
    61
    """
    if kind == "pairs" and record.split not in SPLITS:
        raise SchemaError(f"PreferencePair.split: expected one of {SPLITS}; got {record.split!r}")
    values = to_row(record)
    for name in _FLOATS[kind]:  # 1 and 1.0 are stored alike, so they hash alike
        values[name] = None if values[name] is None else float(values[name])
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    try:
        encoded = canonical.encode()
    except UnicodeEncodeError:
        encoded = canonical.encode("utf-8", "replace")
        canonical = encoded.decode()
        values = json.loads(canonical)
    row_hash = content_id(kind, canonical)
    key = record.id if kind in ("pairs", "pool") else row_hash
    return Row({"_key": key, "_hash": row_hash, **values}, len(encoded))


def to_part_table(rows: Iterable[Row], kind: str) -> pa.Table:
    """Rows as a table in the order of `_key` and `_hash`.

    Raises: SchemaError when a value does not fit its column.
    """
    try:
        table = pa.Table.from_pylist([row.values for row in rows], schema=part_schema(kind))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"{kind}: a record does not fit its schema: {error}") from None
    return table.sort_by([("_key", "ascending"), ("_hash", "ascending")])


def digest(hashes: Sequence[str]) -> str:
    """One hash of many rows, whatever their order: the sum of their hashes modulo 2**128.

    >>> digest(["0f", "01"]) == digest(["01", "0f"])
    True
    >>> digest([])
    '00000000000000000000000000000000'
    """
    return f"{sum(int(value, 16) for value in hashes) % 2**128:032x}"


def parquet_bytes(table: pa.Table, group_rows: int) -> bytes:
    """A Parquet file of a table: zstd, page index, row groups of `group_rows` rows.

    Equal tables give equal bytes, however they were put together.
    """
    buffer = io.BytesIO()
    with pq.ParquetWriter(
        buffer,
        table.schema,
        compression="zstd",
        compression_level=COMPRESSION_LEVEL,
        write_page_index=True,
    ) as writer:
        # Without a row, no row group: `datasets` cannot read an empty one.
        if table.num_rows:
            writer.write_table(table.combine_chunks(), row_group_size=group_rows)
    return buffer.getvalue()
