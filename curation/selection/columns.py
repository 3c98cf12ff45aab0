"""The columns that a selection decides by, as a polars frame: of pairs, or read from Parquet.

They have the names and types of the dataset's columns, and none of them holds a text of the pair.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from curation.selection.flags import with_flags
from curation.selection.normal_form import words_of
from schemas.fieldtypes import field_types
from schemas.records import PreferencePair

_NAMES = (
    "id",
    "method",
    "source",
    "language",
    "cluster",
    "flags",
    "chosen_chars",
    "rejected_chars",
    "prompt_tokens",
    "chosen_tokens",
    "rejected_tokens",
    "shared_tokens",
    "shared_end_tokens",
)
_TYPES: dict[str, Any] = {
    "str": pl.String,
    "int": pl.Int64,
    "float": pl.Float64,
    "list": pl.List(pl.String),
}
_FIELDS = field_types(PreferencePair)

FLOATS = tuple(name for name, tp in _FIELDS.items() if tp.kind == "float" and name != "target")
"""All scores and measures of uncertainty, in the order of the record. `target` is none of them: it
is what a selection gives, and never what it decides by."""
COLUMNS: Mapping[str, Any] = {name: _TYPES[_FIELDS[name].kind] for name in (*_NAMES, *FLOATS)}
"""Names and polars types of the columns that decisions need."""


def frame_of(pairs: Iterable[PreferencePair]) -> pl.DataFrame:
    """The columns of pairs, one row each, in their order.

    Input: pairs, measured or not. Output: a frame with `COLUMNS`. Where a pair was not measured,
    its characters are counted here, and sides that are equal but for the blanks around them are
    flagged `identical`.

    >>> frame_of([]).columns[:3]
    ['id', 'method', 'source']
    """
    rows = list(pairs)
    values: dict[str, Sequence[Any]] = {n: [getattr(p, n) for p in rows] for n in COLUMNS}
    for name in FLOATS:
        values[name] = [None if v is None else float(v) for v in values[name]]
    sides = [(words_of(pair.chosen).strip(), words_of(pair.rejected).strip()) for pair in rows]
    for place, name in enumerate(("chosen_chars", "rejected_chars")):
        counted = zip(values[name], sides, strict=True)
        values[name] = [len(s[place]) if n is None else n for n, s in counted]
    seen = zip(values["flags"], sides, strict=True)
    values["flags"] = [_flags(flags, chosen == rejected) for flags, (chosen, rejected) in seen]
    return pl.DataFrame([_series(name, values[name], tp) for name, tp in COLUMNS.items()])


def completed(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with all `COLUMNS`: those that it lacks, as an older file does, are null.

    >>> completed(pl.DataFrame({"id": ["a"]}))["margin"].to_list()
    [None]
    """
    have = set(frame.columns)
    return frame.select(
        pl.col(name).cast(tp) if name in have else pl.lit(None, tp).alias(name)
        for name, tp in COLUMNS.items()
    )


def _flags(flags: Sequence[str], identical: bool) -> list[str]:
    return list(with_flags(tuple(flags), "identical")) if identical else list(flags)


def _series(name: str, values: Sequence[Any], tp: Any) -> pl.Series:
    try:
        return pl.Series(name, values, tp)
    except UnicodeEncodeError:  # lone surrogates: as the sinks write them
        return pl.Series(name, [_storable(value) for value in values], tp)


def _storable(value: Any) -> Any:
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
