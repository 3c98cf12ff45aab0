"""Opening a snapshot's files of pairs."""

from collections.abc import Collection, Iterator

import pyarrow.parquet as pq

from schemas.arrow import check_version
from sinks.layout import snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.store import Store


def open_data_files(
    store: Store,
    manifest: SnapshotManifest,
    split: str | None = None,
    kinds: Collection[str] = ("pairs",),
) -> Iterator[pq.ParquetFile]:
    """The files of one split, or of all, one after the other, each open until the next.

    Parameters: `kinds` of files (`sinks.layout.KINDS`); with `pool` the pairs that were not
    selected come, too.

    Raises: SchemaError for a file that this version cannot read.
    """
    for file in manifest.files:
        if file["kind"] in kinds and split in (None, file["split"]):
            path = f"{snapshot_directory(manifest.id)}/{file['path']}"
            with store.open(path) as stream:
                parquet = pq.ParquetFile(stream)
                check_version(parquet.schema_arrow.metadata, path)
                yield parquet
