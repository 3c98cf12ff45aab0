"""Where a dataset may be written."""

from pathlib import Path

import pytest
from sinks_factories import make_pair, publish_run, stage_run

from schemas.errors import UsageError
from sinks.manifest import read_manifest
from sinks.output import discard_run, prepare_output


def test_a_new_directory_is_created(tmp_path: Path) -> None:
    prepare_output(str(tmp_path / "new" / "out"), "run-1")
    assert (tmp_path / "new" / "out").is_dir()


def test_what_an_earlier_run_has_left_in_staging_is_no_obstacle(tmp_path: Path) -> None:
    prepare_output(str(tmp_path), "run-1")
    prepare_output(str(tmp_path), "run-2")


def test_kept_answers_are_no_obstacle_and_stay(tmp_path: Path) -> None:
    (tmp_path / ".memo").mkdir()
    (tmp_path / ".memo" / "answers").write_text("paid for")
    prepare_output(str(tmp_path), "run-1")
    discard_run(str(tmp_path), "run-1")
    publish_run(str(tmp_path), pairs=[make_pair("tea")])
    assert (tmp_path / ".memo" / "answers").read_text() == "paid for"


def test_a_dataset_can_be_written_again(tmp_path: Path) -> None:
    publish_run(str(tmp_path), pairs=[make_pair("tea")])
    prepare_output(str(tmp_path), "run-2")


def test_a_failed_run_is_discarded_and_the_snapshot_stays(tmp_path: Path) -> None:
    published = publish_run(str(tmp_path), pairs=[make_pair("tea")])
    stage_run(str(tmp_path), "run-2", pairs=[make_pair("rain")])
    discard_run(str(tmp_path), "run-2")
    assert list((tmp_path / ".staging").iterdir()) == []
    assert read_manifest(str(tmp_path)).current == published.id


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="is a file; the output is a directory"):
        prepare_output(str(tmp_path / "file"), "run-1")


def test_a_directory_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="cannot be used: Not a directory"):
        prepare_output(str(tmp_path / "file" / "out"), "run-1")


def test_a_folder_of_the_user_is_not_littered(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UsageError, match="is not empty and holds no dataset"):
        prepare_output(str(tmp_path), "run-1")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_with_another_manifest_is_not_littered(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "a web app"}')
    with pytest.raises(UsageError, match=r"not a manifest of prefstream.*choose another"):
        prepare_output(str(tmp_path), "run-1")


def test_a_place_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(UsageError, match="/proc"):
        prepare_output("/proc/prefstream", "run-1")


def test_a_full_disk_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MB free on its disk"):
        prepare_output(str(tmp_path), "run-1", minimum_free_bytes=10**18)


def test_a_run_id_is_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run id"):
        prepare_output(str(tmp_path), "../../etc")
