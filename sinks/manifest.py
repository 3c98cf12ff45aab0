"""The manifests: what a dataset consists of, and which of its snapshots is the current one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from schemas.errors import PublishError
from schemas.records import SCHEMA_VERSION
from sinks.layout import MANIFEST, snapshot_directory
from sinks.store import Store, open_store

FORMAT = 1
"""Version of the layout and of the manifests; raised when an older reader would be misled."""


class SnapshotEntry(NamedTuple):
    """One snapshot, as the root manifest lists it."""

    id: str
    """16 hexadecimal digits: the hash of its content."""
    created: str
    """UTC, ISO 8601."""
    parent: str | None
    """The snapshot that was current before it."""
    rows: Mapping[str, int]
    """Pairs by split."""
    schema_version: int
    """`schemas.records.SCHEMA_VERSION` when it was written."""


class RootManifest(NamedTuple):
    """`OUT/manifest.json`: the dataset's snapshots."""

    format: int
    """`FORMAT` when it was written."""
    current: str
    """Id of the snapshot that readers get."""
    snapshots: Sequence[SnapshotEntry]
    """All snapshots, oldest first."""


class SnapshotManifest(NamedTuple):
    """`OUT/snapshots/<id>/manifest.json`: what a snapshot holds and what made it."""

    format: int
    """`FORMAT` when it was written."""
    id: str
    """16 hexadecimal digits: the hash of its content."""
    parent: str | None
    """The snapshot that was current before it."""
    created: str
    """UTC, ISO 8601."""
    schema_version: int
    """`schemas.records.SCHEMA_VERSION` when it was written."""
    code_version: str
    """Version of prefstream."""
    packages: Mapping[str, str]
    """Versions of the packages that matter for the result."""
    name: str
    """Name of the dataset."""
    license: str | None
    """Licence of the dataset as the user states it."""
    recipe: Mapping[str, Any]
    """The recipe, every default filled in."""
    models: Mapping[str, Any]
    """The models and their revisions, by role."""
    inputs: Sequence[Mapping[str, Any]]
    """`path` and `size` of each input file."""
    rows: Mapping[str, int]
    """Pairs by split."""
    records: Mapping[str, int]
    """Rows by kind: those of `sinks.layout.KINDS` that this version of the snapshot has, and
    `duplicates`."""
    digests: Mapping[str, str]
    """`sinks.rows.digest` of the rows, by kind."""
    funnel: Sequence[Mapping[str, Any]]
    """`stage`, `in`, `out`, `dropped` (by reason) and perhaps `notes` of each stage, in order."""
    files: Sequence[Mapping[str, Any]]
    """`sinks.finalfiles.WrittenFile` of each file, as a mapping."""


def read_manifest(output: str) -> RootManifest:
    """Read a dataset's root manifest.

    Raises: PublishError when there is none, or none that this version can read.
    """
    root = find_manifest(open_store(output), output)
    if root is None:
        raise PublishError(f"no dataset at {output}: there is no {MANIFEST}")
    return root


def find_manifest(store: Store, output: str) -> RootManifest | None:
    """A store's root manifest, None when it has none yet; `output` names it in messages.

    Raises: PublishError for one that this version cannot read.
    """
    try:
        data = store.read(MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    where = f"{output}/{MANIFEST}"
    fields = _fields(RootManifest, _parse(data, where), where)
    entries = [SnapshotEntry(**_fields(SnapshotEntry, e, where)) for e in fields["snapshots"] or ()]
    return RootManifest(**{**fields, "snapshots": tuple(entries)})


def read_snapshot(output: str, snapshot_id: str | None = None) -> SnapshotManifest:
    """Read the manifest of a snapshot, by default of the current one.

    Raises: PublishError when there is no such snapshot, or none that this version can read.
    """
    root = read_manifest(output)
    wanted = snapshot_id or root.current
    listed = [entry.id for entry in root.snapshots]
    if wanted not in listed:
        raise PublishError(f"no snapshot {wanted} in {output}; it has {', '.join(listed)}")
    manifest = find_snapshot(open_store(output), wanted)
    if manifest is None:
        raise PublishError(f"snapshot {wanted} in {output} is damaged: its {MANIFEST} is missing")
    return manifest


def find_snapshot(store: Store, snapshot_id: str) -> SnapshotManifest | None:
    """The manifest of a snapshot that is in its place, listed or not; None when it is not there.

    Raises: PublishError for one that this version cannot read.
    """
    path = f"{snapshot_directory(snapshot_id)}/{MANIFEST}"
    try:
        data = store.read(path)
    except FileNotFoundError:
        return None
    manifest = SnapshotManifest(**_fields(SnapshotManifest, _parse(data, path), path))
    if manifest.schema_version > SCHEMA_VERSION:
        raise PublishError(
            f"{path}: written with schema version {manifest.schema_version}, this prefstream "
            f"reads up to {SCHEMA_VERSION}: install a newer prefstream"
        )
    return manifest


def manifest_bytes(manifest: RootManifest | SnapshotManifest) -> bytes:
    """A manifest as the bytes of its file.

    >>> manifest_bytes(RootManifest(1, "0f", ())).decode().splitlines()[1]
    '  "format": 1,'
    """
    values = manifest._asdict()
    if isinstance(manifest, RootManifest):
        values["snapshots"] = [entry._asdict() for entry in manifest.snapshots]
    text = json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    return text.encode("utf-8", "replace")


def _parse(data: bytes, where: str) -> Mapping[str, Any]:
    try:
        values = json.loads(data)
    except ValueError as error:
        raise PublishError(f"{where}: not JSON: {error}") from None
    if not isinstance(values, dict) or not isinstance(values.get("format"), int):
        raise PublishError(f"{where}: not a manifest of prefstream: it has no format number")
    if values["format"] > FORMAT:
        raise PublishError(
            f"{where}: written in format {values['format']}, this prefstream reads up to "
            f"{FORMAT}: install a newer prefstream"
        )
    return values


def _fields(record: type, values: Any, where: str) -> dict[str, Any]:
    """The values of a record's fields; others may be there, and are left out."""
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
    if not isinstance(values, dict):
        raise PublishError(f"{where}: damaged: a {record.__name__} is not an object")
    missing = [name for name in fields if name not in values]
    if missing:
        raise PublishError(f"{where}: damaged: {', '.join(missing)} missing")
    return {name: values[name] for name in fields}
