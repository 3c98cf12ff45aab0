"""What killed runs have left in the staging directory, and how to tell it from live runs."""

import json
import os
import platform
import time

from sinks.layout import STAGING, staging_directory
from sinks.store import Store, StoredFile

STALE_SECONDS = 24 * 3600.0
"""A run that has written nothing for this long, and whose launcher is gone, is dead."""
STALE_ELSEWHERE_SECONDS = 7 * STALE_SECONDS
"""The same for a run launched on another machine, where its process cannot be looked for."""
_OWNER = "owner.json"


def claim_staging(store: Store, run_id: str) -> None:
    """Note which process on which machine a run's staging directory belongs to."""
    owner = {"host": platform.node(), "pid": os.getpid()}
    store.write(f"{staging_directory(run_id)}/{_OWNER}", json.dumps(owner).encode())


def remove_stale_staging(store: Store, now: float | None = None) -> list[str]:
    """Remove the staging directories of dead runs.

    Parameters: `now`, seconds since 1970-01-01 UTC. Output: ids of the runs removed.
    """
    now = time.time() if now is None else now
    runs: dict[str, list[StoredFile]] = {}
    for file in store.files(STAGING):
        runs.setdefault(file.name.split("/")[1], []).append(file)
    stale = [run for run, files in sorted(runs.items()) if _is_dead(store, run, files, now)]
    for run in stale:
        store.delete(f"{STAGING}/{run}")
    return stale


def _is_dead(store: Store, run: str, files: list[StoredFile], now: float) -> bool:
    if any(file.modified <= 0 for file in files):
        return False  # the filesystem does not say when; better to keep than to guess
    idle = now - max(file.modified for file in files)
    if f"{STAGING}/{run}/{_OWNER}" not in [file.name for file in files]:
        return idle > STALE_SECONDS
    owner = json.loads(store.read(f"{STAGING}/{run}/{_OWNER}"))
    if owner["host"] != platform.node():
        return idle > STALE_ELSEWHERE_SECONDS
    return idle > STALE_SECONDS and not _is_running(owner["pid"])


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it runs, as another user
    return True
