"""Ranges of the key space, and reading the rows of one range from many sorted part files."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sinks.rows import part_schema
from sinks.store import Store


class KeyRange(NamedTuple):
    """Keys from `low` up to, and without, `high`; None is the end of the key space."""

    low: str
    """First key."""
    high: str | None
    """First key that is not in the range."""


def key_range(index: int, of: int) -> KeyRange:
    """One of `of` equal ranges of the 128-bit keys; every string is in exactly one.

    >>> key_range(1, 2)
    KeyRange(low='80000000000000000000000000000000', high=None)
    """
    low = f"{index * 2**128 // of:032x}" if index else ""
    return KeyRange(low, f"{(index + 1) * 2**128 // of:032x}" if index + 1 < of else None)


def read_range(store: Store, paths: Sequence[str], kind: str, keys: KeyRange) -> pa.Table:
    """Rows of one range out of all parts, in no particular order.

    Only row groups that can hold such rows are read.
    """
    tables = [part_schema(kind).empty_table()]
    for path in paths:
        with store.open(path) as file:
            tables.append(_read_part(pq.ParquetFile(file), keys))
    return pa.concat_tables(tables).combine_chunks()


def _read_part(part: pq.ParquetFile, keys: KeyRange) -> pa.Table:
    # `_key` is the first column, so it is the first leaf too.
    groups = [part.metadata.row_group(i).column(0) for i in range(part.num_row_groups)]
    table = part.read_row_groups(
        [i for i, column in enumerate(groups) if _overlaps(column.statistics, keys)]
    )
    inside = pc.greater_equal(table["_key"], keys.low)
    if keys.high is not None:
        inside = pc.and_(inside, pc.less(table["_key"], keys.high))
    return table.filter(inside)


def _overlaps(statistics: Any, keys: KeyRange) -> bool:
    if statistics is None or not statistics.has_min_max:
        return True
    return statistics.max >= keys.low and (keys.high is None or statistics.min < keys.high)
