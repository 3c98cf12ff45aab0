"""Local patterns: what is read, in which order, and what never hangs."""

import os
from pathlib import Path
from typing import BinaryIO

import pytest

from curation.reading import InputFile, list_local, plan_shards
from schemas.records import Reject


def listed(pattern: Path) -> list[str]:
    return sorted(
        f"{item.reason}: {item.source}" if isinstance(item, Reject) else item.path
        for item in list_local(str(pattern))
    )


def test_directories_are_read_with_all_below_except_hidden_files(tmp_path: Path) -> None:
    for name in ("a.jsonl", "sub/deep/b.jsonl", ".hidden", ".git/c.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    expected = [str(tmp_path / "a.jsonl"), str(tmp_path / "sub/deep/b.jsonl")]
    assert listed(tmp_path) == expected
    assert listed(tmp_path / "*") == expected
    assert listed(tmp_path / "**" / "b*") == expected[1:]


def test_a_name_with_glob_characters_is_taken_literally_when_it_exists(tmp_path: Path) -> None:
    (tmp_path / "part[1].jsonl").write_text("{}")
    assert list(list_local(str(tmp_path / "part[1].jsonl"))) == [
        InputFile(str(tmp_path / "part[1].jsonl"), 2)
    ]


def test_links_that_form_a_loop_are_followed_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert listed(tmp_path) == [str(tmp_path / "a.jsonl")]


def test_what_is_no_regular_file_is_refused_unopened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert listed(tmp_path) == [
        f"unreadable_file: {tmp_path / 'dangling'}",
        f"unreadable_file: {tmp_path / 'self'}",
        f"unsupported_file: {tmp_path / 'pipe'}",
    ]


@pytest.mark.parametrize("error", [PermissionError, FileNotFoundError])
def test_a_file_that_may_not_be_opened_is_a_reject(error: type[OSError]) -> None:
    def refuse(path: str) -> BinaryIO:
        raise error(13, "not for you", path)

    reject = plan_shards("a.jsonl", 1, refuse)
    assert isinstance(reject, Reject)
    assert (reject.reason, "not for you" in reject.detail) == ("unreadable_file", True)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl")).write_text("{}")
    except OSError:
        pytest.skip("this filesystem takes only UTF-8 names")
    assert [item.reason for item in list_local(str(tmp_path))] == ["unreadable_file"]
