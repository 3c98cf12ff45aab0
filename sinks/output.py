"""Before a run: may the dataset be written where the user wants it?"""

import contextlib
import shutil
from pathlib import Path

from schemas.errors import PublishError, UsageError
from sinks.debris import claim_staging
from sinks.layout import MANIFEST, MEMO, STAGING, staging_directory
from sinks.manifest import find_manifest
from sinks.store import LocalStore, local_path, open_store

MINIMUM_FREE_BYTES = 200_000_000
"""A run does not start with less free space than this on the output's disk."""


def prepare_output(output: str, run_id: str, minimum_free_bytes: int = MINIMUM_FREE_BYTES) -> None:
    """Make the output directory ready for a run and claim the run's staging directory.

    Input: the dataset's root, new, empty or a dataset already; on another filesystem than a
    local disk only the manifest, if there is one, is looked at.

    Raises: UsageError when `output` is a file, a directory with anything else in it, not
    writable, or on a disk that is full; PublishError when it is a dataset that this version
    cannot read.
    """
    path = local_path(output)
    if path is not None:
        _check_directory(path, output)
        _check_space(path, output, minimum_free_bytes)
    else:
        find_manifest(open_store(output), output)
    try:
        claim_staging(open_store(output), run_id)
    except OSError as error:
        raise UsageError(f"{output}: cannot write there: {error.strerror or error}") from None


def discard_run(output: str, run_id: str) -> None:
    """Remove what a failed run has staged; what cannot be removed now goes at a later publish."""
    with contextlib.suppress(OSError):
        open_store(output).delete(staging_directory(run_id))


def _check_directory(path: Path, output: str) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()} - {STAGING, MEMO}
    except FileExistsError:
        raise UsageError(f"{output} is a file; the output is a directory") from None
    except OSError as error:
        raise UsageError(f"{output}: cannot be used: {error.strerror}") from None
    try:
        is_dataset = find_manifest(LocalStore(path), output) is not None
    except PublishError as error:
        raise UsageError(f"{error}; choose another output directory") from None
    if names and not is_dataset:
        raise UsageError(
            f"{output} is not empty and holds no dataset (no {MANIFEST}): choose a new directory"
        )


def _check_space(path: Path, output: str, minimum: int) -> None:
    free = shutil.disk_usage(path).free
    if free < minimum:
        raise UsageError(
            f"{output}: {free / 1e6:,.0f} MB free on its disk, at least {minimum / 1e6:,.0f} MB "
            "are needed"
        )
