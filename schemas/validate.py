"""Checking a record against its schema, with messages that name the field."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import SchemaError
from schemas.fieldtypes import FieldType, field_types, is_record
from schemas.jsonschema import ENUMS
from schemas.records import PreferencePair

_PYTHON: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
}


def validate(record: Any) -> Any:
    """Check a record and give it back.

    Input: any record of `schemas.records`. Output: the same record.

    Raises: SchemaError naming the field, what was expected and what was found.

    >>> from schemas.records import Message
    >>> validate(Message("user", "hi"))
    Message(role='user', content='hi')
    >>> validate(Message("human", "hi"))
    Traceback (most recent call last):
    schemas.errors.SchemaError: Message.role: expected one of system, user, assistant, tool; \
got 'human'
    """
    if not is_record(type(record)):
        raise SchemaError(f"expected a record, got {type(record).__name__}")
    _check_record(record, type(record).__name__)
    if isinstance(record, PreferencePair):
        _check_pair(record)
    return record


def _check_record(record: Any, path: str) -> None:
    for (name, tp), value in zip(field_types(type(record)).items(), record, strict=True):
        _check_value(value, tp, f"{path}.{name}")
        allowed = ENUMS.get((type(record).__name__, name))
        if allowed and value is not None and value not in allowed:
            raise SchemaError(f"{path}.{name}: expected one of {', '.join(allowed)}; got {value!r}")


def _check_value(value: Any, tp: FieldType, path: str) -> None:
    if value is None:
        if not tp.optional:
            raise SchemaError(f"{path}: is missing")
    elif tp.kind == "list" and tp.inner:
        if not isinstance(value, (list, tuple)):
            raise SchemaError(f"{path}: expected a list, got {type(value).__name__}")
        for index, item in enumerate(value):
            _check_value(item, tp.inner, f"{path}[{index}]")
    elif tp.kind == "map" and tp.inner:
        if not isinstance(value, Mapping):
            raise SchemaError(f"{path}: expected a mapping, got {type(value).__name__}")
        for key, item in value.items():
            _check_value(item, tp.inner, f"{path}[{key!r}]")
    elif tp.kind == "record" and tp.record:
        if not isinstance(value, tuple) or getattr(value, "_fields", ()) != tp.record._fields:  # type: ignore[attr-defined]
            raise SchemaError(f"{path}: expected a {tp.record.__name__}, got {value!r:.80}")
        _check_record(value, path)
    elif not isinstance(value, _PYTHON[tp.kind]) or (
        isinstance(value, bool) and tp.kind in ("int", "float")
    ):
        raise SchemaError(f"{path}: expected {tp.kind}, got {type(value).__name__} {value!r:.80}")


def _check_pair(pair: PreferencePair) -> None:
    if not pair.prompt or pair.prompt[-1].role != "user":
        raise SchemaError("PreferencePair.prompt: must end with a user message")
    for side in ("chosen", "rejected"):
        completion = getattr(pair, side)
        if not completion or completion[0].role != "assistant":
            raise SchemaError(f"PreferencePair.{side}: must begin with an assistant message")
