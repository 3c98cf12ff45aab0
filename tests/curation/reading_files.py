"""Reading bytes as if they were a file, for the tests of `curation.reading`."""

import io
from typing import BinaryIO

from curation.reading import MAX_ROW_BYTES, Row, plan_shards, read_rows
from schemas.records import Reject


def read_bytes(
    content: bytes,
    name: str = "rows.jsonl",
    shard_bytes: int = 2**30,
    max_row_bytes: int = MAX_ROW_BYTES,
    wanted: str = "records",
) -> list[Row | Reject]:
    """Every row and reject of a file with this content and name, shard after shard."""

    def open_file(path: str) -> BinaryIO:
        assert path == name
        return io.BytesIO(content)

    shards = plan_shards(name, len(content), open_file, shard_bytes, wanted)
    if isinstance(shards, Reject):
        return [shards]
    return [row for shard in shards for row in read_rows(shard, open_file, max_row_bytes)]


def values(found: list[Row | Reject]) -> list[object]:
    """The values of rows, and the reasons of rejects."""
    return [item.reason if isinstance(item, Reject) else item.value for item in found]
