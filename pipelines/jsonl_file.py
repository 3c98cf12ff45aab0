"""A JSONL file that a command is given, read whole: a bad line ends the command and is named."""

from collections.abc import Callable, Iterator
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
    for number, row in read_numbered(read, path):
        if isinstance(row, InputError):
            raise InputError(f"{path}: line {number}: {row}")
        rows.append(row)
    return rows


def read_numbered(read: Callable[[Any], Row], path: str) -> Iterator[tuple[int, Row | InputError]]:
    """The rows as `read_each` reads them, each with the number of its line; a bad one as its error.

    Raises: InputError for a file that cannot be read, or not to its end.
    """
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
                        yield number, read(_value(data))
                except InputError as error:
                    yield number, error
            if stream.damage:
                raise InputError(f"{path}: {stream.damage.detail}")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _value(data: bytes) -> Any:
    value = parse_json(data)
    if isinstance(value, Problem):
        raise InputError(value.detail)
    return value
