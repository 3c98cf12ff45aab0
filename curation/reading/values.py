"""One JSON text to one Python value, or the reason why not."""

import json
from typing import Any

import orjson

from curation.reading.rows import Problem


def parse_json(raw: bytes) -> Any:
    """Parse one JSON value strictly.

    Input: bytes of one row. Output: the value, or a `Problem`: `invalid_utf8`, `nul_byte`,
    `lone_surrogate` or `not_json`. NaN, nesting beyond 1,024 levels and numbers beyond a
    float are not JSON here; of a key given twice the last value counts.

    >>> parse_json(b'{"a": 1}')
    {'a': 1}
    >>> parse_json(b'{"a": NaN}').reason
    'not_json'
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return _diagnose(raw, str(error))


def _diagnose(raw: bytes, message: str) -> Problem:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return Problem("invalid_utf8", f"byte {error.start} of the row is not UTF-8")
    if b"\0" in raw:
        return Problem("nul_byte", f"byte {raw.index(0)} of the row is NUL")
    if b"\\u" in raw and _has_lone_surrogate(raw):
        return Problem("lone_surrogate", f"half of a surrogate pair: {message}")
    return Problem("not_json", message)


def _has_lone_surrogate(raw: bytes) -> bool:
    # Python's parser takes them; only a row that it reads and UTF-8 cannot hold has one.
    try:
        json.dumps(json.loads(raw), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return False
