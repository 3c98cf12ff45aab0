"""Files to shards, shards to rows: the two entry points of this package."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from curation.reading.detection import HEAD_BYTES, detect_layout
from curation.reading.documentfiles import read_mbox, read_whole
from curation.reading.jsonl import read_jsonl
from curation.reading.jsonstream import read_json
from curation.reading.parquet import plan_parquet, read_parquet
from curation.reading.rows import (
    EXCERPT_BYTES,
    MAX_ROW_BYTES,
    Problem,
    Row,
    Shard,
    file_reject,
    ingest_reject,
)
from curation.reading.streams import ByteStream, compression_of
from curation.reading.tabular import read_table
from curation.reading.xmlrows import read_xml
from schemas.records import Reject

SHARD_BYTES = 32 * 2**20
"""Default size of a shard, in bytes."""

OpenFile = Callable[[str], BinaryIO]
"""Opens a file for reading, by its path, without decompressing it."""


def open_local(path: str) -> BinaryIO:
    """Open a file of this machine."""
    return Path(path).open("rb")


def plan_shards(
    path: str,
    size: int,
    open_file: OpenFile = open_local,
    shard_bytes: int = SHARD_BYTES,
    wanted: str = "records",
) -> list[Shard] | Reject:
    """Decide what a file is and how to divide it.

    Input: a file and its size in bytes as stored. Parameters: `wanted`, see `detect_layout`.
    Output: its shards, or the one `Reject` of a file that is empty or not supported.

    Plain JSON Lines and dumps in XML are divided by bytes and Parquet by row groups. A compressed
    file, a JSON array, CSV (whose line feeds may be quoted), a text, a mail and an archive of
    mails are one shard.
    """
    try:
        file = open_file(path)
    except (PermissionError, FileNotFoundError) as error:
        return file_reject("unreadable_file", str(error), path)
    with file:
        compression = compression_of(file.read(4))
        file.seek(0)
        stream = ByteStream(file, compression)
        head = stream.read(HEAD_BYTES)
        layout: str | Problem = detect_layout(head, path, len(head) < HEAD_BYTES, wanted)
        if stream.damage and isinstance(layout, Problem):
            layout = stream.damage
        if layout == "parquet" and compression != "none":
            layout = Problem("unsupported_file", f"Parquet inside {compression}: decompress it")
        if isinstance(layout, Problem):
            row = Row(None, 0, head[:EXCERPT_BYTES])
            return ingest_reject(layout, path, row)
        if layout == "parquet":
            return plan_parquet(path, file, shard_bytes)
    if layout not in ("jsonl", "xml") or compression != "none" or size <= shard_bytes:
        return [Shard(path, layout, compression, 0, None)]
    starts = range(0, size, shard_bytes)
    return [Shard(path, layout, compression, s, min(s + shard_bytes, size)) for s in starts]


def read_rows(
    shard: Shard, open_file: OpenFile = open_local, max_row_bytes: int = MAX_ROW_BYTES
) -> Iterator[Row | Reject]:
    """Every physical row of a shard, once, as a `Row` or as a `Reject`.

    Parameters: `max_row_bytes` bounds what one row may take; nothing larger is held.

    Raises: OSError when the filesystem fails; damage inside the file is a `Reject`.
    """
    with open_file(shard.path) as file:
        if shard.layout == "parquet":
            yield from read_parquet(file, shard)
            return
        if shard.start:
            file.seek(shard.start - 1)
        stream = ByteStream(file, shard.compression)
        yield from _READERS[shard.layout](stream, shard, max_row_bytes)


_READERS = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_table,
    "tsv": read_table,
    "xml": read_xml,
    "mbox": read_mbox,
    "mail": read_whole,
    "text": read_whole,
}
