"""Records as rows of Arrow tables that can be sorted, hashed and written the same way anywhere.

A row in a part file has three columns more than its record: `_key`, by which files are
divided and sorted (a pair's id; the row's hash for all other records), `_hash`, the hash of the
row, both 32 hexadecimal digits, and `_bytes`, its length. Hash and length of a pair leave out
`target`, which a selection decides (`sinks.rowhash.with_targets`), and are the same whether the
pair was selected or not.
"""

import io
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from schemas.arrow import arrow_schema, to_row
from schemas.errors import SchemaError
from schemas.fieldtypes import FieldType, field_types
from schemas.ids import content_id
from schemas.records import SPLITS
from sinks.layout import KINDS

COMPRESSION_LEVEL = 3
"""Zstandard level of a file."""
PAIR_KINDS = ("pairs", "pool")
"""Kinds whose records are pairs, selected and not."""
_EXTRA = (
    pa.field("_key", pa.string(), False),
    pa.field("_hash", pa.string(), False),
    pa.field("_bytes", pa.int64(), False),
)


class Row(NamedTuple):
    """A record made ready to be stored."""

    values: dict[str, Any]
    """Column values, `_key`, `_hash` and `_bytes` included."""
    text_bytes: int
    """Length of the record as UTF-8 JSON, a pair's without `target`: a measure of size that does
    not depend on files."""


@cache
def part_schema(kind: str) -> pa.Schema:
    """Arrow schema of a part file: `_key`, `_hash`, `_bytes`, then every field of the record.

    >>> part_schema("drops").names
    ['_key', '_hash', '_bytes', 'pair_id', 'filter', 'value', 'threshold']
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
    if kind in PAIR_KINDS and record.split not in SPLITS:
        raise SchemaError(f"PreferencePair.split: expected one of {SPLITS}; got {record.split!r}")
    values = to_row(record)
    for name, tp in _with_floats(KINDS[kind]).items():
        values[name] = _as_stored(values[name], tp)
    decided = {"target": values.pop("target")} if kind in PAIR_KINDS else {}
    canonical = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    try:
        encoded = canonical.encode()
    except UnicodeEncodeError:
        encoded = canonical.encode("utf-8", "replace")
        canonical = encoded.decode()
        values = json.loads(canonical)
    row_hash = content_id("pairs" if kind in PAIR_KINDS else kind, canonical)
    key = record.id if kind in PAIR_KINDS else row_hash
    stored = {"_key": key, "_hash": row_hash, "_bytes": len(encoded), **values, **decided}
    return Row(stored, len(encoded))


@cache
def _with_floats(record: type) -> dict[str, FieldType]:
    return {name: tp for name, tp in field_types(record).items() if _holds_floats(tp)}


def _holds_floats(tp: FieldType) -> bool:
    if tp.kind == "record" and tp.record:
        return bool(_with_floats(tp.record))
    return tp.kind == "float" or (tp.inner is not None and _holds_floats(tp.inner))


def _as_stored(value: Any, tp: FieldType) -> Any:
    """A value of a row with 1 as 1.0: they are stored alike, so they hash alike."""
    if value is None:
        return None
    if tp.kind == "list" and tp.inner:
        return [_as_stored(item, tp.inner) for item in value]
    if tp.kind == "map" and tp.inner:
        return [(key, _as_stored(item, tp.inner)) for key, item in value]
    if tp.kind == "record" and tp.record:
        floats = _with_floats(tp.record)
        return {n: _as_stored(v, floats[n]) if n in floats else v for n, v in value.items()}
    return float(value)


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
    with parquet_writer(buffer, table.schema) as writer:
        # Without a row, no row group: `datasets` cannot read an empty one.
        if table.num_rows:
            writer.write_table(table.combine_chunks(), row_group_size=group_rows)
    return buffer.getvalue()


def parquet_writer(
    buffer: BinaryIO, schema: pa.Schema, level: int = COMPRESSION_LEVEL
) -> pq.ParquetWriter:
    """What writes every Parquet file of a dataset; `level` of Zstandard."""
    return pq.ParquetWriter(
        buffer,
        schema,
        compression="zstd",
        compression_level=level,
        write_page_index=True,
    )
