"""What reading gives: shards of files, and for every physical row a `Row` or a `Reject`."""

import json
from typing import Any, NamedTuple

from schemas.records import Reject

EXCERPT_CHARS = 2_000
"""Length of `Reject.record`, in characters."""
EXCERPT_BYTES = 4 * EXCERPT_CHARS
"""Bytes that are enough for an excerpt: UTF-8 takes at most four for a character."""
MAX_ROW_BYTES = 64 * 2**20
"""Default bound on one row, in bytes; a longer one is a `Reject`."""


class Shard(NamedTuple):
    """A part of one file that one worker reads.

    `start` and `stop` are byte offsets for `jsonl` and `xml`, row groups for `parquet`; a shard
    with `stop` None ends with its file.
    """

    path: str
    layout: str
    """One of `jsonl`, `json`, `csv`, `tsv`, `parquet`, `xml`, `mbox`, `mail`, `text`."""
    compression: str
    """One of `none`, `gzip`, `bz2`, `zstd`."""
    start: int
    stop: int | None


class Row(NamedTuple):
    """One physical row, parsed but not yet understood."""

    value: Any
    """What JSON, CSV, Parquet or XML holds, as Python objects; the bytes of a text or a mail."""
    position: int
    """Byte offset in the uncompressed file; row number in Parquet."""
    raw: bytes | None = None
    """The row's bytes, where the file has them row by row."""


class Problem(NamedTuple):
    """Why something cannot be used; a value, so that no reader needs to raise.

    >>> Problem("not_json", "unexpected character").reason
    'not_json'
    """

    reason: str
    detail: str


def storable(text: str, limit: int = EXCERPT_CHARS) -> str:
    """The beginning of a text, without the characters that files and JSON cannot hold.

    Parameters: `limit` in characters. NUL becomes U+FFFD, a lone surrogate `?`.

    >>> storable("a\\x00b\\ud800c")
    'a\ufffdb?c'
    """
    text = text[:limit].replace("\0", "\ufffd")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def excerpt(row: Row) -> str:
    """The beginning of a row as a reader would see it in the file.

    >>> excerpt(Row({"a": 1}, 0, b'{"a":1}'))
    '{"a":1}'
    """
    if row.raw is None:
        return storable(json.dumps(row.value, ensure_ascii=False, default=str))
    return storable(row.raw[:EXCERPT_BYTES].decode("utf-8", "replace"))


def ingest_reject(problem: Problem, path: str, row: Row) -> Reject:
    """The `Reject` of one row, or of a file when the row has neither value nor bytes."""
    return Reject(
        stage="ingest",
        reason=problem.reason,
        detail=storable(problem.detail),
        record=excerpt(row),
        source=storable(path),
        position=row.position,
    )


def file_reject(reason: str, detail: str, path: str, head: bytes = b"") -> Reject:
    """The `Reject` of a whole file.

    >>> file_reject("empty_file", "the file has no content", "a.jsonl").position
    0
    """
    return ingest_reject(Problem(reason, detail), path, Row(None, 0, head))
