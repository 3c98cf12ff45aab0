"""Showing progress: what is told, when, and that nothing is left behind."""

import io
import json
import os
import pathlib
import time

import pytest
from rich.console import Console

from curation.progress import DIRECTORY_VARIABLE, count
from pipelines import progress
from pipelines.progress import Progress, watch


class Clock:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shown(tmp_path, clock):
    """The progress of a run over 50 rows that has just begun."""
    return Progress(str(tmp_path), 50, clock)


def test_before_anything_has_happened_only_time_and_rows_are_told(shown):
    assert shown.line() == "elapsed 00:00, rows read 0 of 50"


def test_counters_are_told_in_the_order_of_the_pipeline(shown, clock):
    count("drafts", 2)
    count("rows", 1200)
    count("rejects", 3)
    clock.now += 65
    expected = "elapsed 01:05, rows read 1,200 of 50, rejects 3, pairs drafted 2"
    assert shown.line() == expected


def test_earlier_runs_of_this_process_do_not_count(tmp_path):
    count("rows", 5)
    assert "rows read 0" in Progress(str(tmp_path)).line()


def test_worker_processes_count_and_this_one_counts_once(shown, tmp_path):
    count("rows", 1)
    for pid, rows in ((os.getpid(), 1), (-1, 10), (-2, 100)):
        (tmp_path / f"{pid}.json").write_text(json.dumps({"rows": rows}))
    (tmp_path / "-3.json").write_text("{half")
    assert shown.totals()["rows"] == 111


def test_paces_begin_when_a_counter_was_last_seen_at_zero(shown, clock):
    clock.now += 1000
    shown.line()
    clock.now += 10
    count("tokens", 500)
    assert "tokens 500 (50 per second)" in shown.line()


def test_the_time_left_is_that_of_the_pairs_not_yet_scored(shown, clock):
    count("drafts", 10)
    shown.line()
    clock.now += 20
    assert "left" not in shown.line()
    clock.now += 20
    count("scored", 4)
    # 4 in the 20 seconds since none was scored; 6 are left.
    assert "model work left about 00:30" in shown.line()
    count("scored", 6)
    assert "left" not in shown.line()


def test_a_terminal_gets_a_live_panel(clock):
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    with watch(console=console):
        count("rows", 7)
    told = console.file.getvalue()
    assert "prefstream" in told
    assert "rows read" in told
    assert "7" in told


def test_elsewhere_plain_lines_come_at_intervals(monkeypatch):
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.05)
    console = Console(file=io.StringIO(), width=20)
    with watch(total_rows=9, console=console):
        count("rows", 7)
        time.sleep(0.3)
    lines = console.file.getvalue().splitlines()
    assert 1 <= len(lines) <= 6
    assert lines[0].startswith("elapsed 00:00, rows read 7 of 9")


def test_a_short_run_prints_nothing_where_nobody_watches():
    console = Console(file=io.StringIO())
    with watch(console=console):
        count("rows")
    assert console.file.getvalue() == ""


@pytest.mark.parametrize("before", [None, "/tmp/outer"])
def test_workers_learn_the_folder_and_nothing_is_left_of_it(monkeypatch, before):
    monkeypatch.delenv(DIRECTORY_VARIABLE, raising=False)
    if before:
        monkeypatch.setenv(DIRECTORY_VARIABLE, before)
    folder = None

    def interrupted():
        nonlocal folder
        with watch(console=Console(file=io.StringIO())):
            folder = pathlib.Path(os.environ[DIRECTORY_VARIABLE])
            assert folder.is_dir()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not folder.exists()
    assert os.environ.get(DIRECTORY_VARIABLE) == before
