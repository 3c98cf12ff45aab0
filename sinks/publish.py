"""Making a finished run visible: one snapshot more, whole or not at all.

The order is the whole point. The snapshot's directory comes into its place in one step, its
manifest with it (on an object store: last); then the card; the root manifest at the very end.
Killed at any moment, the root manifest points to a complete snapshot, the former or the new.
"""

import datetime
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.errors import PublishError
from schemas.ids import content_id
from schemas.records import SCHEMA_VERSION
from sinks.card import dataset_card
from sinks.debris import remove_stale_staging
from sinks.layout import (
    CARD,
    MANIFEST,
    final_directory,
    snapshot_directory,
    staging_directory,
)
from sinks.manifest import (
    FORMAT,
    RootManifest,
    SnapshotEntry,
    SnapshotManifest,
    find_manifest,
    find_snapshot,
    manifest_bytes,
)
from sinks.store import Store, open_store
from sinks.summary import read_summary


class PublishedSnapshot(NamedTuple):
    """What `publish` has made current."""

    id: str
    """16 hexadecimal digits."""
    path: str
    """The snapshot's directory."""
    rows: Mapping[str, int]
    """Pairs by split."""
    rejected: int
    """Rows of `rejects/`."""
    reused: bool
    """Whether the same snapshot was there already."""


def publish(output: str, run_id: str, run_info: Mapping[str, Any]) -> PublishedSnapshot:
    """Publish what `sinks.snapshot.WriteSnapshot` has left in a run's staging directory.

    Input: `run_info`, JSON-like: `recipe` (resolved), `models` (role to `model@revision`),
    `inputs` (`path` and `size` of each), `code_version`, `packages`, `name`, and `license` where
    the user gave one. The same rows, recipe and models give the same snapshot id.

    Raises: PublishError when the run is not finished, its files are damaged, or a directory
    is in the way; the former snapshot stays current then.
    """
    store = open_store(output)
    root = find_manifest(store, output)
    summary = read_summary(store, run_id)
    manifest = _describe(summary, run_info, root.current if root else None)
    published = find_snapshot(store, manifest.id)
    if published:
        _check_files(store, snapshot_directory(manifest.id), published)
        manifest = published
    else:
        _put_in_place(store, run_id, manifest)
    store.write(CARD, dataset_card(store, manifest).encode("utf-8", "replace"))
    store.write(MANIFEST, manifest_bytes(_with_snapshot(root, manifest)))
    store.delete(staging_directory(run_id))
    remove_stale_staging(store)
    return PublishedSnapshot(
        manifest.id,
        f"{output.rstrip('/')}/{snapshot_directory(manifest.id)}",
        manifest.rows,
        manifest.records["rejects"],
        reused=published is not None,
    )


def snapshot_id(digests: Mapping[str, str], run_info: Mapping[str, Any]) -> str:
    """Id of a snapshot: the hash of its schema version, rows, recipe and models.

    >>> snapshot_id({}, {"recipe": {"a": 1, "b": 2}, "models": {}}) == snapshot_id(
    ...     {}, {"models": {}, "recipe": {"b": 2, "a": 1}, "name": "x"}
    ... )
    True
    """
    content = [SCHEMA_VERSION, digests, run_info["recipe"], run_info["models"]]
    return content_id("snapshot", json.dumps(content, sort_keys=True))[:16]


def _describe(
    summary: Mapping[str, Any], run_info: Mapping[str, Any], parent: str | None
) -> SnapshotManifest:
    now = datetime.datetime.now(datetime.UTC)
    return SnapshotManifest(
        format=FORMAT,
        id=snapshot_id(summary["digests"], run_info),
        parent=parent,
        created=now.isoformat(timespec="seconds"),
        schema_version=SCHEMA_VERSION,
        license=run_info.get("license"),
        **{
            key: run_info[key]
            for key in ("code_version", "packages", "name", "recipe", "models", "inputs")
        },
        **{key: summary[key] for key in ("rows", "records", "digests", "funnel", "files")},
    )


def _put_in_place(store: Store, run_id: str, manifest: SnapshotManifest) -> None:
    final = final_directory(run_id)
    _check_files(store, final, manifest)
    known = {f"{final}/{file['path']}" for file in manifest.files}
    for file in store.files(final):
        if file.name not in known:  # a temporary file of a worker that was killed
            store.delete(file.name)
    store.write(f"{final}/{MANIFEST}", manifest_bytes(manifest))
    store.move(final, snapshot_directory(manifest.id), last=MANIFEST)


def _check_files(store: Store, directory: str, manifest: SnapshotManifest) -> None:
    sizes = {file.name: file.size for file in store.files(directory)}
    for file in manifest.files:
        found = sizes.get(f"{directory}/{file['path']}")
        if found != file["size"]:
            state = "missing" if found is None else f"{found:,} bytes, not {file['size']:,}"
            raise PublishError(f"{directory}/{file['path']} is damaged: {state}")


def _with_snapshot(root: RootManifest | None, manifest: SnapshotManifest) -> RootManifest:
    fields = (manifest.id, manifest.created, manifest.parent)
    entry = SnapshotEntry(*fields, manifest.rows, manifest.schema_version)
    listed = tuple(root.snapshots) if root else ()
    if manifest.id not in [known.id for known in listed]:
        listed = (*listed, entry)
    return RootManifest(FORMAT, manifest.id, listed)
