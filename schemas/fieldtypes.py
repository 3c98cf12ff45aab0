"""Reading a record's type hints: the one place that knows which Python types a field may have."""

import types
import typing
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple


class FieldType(NamedTuple):
    """A field's type, taken apart.

    `kind` is one of `str`, `int`, `float`, `bool`, `list`, `map`, `record`; `inner` is the
    element type of a list or map, `record` the class of a nested record.
    """

    kind: str
    optional: bool
    inner: "FieldType | None"
    record: type | None


def is_record(tp: Any) -> bool:
    """Whether a type is one of our `NamedTuple`s."""
    return isinstance(tp, type) and issubclass(tp, tuple) and hasattr(tp, "_fields")


def field_types(record: type) -> Mapping[str, FieldType]:
    """Fields of a record with their types, in order; worked out once, since every row asks.

    >>> from schemas.records import Message
    >>> field_types(Message)["role"].kind
    'str'
    """
    return _known(record)


@cache
def _known(record: type) -> Mapping[str, FieldType]:
    return {name: _field_type(hint) for name, hint in typing.get_type_hints(record).items()}


def _field_type(hint: Any) -> FieldType:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        (inner,) = (a for a in args if a is not type(None))
        return _field_type(inner)._replace(optional=True)
    if origin is Sequence:
        return FieldType("list", False, _field_type(args[0]), None)
    if origin is Mapping:
        return FieldType("map", False, _field_type(args[1]), None)
    if is_record(hint):
        return FieldType("record", False, None, hint)
    if hint in (str, int, float, bool):
        return FieldType(hint.__name__, False, None, None)
    raise TypeError(f"a record field cannot have the type {hint}")
