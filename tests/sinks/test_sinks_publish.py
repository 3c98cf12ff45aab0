"""Publishing: ids by content, reuse, and errors that leave the former snapshot in its place."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sinks_factories import make_pair, make_reject, publish_run, stage_run
from sinks_run_info import make_run_info

from schemas.errors import PublishError
from sinks.debris import claim_staging, remove_stale_staging
from sinks.inspect import inspect_snapshot, read_pairs
from sinks.layout import final_directory, staging_directory
from sinks.manifest import read_manifest, read_snapshot
from sinks.publish import publish
from sinks.store import LocalStore

DAY = 24 * 3600.0


def test_the_same_rows_recipe_and_models_give_the_same_id(tmp_path: Path) -> None:
    pairs = [make_pair("tea"), make_pair("rain")]
    first = publish_run(str(tmp_path / "a"), pairs=pairs)
    second = publish_run(str(tmp_path / "b"), "other-run", pairs=pairs[::-1])
    assert first.id == second.id


@pytest.mark.parametrize(
    "change", [{"recipe": {"seed": 8}}, {"models": {"policy": "embedded@2"}}], ids=str
)
def test_another_recipe_or_model_gives_another_id(
    tmp_path: Path, change: dict[str, object]
) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    stage_run(str(tmp_path), "run-2", pairs=[make_pair("tea")])
    second = publish(str(tmp_path), "run-2", make_run_info(**change))
    assert first.id != second.id


def test_a_snapshot_remembers_its_parent(tmp_path: Path) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    second = publish_run(str(tmp_path), pairs=[make_pair("rain")])
    assert read_snapshot(str(tmp_path)).parent == first.id
    assert [entry.id for entry in read_manifest(str(tmp_path)).snapshots] == [first.id, second.id]


def test_a_snapshot_that_is_there_already_is_reused(tmp_path: Path) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    publish_run(str(tmp_path), pairs=[make_pair("rain")])
    before = (tmp_path / "snapshots" / first.id / "manifest.json").read_bytes()
    again = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    assert again == first._replace(reused=True)
    assert read_manifest(str(tmp_path)).current == first.id
    assert (tmp_path / "snapshots" / first.id / "manifest.json").read_bytes() == before


def test_former_snapshots_stay_readable(tmp_path: Path) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    publish_run(str(tmp_path), pairs=[make_pair("rain"), make_pair("snow")])
    assert inspect_snapshot(str(tmp_path), first.id)["rows"] == {"train": 1, "test": 0}


def test_a_run_that_is_not_finished_cannot_be_published(tmp_path: Path) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    with pytest.raises(PublishError, match="run run-2 is not finished"):
        publish(str(tmp_path), "run-2", make_run_info())
    assert read_manifest(str(tmp_path)).current == first.id


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file_is_named_and_nothing_is_published(tmp_path: Path, damage: str) -> None:
    first = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    stage_run(str(tmp_path), "run-2", pairs=[make_pair("rain")])
    (file,) = (tmp_path / final_directory("run-2") / "data").glob("train-*")
    file.unlink() if damage == "missing" else file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(PublishError, match=r"train-00000-of-00001\.parquet is damaged"):
        publish(str(tmp_path), "run-2", make_run_info())
    assert read_manifest(str(tmp_path)).current == first.id


def test_files_that_no_worker_reported_are_not_published(tmp_path: Path) -> None:
    stage_run(str(tmp_path), pairs=[make_pair("tea")])
    (tmp_path / final_directory("run-1") / "data" / ".train.half.tmp").write_bytes(b"half")
    published = publish(str(tmp_path), "run-1", make_run_info())
    assert not list(Path(published.path).rglob("*.tmp"))


def test_the_staging_directory_of_the_run_is_gone_and_those_of_others_are_not(
    tmp_path: Path,
) -> None:
    stage_run(str(tmp_path), "other", pairs=[make_pair("snow")])
    publish_run(str(tmp_path), pairs=[make_pair("tea")])
    assert not (tmp_path / staging_directory("run-1")).exists()
    assert (tmp_path / staging_directory("other")).exists()


def test_what_a_dead_run_has_left_is_removed_after_a_day(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.write(".staging/dead/parts/pairs/x.parquet", b"x")
    assert remove_stale_staging(store, now=time.time() + 0.9 * DAY) == []
    assert remove_stale_staging(store, now=time.time() + 1.1 * DAY) == ["dead"]
    assert store.files(".staging") == []


def test_a_run_whose_process_lives_is_kept_however_long_it_is_silent(tmp_path: Path) -> None:
    claim_staging(LocalStore(tmp_path), "live")
    assert remove_stale_staging(LocalStore(tmp_path), now=time.time() + 30 * DAY) == []


def test_a_run_whose_process_has_ended_is_removed_after_a_day(tmp_path: Path) -> None:
    claim = f"claim_staging(LocalStore(Path({str(tmp_path)!r})), 'ended')"
    imports = "from pathlib import Path; from sinks.debris import *; from sinks.store import *"
    subprocess.run([sys.executable, "-c", f"{imports}; {claim}"], check=True)
    assert remove_stale_staging(LocalStore(tmp_path), now=time.time() + 1.1 * DAY) == ["ended"]


def test_a_run_of_another_machine_is_given_a_week(tmp_path: Path) -> None:
    owner = {"host": "another-machine", "pid": 1}
    LocalStore(tmp_path).write(".staging/far/owner.json", json.dumps(owner).encode())
    assert remove_stale_staging(LocalStore(tmp_path), now=time.time() + 6 * DAY) == []
    assert remove_stale_staging(LocalStore(tmp_path), now=time.time() + 8 * DAY) == ["far"]


def test_the_manifest_says_what_made_the_snapshot(tmp_path: Path) -> None:
    published = publish_run(
        str(tmp_path), pairs=[make_pair("tea")], rejects=[make_reject(1)], stages=["ingest"]
    )
    manifest = read_snapshot(str(tmp_path))
    assert published.rejected == manifest.records["rejects"] == 1
    assert manifest.recipe == {"seed": 7}
    assert manifest.inputs == [{"path": "a.jsonl", "size": 10}]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", manifest.created)


def test_inspect_shows_methods_sources_and_the_quantiles_of_the_scores(tmp_path: Path) -> None:
    pairs = [make_pair(str(n), margin=n / 4) for n in range(5)]
    pairs.append(make_pair("tea", "test", method="expert", margin=None))
    publish_run(str(tmp_path), pairs=pairs)
    shown = inspect_snapshot(str(tmp_path))
    assert shown["methods"] == {"revisions": 5, "expert": 1}
    assert shown["sources"] == {"test": 6}
    assert shown["scores"]["margin"]["count"] == 5
    assert shown["scores"]["margin"]["p50"] == 0.5
    assert "ches" not in shown["scores"], "no pair has one"


def test_pairs_are_read_back_as_they_were(tmp_path: Path) -> None:
    pairs = [make_pair(str(n)) for n in range(4)]
    publish_run(str(tmp_path), pairs=pairs)
    assert list(read_pairs(str(tmp_path))) == sorted(pairs)
    assert len(list(read_pairs(str(tmp_path), limit=3))) == 3
