"""Files of a snapshot that the next one has too, byte by byte."""

import hashlib
from collections.abc import Iterator

from schemas.errors import PublishError
from sinks.finalfiles import FinalFiles, WrittenFile, shape_of
from sinks.layout import final_directory, snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.store import Store

CARRIED = ("rankings", "signals", "rejects")
"""Kinds that no selection changes."""


def carry_over(store: Store, manifest: SnapshotManifest, run_id: str) -> Iterator[WrittenFile]:
    """Copy the files of these kinds into a run's staging directory.

    A kind that an earlier version did not have yet gets a file without a row.

    Raises: PublishError for a file that is not what the manifest says.
    """
    directory = final_directory(run_id)
    for file in manifest.files:
        if file["kind"] not in CARRIED:
            continue
        path = f"{snapshot_directory(manifest.id)}/{file['path']}"
        data = store.read(path)
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            raise PublishError(f"{path} is damaged: it is not what the manifest says")
        store.write(f"{directory}/{file['path']}", data)
        yield WrittenFile(**{name: file[name] for name in WrittenFile._fields})
    for kind in set(CARRIED) - {file["kind"] for file in manifest.files}:
        yield from FinalFiles(store, directory, kind, None, shape_of(0, 0, 1)).close()
