"""A publisher killed by SIGKILL at any touch of the disk leaves a whole dataset."""

import subprocess
import sys
from pathlib import Path

from sinks_factories import make_pair, make_reject, publish_run, stage_run


def test_a_kill_at_every_touch_of_the_disk_leaves_the_former_or_the_new_snapshot_whole(
    tmp_path: Path,
) -> None:
    out = str(tmp_path / "out")
    publish_run(out, pairs=[make_pair("tea")])
    stage_run(out, "run-2", pairs=[make_pair("rain")], rejects=[make_reject(1)])
    stage_run(out, "run-3", pairs=[make_pair("snow")])
    (tmp_path / "scratch").mkdir()
    driver = Path(__file__).with_name("sinks_kill_driver.py")
    run = subprocess.run(
        [sys.executable, str(driver), out, str(tmp_path / "scratch")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    current = run.stdout.split()
    assert len(current) > 30, "a publish touches the disk more often than that"
    assert current[0] == "former"
    assert current[-1] == "new"
    assert current == sorted(current), "once the new one is current, it stays current"
