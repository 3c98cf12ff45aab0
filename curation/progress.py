"""How far a run is: counters for the eye, cheap enough for every record and every batch.

These are not the funnel. A bundle that an engine runs again is counted again here; the
funnel of a dataset is counted by the pipeline itself (`transforms.counting`).
"""

import atexit
import json
import os
import pathlib
import threading
import time
from collections.abc import Mapping

COUNTERS = (
    "rows",
    "rejects",
    "conversations",
    "documents",
    "signals",
    "drafts",
    "generated",
    "scored",
    "tokens",
    "remembered",
    "pairs",
)
"""Everything that is counted, in the order of the pipeline."""
DIRECTORY_VARIABLE = "PREFSTREAM_PROGRESS_DIR"
"""Environment variable that names the folder in which worker processes leave their totals."""
INTERVAL_SECONDS = 0.5
"""Shortest time between two writes of one process."""

_lock = threading.Lock()
_totals = dict.fromkeys(COUNTERS, 0)
_directory = os.environ.get(DIRECTORY_VARIABLE)
_next_write = 0.0


def count(name: str, n: int = 1) -> None:
    """Add to a counter; safe from any thread.

    Parameters: `name` is one of `COUNTERS`.

    Raises: KeyError for another name.

    >>> before = totals()["signals"]
    >>> count("signals", 2)
    >>> totals()["signals"] - before
    2
    """
    with _lock:
        _totals[name] += n
    if _directory and time.monotonic() >= _next_write:
        flush()


def totals() -> Mapping[str, int]:
    """What this process has counted so far, by name."""
    with _lock:
        return dict(_totals)


def flush() -> None:
    """Write the totals to the folder of `PREFSTREAM_PROGRESS_DIR`, if that is set.

    A folder that has gone is no error: nobody looks any more.
    """
    global _next_write  # noqa: PLW0603 (one clock per process)
    if not _directory:
        return
    with _lock:
        _next_write = time.monotonic() + INTERVAL_SECONDS
        target = pathlib.Path(_directory) / f"{os.getpid()}.json"
        partial = target.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(_totals), encoding="utf-8")
            partial.replace(target)
        except OSError:
            return


atexit.register(flush)
