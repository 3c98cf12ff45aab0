"""A run that was killed goes on where it was: nothing that had been paid for is paid again."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from e2e_runs import rows

from curation.memo.frames import joined_keys
from transforms.memo_files import list_segments, read_frames

HERE = Path(__file__).parent
SCORES = ("margin", "chosen_score", "rejected_score", "ches", "ln_ches")


def start(output, log, conversations):
    """Start a run in a process of its own."""
    code = "import e2e_resume_driver; e2e_resume_driver.main()"
    command = [sys.executable, "-c", code, str(output), str(log), str(conversations)]
    return subprocess.Popen(command, env={"PYTHONPATH": f"{HERE}:{HERE.parents[1]}"})


def noted(log):
    """Keys of the requests that were computed, in order."""
    return log.read_text().split("\n")[:-1] if log.exists() else []


def stored(output):
    """Keys of the answers that a dataset's store holds."""
    files = list_segments(str(output / ".memo"))
    frames = [frame for file in files for frame in read_frames(file)[0]]
    return [key.hex() for frame in frames for key in joined_keys(frame.keys)]


@pytest.fixture(scope="module")
def undisturbed(conversations, tmp_path_factory):
    """A run that nothing happened to: its dataset, and the requests that it computed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert start(folder / "out", folder / "log", conversations).wait(timeout=600) == 0
    return folder / "out", noted(folder / "log")


def test_a_run_computes_each_request_once_and_keeps_every_answer(undisturbed):
    output, computed = undisturbed
    assert len(set(computed)) == len(computed) > 10
    assert sorted(stored(output)) == sorted(computed)
    assert len(list_segments(str(output / ".memo"))) == 1


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_run_killed_in_the_middle_repeats_nothing_that_was_kept(
    undisturbed, conversations, tmp_path, share
):
    whole, needed = undisturbed
    output, log = tmp_path / "out", tmp_path / "log"
    process = start(output, log, conversations)
    deadline = time.monotonic() + 300
    while len(noted(log)) < share * len(needed) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    before, kept = noted(log), set(stored(output))
    assert len(set(before) - kept) <= 2  # one batch
    assert not (output / "manifest.json").exists()

    log.unlink()
    assert start(output, log, conversations).wait(timeout=600) == 0
    assert set(noted(log)) == set(needed) - kept
    first, again = rows(whole), rows(output)
    exact = [column for column in first.columns if column not in SCORES]
    assert first.select(exact).equals(again.select(exact))
    for score in SCORES:
        assert ((first[score] - again[score]).abs() <= 1e-6).all()


def test_a_second_run_computes_nothing(undisturbed, conversations, tmp_path):
    output, _ = undisturbed
    before = rows(output)
    assert start(output, tmp_path / "log", conversations).wait(timeout=600) == 0
    assert noted(tmp_path / "log") == []
    assert rows(output).equals(before)
