"""Bytes to rows: JSON, CSV, Parquet, XML dumps, mails; plain or compressed, in bounded memory."""

from curation.reading.files import InputFile, list_local
from curation.reading.rows import MAX_ROW_BYTES, Problem, Row, Shard, ingest_reject
from curation.reading.shards import SHARD_BYTES, open_local, plan_shards, read_rows

__all__ = [
    "MAX_ROW_BYTES",
    "SHARD_BYTES",
    "InputFile",
    "Problem",
    "Row",
    "Shard",
    "ingest_reject",
    "list_local",
    "open_local",
    "plan_shards",
    "read_rows",
]
