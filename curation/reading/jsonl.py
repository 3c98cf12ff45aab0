"""JSON Lines: one row in each line, read in any number of shards."""

from collections.abc import Iterator
from typing import NamedTuple

from curation.reading.rows import EXCERPT_BYTES, Problem, Row, Shard, ingest_reject
from curation.reading.streams import ByteStream
from curation.reading.values import parse_json
from schemas.records import Reject

CHUNK_BYTES = 2**20
"""Bytes asked from the filesystem at once."""
BOM = b"\xef\xbb\xbf"
"""UTF-8 byte order mark, allowed at the beginning of a file."""


class Line(NamedTuple):
    """One line without its line feed."""

    position: int
    data: bytes
    """The line, or its beginning when it is longer than the limit."""
    too_long: bool
    ended: bool
    """False for a last line without a line feed."""


def read_lines(stream: ByteStream, position: int, limit: int) -> Iterator[Line]:
    """Lines of a stream, of which at most `limit` bytes each are held.

    Parameters: `position` is the offset of the stream's next byte. A stream that ends in
    damage ends with a line that is not `ended`, though it may be empty.

    >>> import io
    >>> [line.data for line in read_lines(ByteStream(io.BytesIO(b"ab\\n\\nc")), 0, 9)]
    [b'ab', b'', b'c']
    """
    tail, dropped = b"", 0  # the line so far is `tail` and `dropped` bytes after it
    while chunk := stream.read(CHUNK_BYTES):
        pieces = chunk.split(b"\n")
        pieces[0] = tail + pieces[0]
        tail = pieces.pop()
        for piece in pieces:
            length = len(piece) + dropped
            yield Line(position, piece, length > limit, True)
            position += length + 1
            dropped = 0
        if len(tail) + dropped > limit:
            dropped += max(0, len(tail) - EXCERPT_BYTES)
            tail = tail[:EXCERPT_BYTES]
    if tail or stream.damage:
        yield Line(position, tail, len(tail) + dropped > limit, False)


def own_lines(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Line | Reject]:
    """Lines that begin inside a shard, but for blank ones; what cannot be a row is a `Reject`.

    Parameters: `stream` stands at the shard's `start - 1`, or at 0. The byte before the
    shard tells whether a line begins with it: a line belongs to the shard it begins in.
    """
    lines = read_lines(stream, max(0, shard.start - 1), max_row_bytes)
    if shard.start:
        next(lines, None)
    for line in lines:
        position = line.position
        if shard.stop is not None and position >= shard.stop:
            return
        data = line.data.removeprefix(BOM) if position == 0 else line.data
        if stream.damage and not line.ended:
            yield ingest_reject(stream.damage, shard.path, Row(None, position, data))
        elif line.too_long:
            detail = f"a line is longer than max_row_bytes={max_row_bytes}"
            problem = Problem("row_too_large", detail)
            yield ingest_reject(problem, shard.path, Row(None, position, data))
        elif data and not data.isspace():
            yield line._replace(data=data)


def read_jsonl(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """Rows of the lines that begin inside a shard; blank lines are no rows.

    Parameters: `stream` stands where `own_lines` wants it.
    """
    for line in own_lines(stream, shard, max_row_bytes):
        if isinstance(line, Reject):
            yield line
            continue
        value = parse_json(line.data)
        if isinstance(value, Problem):
            where = "" if line.ended else " (the file ends in this line)"
            problem = Problem(value.reason, value.detail + where)
            yield ingest_reject(problem, shard.path, Row(None, line.position, line.data))
        else:
            yield Row(value, line.position, line.data)
