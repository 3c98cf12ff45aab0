"""A JSONL file that a command is given, read whole: a bad line ends the command and is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from curation.reading.jsonl import BOM, read_lines
from curation.reading.rows import Problem
from curation.reading.streams import ByteStream, compression_of
from curation.reading.values import parse_json
from schemas.errors import InputError

MAX_LINE_BYTES = 64_000_000
"""Longest line that is read."""

Row = TypeVar("Row")


def read_each(read: Callable[[Any], Row], path: str) -> list[Row]:
    """Read the rows of a JSONL file, plain, gz, bz2 or zst; blank lines are no rows.

    Parameters: `read` makes a row of the JSON value of a line, and raises InputError where it
    cannot.

    Raises: InputError that names file and line.
    """
    rows = []
    try:
        with Path(path).open("rb") as raw:
            head = raw.read(4)
            raw.seek(0)
            stream = ByteStream(raw, compression_of(head))
            for number, line in enumerate(read_lines(stream, 0, MAX_LINE_BYTES), start=1):
                data = (line.data.removeprefix(BOM) if number == 1 else line.data).strip()
                try:
                    if line.too_long:
                        raise InputError(f"is longer than {MAX_LINE_BYTES:,} bytes")
                    if data:
                        rows.append(read(_value(data)))
                except InputError as error:
                    raise InputError(f"{path}: line {number}: {error}") from None
            if stream.damage:
                raise InputError(f"{path}: {stream.damage.detail}")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return rows


def _value(data: bytes) -> Any:
    value = parse_json(data)
    if isinstance(value, Problem):
        raise InputError(value.detail)
    return value
