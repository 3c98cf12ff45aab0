"""Manifests that are missing, foreign, damaged or too new are named as such."""

import json
from pathlib import Path

import pytest
from sinks_factories import publish_run

from schemas.errors import PublishError
from schemas.records import SCHEMA_VERSION
from sinks.manifest import read_manifest, read_snapshot


def test_a_directory_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(PublishError, match=f"no dataset at {tmp_path}: there is no manifest.json"):
        read_manifest(str(tmp_path))


def test_a_snapshot_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    published = publish_run(str(tmp_path))
    with pytest.raises(PublishError, match=f"no snapshot abc in .*; it has {published.id}"):
        read_snapshot(str(tmp_path), "abc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a manifest of prefstream"),
        ('{"name": "a web app"}', "not a manifest of prefstream"),
        ('{"format": 1}', "damaged: current, snapshots missing"),
        ('{"format": 1, "current": "a", "snapshots": ["a"]}', "a SnapshotEntry is not an object"),
        ('{"format": 99}', "written in format 99, .* install a newer prefstream"),
    ],
)
def test_a_root_manifest_that_cannot_be_used_says_why(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(PublishError, match=message):
        read_manifest(str(tmp_path))


def test_a_snapshot_of_a_newer_schema_is_refused_with_advice(tmp_path: Path) -> None:
    published = publish_run(str(tmp_path))
    path = Path(published.path) / "manifest.json"
    newer = {**json.loads(path.read_text()), "schema_version": SCHEMA_VERSION + 1}
    path.write_text(json.dumps(newer))
    with pytest.raises(PublishError, match="install a newer prefstream"):
        read_snapshot(str(tmp_path))


def test_fields_that_a_later_version_adds_are_no_obstacle(tmp_path: Path) -> None:
    publish_run(str(tmp_path))
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "etags": {}}))
    assert len(read_manifest(str(tmp_path)).snapshots) == 1
