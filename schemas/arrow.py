"""Arrow and Parquet schemas, derived from the records, and records as Arrow rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from schemas.errors import SchemaError
from schemas.fieldtypes import FieldType, field_types
from schemas.records import DATASET_COLUMNS, SCHEMA_VERSION, PreferencePair

VERSION_KEY = b"prefstream.schema_version"
"""Key of the schema version in a Parquet file's metadata."""
RECORD_KEY = b"prefstream.record"
"""Key of the record's name in a Parquet file's metadata."""

_SCALARS = {"str": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}


def arrow_schema(record: type, columns: Sequence[str] | None = None) -> pa.Schema:
    """Arrow schema of a record.

    Input: a record class, and the columns wanted (default: all fields, for
    `PreferencePair` the `DATASET_COLUMNS`). Output: a schema whose metadata carry the
    record's name and `SCHEMA_VERSION`.

    >>> from schemas.records import Drop
    >>> arrow_schema(Drop).field("value").type
    DataType(double)
    """
    if columns is None:
        columns = DATASET_COLUMNS if record is PreferencePair else tuple(field_types(record))
    types = field_types(record)
    fields = [pa.field(n, _arrow_type(types[n]), nullable=types[n].optional) for n in columns]
    metadata = {VERSION_KEY: str(SCHEMA_VERSION).encode(), RECORD_KEY: record.__name__.encode()}
    return pa.schema(fields, metadata)


def _arrow_type(tp: FieldType) -> pa.DataType:
    if tp.kind == "list" and tp.inner:
        return pa.list_(_arrow_type(tp.inner))
    if tp.kind == "map" and tp.inner:
        return pa.map_(pa.string(), _arrow_type(tp.inner))
    if tp.kind == "record" and tp.record:
        return pa.struct([pa.field(n, _arrow_type(t)) for n, t in field_types(tp.record).items()])
    return _SCALARS[tp.kind]


def to_row(record: Any) -> dict[str, Any]:
    """A record as a dictionary that pyarrow takes, nested records included.

    >>> from schemas.records import Message
    >>> to_row(Message("user", "hi"))
    {'role': 'user', 'content': 'hi'}
    """
    return {name: _plain(value) for name, value in zip(record._fields, record, strict=True)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return to_row(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return sorted((str(k), v) for k, v in value.items())
    return value


def to_table(records: Iterable[Any], record: type) -> pa.Table:
    """Records of one class as an Arrow table with that class's schema.

    Raises: SchemaError when a value does not fit its column.

    >>> from schemas.records import Drop
    >>> to_table([Drop("a", "margin", 0.5, 1.0)], Drop).num_rows
    1
    """
    schema = arrow_schema(record)
    try:
        return pa.Table.from_pylist([to_row(r) for r in records], schema=schema)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeError) as error:
        raise SchemaError(f"{record.__name__}: a record does not fit its schema: {error}") from None


def from_row(row: Mapping[str, Any], record: type) -> Any:
    """The record that an Arrow row (as a dictionary) holds; absent fields are empty or None.

    >>> from schemas.records import Message
    >>> from_row({"role": "user", "content": "hi"}, Message)
    Message(role='user', content='hi')
    """
    return record(*(_typed(row.get(name), tp) for name, tp in field_types(record).items()))


def _typed(value: Any, tp: FieldType) -> Any:
    if value is None:
        return None if tp.optional else {"list": (), "map": {}, "str": ""}.get(tp.kind)
    if tp.kind == "record" and tp.record:
        return from_row(value, tp.record)
    if tp.kind == "list" and tp.inner:
        return tuple(_typed(item, tp.inner) for item in value)
    if tp.kind == "map":
        return dict(value)
    return value


def check_version(metadata: Mapping[bytes, bytes] | None, where: str) -> None:
    """Refuse a file that this version of the software cannot read.

    Raises: SchemaError with advice when the version is missing or newer than ours.
    """
    raw = (metadata or {}).get(VERSION_KEY)
    if raw is None or not raw.isdigit():
        raise SchemaError(f"{where}: no {VERSION_KEY.decode()} in its metadata: not one of ours")
    if int(raw) > SCHEMA_VERSION:
        raise SchemaError(
            f"{where}: written with schema version {int(raw)}, this prefstream reads up to "
            f"{SCHEMA_VERSION}: install a newer prefstream"
        )
