"""JSON Schema of the records, derived, with each field's own documentation."""

import ast
import inspect
import itertools
import textwrap
from functools import cache
from typing import Any

from schemas.fieldtypes import FieldType, field_types
from schemas.records import PLACES, POLARITIES, RELATIONS, ROLES, SCHEMA_VERSION, STATES

_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
ENUMS = {
    ("Message", "role"): ROLES,
    ("Rationale", "chosen_shown"): PLACES,
    ("FeedbackSignal", "polarity"): POLARITIES,
    ("FeedbackSignal", "state"): STATES,
    ("FeedbackSignal", "relation"): RELATIONS,
}
"""Fields that take one of a few words, or None where they may."""


def json_schema(record: type) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a record, nested records under `$defs`.

    >>> from schemas.records import Message
    >>> json_schema(Message)["required"]
    ['role', 'content']
    """
    used: dict[str, dict[str, Any]] = {}
    body = _object(record, used)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": record.__name__,
        "schema_version": SCHEMA_VERSION,
    }
    return {**head, **body, **({"$defs": used} if used else {})}


def _object(record: type, used: dict[str, dict[str, Any]]) -> dict[str, Any]:
    docs = field_docs(record)
    properties = {}
    for name, tp in field_types(record).items():
        properties[name] = _property(tp, used)
        if name in docs:
            properties[name]["description"] = docs[name]
        if (record.__name__, name) in ENUMS:
            none = [None] if tp.optional else []
            properties[name]["enum"] = [*ENUMS[record.__name__, name], *none]
    required = [name for name, tp in field_types(record).items() if not tp.optional]
    return {
        "type": "object",
        "description": inspect.cleandoc(record.__doc__ or "").split("\n\n")[0],
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _property(tp: FieldType, used: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if tp.kind == "record" and tp.record:
        name = tp.record.__name__
        if name not in used:
            used[name] = {}
            used[name].update(_object(tp.record, used))
        return {"$ref": f"#/$defs/{name}"}
    if tp.kind == "list" and tp.inner:
        return {"type": "array", "items": _property(tp.inner, used)}
    if tp.kind == "map" and tp.inner:
        return {"type": "object", "additionalProperties": _property(tp.inner, used)}
    return {"type": [_TYPES[tp.kind], "null"] if tp.optional else _TYPES[tp.kind]}


@cache
def field_docs(record: type) -> dict[str, str]:
    """The documentation string that follows each field of a record class.

    >>> from schemas.records import Drop
    >>> field_docs(Drop)["value"]
    'What the pair had.'
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(record)))
    body = tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else []
    docs = {}
    for field, after in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            docs[field.target.id] = inspect.cleandoc(str(after.value.value))
    return docs
