"""Answers as bytes, and back again to the bit."""

import math
from typing import Any

import orjson

from curation.models.tasks import Task


def to_bytes(answer: Any) -> bytes | None:
    """An answer as JSON; None for one with a number or a character that JSON does not have.

    >>> to_bytes([1.5, "a", None]), to_bytes([float("nan")])
    (b'[1.5,"a",null]', None)
    """
    if not _is_finite(answer):
        return None
    try:
        return orjson.dumps(answer, default=list)
    except TypeError:  # Half a surrogate pair: models write text that no encoding takes.
        return None


def from_bytes(task: Task, data: bytes) -> Any:
    """The answer that `to_bytes` has kept."""
    return task.restore(orjson.loads(data))


def _is_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return True
