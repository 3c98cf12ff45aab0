"""Publishes and is killed at the n-th touch of the disk, for every n; run by a test.

Arguments: a dataset with one published snapshot and two staged runs, `run-2` and `run-3`; a
scratch directory. Output: one line for each n, `former` or `new`, whichever is current then.
Nothing here starts a thread, so that the process may be forked.
"""

import functools
import hashlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from sinks_run_info import make_run_info

from sinks.layout import CARD, MANIFEST
from sinks.manifest import read_manifest, read_snapshot
from sinks.publish import publish


def run_in_child(work: Callable[[], object]) -> int:
    """Fork, work, and give back how the child ended."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1]


def publish_until(output: Path, run_id: str, last: int) -> None:
    """Publish, but be killed just before the n-th touch of the output directory."""
    touches = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal touches
        if arguments and str(arguments[0]).startswith(str(output)):
            touches += 1
            if touches == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    publish(str(output), run_id, make_run_info())


def verify(output: Path) -> str:
    """Id of the current snapshot, after reading every one of its files."""
    manifest = read_snapshot(str(output))
    for file in manifest.files:
        data = (output / "snapshots" / manifest.id / file["path"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"], file["path"]
    (in_card,) = set(re.findall(r"path: (snapshots/[0-9a-f]{16})", (output / CARD).read_text()))
    assert (output / in_card / MANIFEST).exists()
    return read_manifest(str(output)).current


def main(dataset: Path, scratch: Path) -> None:
    """Kill at every touch until a publish comes through."""
    former = verify(dataset)
    for last in range(1, 10_000):
        output = scratch / str(last)
        shutil.copytree(dataset, output)
        ended = run_in_child(functools.partial(publish_until, output, "run-2", last))
        current = verify(output)
        print("former" if current == former else "new")
        if ended == 0:
            return
        assert os.WTERMSIG(ended) == signal.SIGKILL
        # What was killed can be done again, and so can the next run.
        for run_id in ("run-2", "run-3") if current == former else ("run-3",):
            again = functools.partial(publish, str(output), run_id, make_run_info())
            assert run_in_child(again) == 0
            assert verify(output) != current
        shutil.rmtree(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
