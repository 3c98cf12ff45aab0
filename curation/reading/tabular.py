"""CSV and TSV: a header, then one row in each record, which may span lines when quoted."""

import csv
from collections.abc import Iterator

from curation.reading.jsonl import Line, read_lines
from curation.reading.rows import EXCERPT_BYTES, Problem, Row, Shard, ingest_reject
from curation.reading.streams import ByteStream
from schemas.records import Reject


class _Feed:
    """Lines for `csv.reader`, with the bytes that the current record has taken."""

    def __init__(self, lines: Iterator[Line], limit: int) -> None:
        self._lines = lines
        self._limit = limit
        self.start: int | None = None
        self.raw = b""
        self.problem: Problem | None = None
        self.ended = True

    def begin(self) -> None:
        """Forget the former record."""
        self.start, self.raw, self.problem = None, b"", None

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if self.start is None:
            self.start = line.position
        if len(self.raw) < EXCERPT_BYTES:
            self.raw += line.data[:EXCERPT_BYTES] + b"\n"
        self.ended = line.ended
        if line.too_long or line.position + len(line.data) - self.start > self._limit:
            detail = f"a record is longer than max_row_bytes={self._limit}"
            self.problem = Problem("row_too_large", detail)
            raise StopIteration
        return line.data.decode("utf-8", "surrogateescape") + "\n"


def read_table(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """Rows as dictionaries by the header's names in lower case; empty cells are None.

    The position of a row is the byte offset of its first line. A record that does not have
    as many cells as the header is a `Reject`, as is one whose quotes do not close.
    """
    csv.field_size_limit(2**31 - 1)
    feed = _Feed(read_lines(stream, 0, max_row_bytes), max_row_bytes)
    header: list[str] | None = None
    while True:
        feed.begin()
        cells = _next_record(feed, "\t" if shard.layout == "tsv" else ",")
        if feed.start is None:
            return
        row = Row(None, feed.start, feed.raw)
        damage = stream.damage if not feed.ended else None
        problem = damage or feed.problem or (cells if isinstance(cells, Problem) else None)
        if problem or isinstance(cells, Problem):
            yield ingest_reject(problem or Problem("not_csv", ""), shard.path, row)
        elif header is None:
            header = [cell.removeprefix("\ufeff").strip().lower() for cell in cells]
        elif cells:
            yield _row(cells, header, row, shard.path)


def _next_record(feed: _Feed, delimiter: str) -> list[str] | Problem:
    try:
        # A new reader for each record: after an error the former one is in the middle.
        return next(csv.reader(feed, delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        return Problem("not_csv", f"{error}; a quote may not be closed")


def _row(cells: list[str], header: list[str], row: Row, path: str) -> Row | Reject:
    if len(cells) != len(header):
        problem = Problem("not_csv", f"{len(cells)} cells, but the header has {len(header)}")
        return ingest_reject(problem, path, row)
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return ingest_reject(Problem("invalid_utf8", "a cell is not UTF-8"), path, row)
    values = {name: cell or None for name, cell in zip(header, cells, strict=True)}
    return row._replace(value=values)
