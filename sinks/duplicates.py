"""Pairs that were found more than once: which one stays."""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.records import Drop
from sinks.rows import part_schema, to_part_table, to_stored_row

DUPLICATE_FILTER = "duplicate_pair"
"""`Drop.filter` of a pair that was found more than once."""
FLIPPED = "flipped"
"""Flag of a pair whose sides the selection has exchanged; as it was measured, it is in the pool."""


class Distinct(NamedTuple):
    """What `without_duplicates` gives: three part tables, sorted by key."""

    pairs: pa.Table
    """One pair of each id."""
    surplus: pa.Table
    """The others as they were measured, for the pool."""
    drops: pa.Table
    """A `Drop` for each pair that was taken out."""


def without_duplicates(pairs: pa.Table) -> Distinct:
    """Keep one pair of each id: the smallest by input file, position, method, hash, target.

    Input: a part table of pairs.

    >>> without_duplicates(part_schema("pairs").empty_table()).drops.num_rows
    0
    """
    pairs = pairs.sort_by("_key")
    if not has_repeated(pairs["_key"]):
        nothing = part_schema("pairs").empty_table()
        return Distinct(pairs, nothing, to_part_table([], "drops"))
    origin = pairs["provenance"].combine_chunks()
    order = {
        "_key": pairs["_key"],
        "input": pc.struct_field(origin, "input"),
        "position": pc.struct_field(origin, "position"),
        "method": pairs["method"],
        "_hash": pairs["_hash"],
        "target": pairs["target"],
    }
    pairs = pairs.take(pc.sort_indices(pa.table(order), [(name, "ascending") for name in order]))
    again = _repeated(pairs["_key"])
    taken_out = pairs.filter(again)
    surplus = as_measured(taken_out.filter(pc.invert(is_flipped(taken_out))))
    return Distinct(pairs.filter(pc.invert(again)), surplus, as_drops(taken_out["id"].to_pylist()))


def has_repeated(keys: pa.ChunkedArray) -> bool:
    """Whether any of sorted keys is the same as the one before.

    >>> has_repeated(pa.chunked_array([["a", "b", "b"]]))
    True
    """
    return _repeated(keys).true_count > 0


def is_flipped(pairs: pa.Table) -> pa.Array:
    """Which rows are pairs with exchanged sides."""
    flags = pairs["flags"].combine_chunks()
    rows = pc.filter(pc.list_parent_indices(flags), pc.equal(pc.list_flatten(flags), FLIPPED))
    return pc.is_in(pa.array(range(len(flags)), rows.type), value_set=rows)


def as_measured(pairs: pa.Table) -> pa.Table:
    """Pairs without what a selection has added."""
    nothing = pa.nulls(pairs.num_rows, pa.float64())
    return pairs.set_column(pairs.schema.get_field_index("target"), pairs.field("target"), nothing)


def as_drops(pair_ids: Iterable[str]) -> pa.Table:
    """A part table of drops, one for each pair that was taken out."""
    drops = (Drop(pair_id, DUPLICATE_FILTER, None, None) for pair_id in pair_ids)
    return to_part_table([to_stored_row(drop, "drops") for drop in drops], "drops")


def _repeated(keys: pa.ChunkedArray) -> pa.BooleanArray:
    """Which of sorted keys are the same as the one before."""
    flat = keys.combine_chunks()
    if not len(flat):
        return pa.array([], pa.bool_())
    same = pc.equal(flat.slice(1), flat.slice(0, len(flat) - 1))
    return pa.concat_arrays([pa.array([False]), same])
