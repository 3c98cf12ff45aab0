"""Counting of progress: right from many threads, and readable from other processes."""

import json
import subprocess
import sys
import threading

import pytest

from curation import progress


def test_counts_from_many_threads_add_up():
    before = progress.totals()["rows"]
    threads = [
        threading.Thread(target=lambda: [progress.count("rows") for _ in range(5000)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert progress.totals()["rows"] - before == 20_000


def test_a_name_that_nobody_shows_is_an_error():
    with pytest.raises(KeyError):
        progress.count("row")


def run(directory, code):
    """Run code in a process that reports into the directory."""
    subprocess.run(
        [sys.executable, "-c", f"from curation.progress import *; {code}"],
        env={progress.DIRECTORY_VARIABLE: str(directory)},
        check=True,
    )


def test_a_process_leaves_its_totals_when_it_ends(tmp_path):
    run(tmp_path, "count('rows', 3); count('rows', 4); count('tokens', 5)")
    (file,) = tmp_path.iterdir()
    assert file.suffix == ".json"
    written = json.loads(file.read_text())
    assert (written["rows"], written["tokens"], written["scored"]) == (7, 5, 0)


def test_the_first_count_is_written_at_once_and_the_next_ones_later(tmp_path):
    look = "import pathlib; print(*[p.read_text() for p in pathlib.Path(d).glob('*.json')])"
    code = f"d = {str(tmp_path)!r}; count('rows'); count('rows'); {look}; import os; os._exit(0)"
    run(tmp_path, code)
    (file,) = tmp_path.iterdir()
    assert json.loads(file.read_text())["rows"] == 1


def test_a_folder_that_has_gone_stops_nothing(tmp_path):
    run(tmp_path / "gone", "count('rows'); flush()")
    assert not (tmp_path / "gone").exists()
