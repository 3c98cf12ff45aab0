"""Small fields around the messages: names, times, numbers, users."""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from curation.reading.rows import storable
from schemas.ids import content_id

LABEL_CHARS = 200
"""Longest name that is kept of a model, a language or an id."""


def first(value: Mapping[str, Any], names: Iterable[str]) -> Any:
    """The first of some fields that is there and not None.

    >>> first({"a": None, "b": 1}, ("a", "b"))
    1
    """
    for name in names:
        found = value.get(name)
        if found is not None:
            return found
    return None


def label(value: Any) -> str | None:
    """A name or number as short text; None for anything else and for nothing.

    >>> label(7), label("en"), label(""), label(["x"])
    ('7', 'en', None, None)
    """
    if isinstance(value, str):
        return storable(value, LABEL_CHARS) or None
    return str(value) if isinstance(value, (int, float)) else None


def number(value: Any) -> float | None:
    """A finite number, also out of text as CSV has it.

    >>> number("0.5"), number(True), number("n/a"), number(float("inf"))
    (0.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def truth(value: Any) -> bool:
    """A flag, also out of text as CSV has it.

    >>> truth("True"), truth("false"), truth(None)
    (True, False, False)
    """
    return value.strip().lower() in ("true", "1") if isinstance(value, str) else bool(value)


def seconds(value: Any) -> float | None:
    """A point in time as seconds since 1970-01-01 UTC; None when it is not understood.

    Input: a datetime, ISO 8601 text, or a number of seconds, milli-, micro- or nanoseconds,
    told apart by magnitude. A time without a zone is taken as UTC.

    >>> seconds("1970-01-01T00:01:00Z"), seconds(1_681_000_000_000), seconds("soon")
    (60.0, 1681000000.0, None)
    """
    result = number(value)
    try:
        if result is None and isinstance(value, str):
            value = datetime.fromisoformat(value.strip().removesuffix(" UTC"))
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    for limit in (1e17, 1e14, 1e11):
        if result is not None and abs(result) > limit:
            return result / (limit / 1e8)
    return result


def user_hash(value: Any, salt: str) -> str | None:
    """Salted BLAKE2b hash of a user's name, id or address.

    >>> user_hash("alice", "a") != user_hash("alice", "b")
    True
    """
    name = label(value)
    return content_id("user", salt, name) if name else None
