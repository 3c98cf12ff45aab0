"""The audit of a snapshot, as one of its files."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from sinks.finalfiles import WrittenFile
from sinks.layout import AUDIT, final_directory, snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.rows import digest
from sinks.store import Store
from sinks.summary import read_summary, write_summary

KIND = "audit"
"""`WrittenFile.kind` of the audit."""


def write_audit(store: Store, run_id: str, data: bytes) -> None:
    """Put an audit among the files of a run that has finished and is not published yet.

    Raises: PublishError when the run has not finished.
    """
    summary = read_summary(store, run_id)
    store.write(f"{final_directory(run_id)}/{AUDIT}", data)
    sha256 = hashlib.sha256(data).hexdigest()
    file = WrittenFile(AUDIT, KIND, None, 0, len(data), sha256, digest([]))
    files = sorted([*summary["files"], file._asdict()], key=lambda one: str(one["path"]))
    write_summary(store, run_id, {**summary, "files": files})


def read_audit(store: Store, manifest: SnapshotManifest) -> Mapping[str, Any] | None:
    """The audit of a snapshot that is in its place; None where it has none."""
    if not any(file["kind"] == KIND for file in manifest.files):
        return None
    found: Mapping[str, Any] = json.loads(store.read(f"{snapshot_directory(manifest.id)}/{AUDIT}"))
    return found
