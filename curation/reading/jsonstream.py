"""Rows of a file that is one JSON array, one JSON object or several in a row."""

from collections.abc import Iterator

from curation.reading.jsonscan import JsonScanner
from curation.reading.rows import Problem, Row, Shard, ingest_reject
from curation.reading.streams import ByteStream
from curation.reading.values import parse_json
from schemas.records import Reject


def read_json(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """Rows are the elements of arrays at the top, and whatever stands outside of arrays.

    A broken element is one `Reject`, and reading goes on behind it; a file that is cut off
    gives every row before the cut, then one `Reject` at the incomplete element.
    """
    for piece in JsonScanner(stream, max_row_bytes).pieces():
        row = Row(None, piece.position, piece.data)
        value = piece.problem or parse_json(piece.data)
        if isinstance(value, Problem):
            yield ingest_reject(value, shard.path, row)
        else:
            yield Row(value, piece.position, piece.data)
