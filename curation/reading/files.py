"""Local patterns to files: directories read recursively, in one fixed order."""

import glob
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from curation.reading.rows import file_reject, storable
from schemas.records import Reject


class InputFile(NamedTuple):
    """A file to read, and its size in bytes as stored."""

    path: str
    size: int


def local_matches(pattern: str) -> list[str]:
    """Files and directories that a pattern names; a path that exists is taken literally."""
    if os.path.lexists(pattern):
        return [pattern]
    # `Path.glob` takes no absolute pattern.
    return sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207


def list_local(pattern: str) -> Iterator[InputFile | Reject]:
    """Every file under the matches of a pattern, except hidden ones.

    Links to directories are followed, each directory once. What is not a regular file, or
    cannot be looked at, is a `Reject`; nothing but regular files is ever opened.
    """
    visited: set[tuple[int, int]] = set()
    for path in local_matches(pattern):
        yield from _walk(path, visited)


def _walk(path: str, visited: set[tuple[int, int]]) -> Iterator[InputFile | Reject]:
    pending = [path]
    while pending:
        path = pending.pop()
        try:
            status = Path(path).stat()
            inside = sorted(Path(path).iterdir()) if stat.S_ISDIR(status.st_mode) else []
        except (OSError, ValueError) as error:
            yield file_reject("unreadable_file", str(error), path)
            continue
        if stat.S_ISDIR(status.st_mode):
            identity = (status.st_dev, status.st_ino)
            if identity not in visited:
                visited.add(identity)
                pending += [str(p) for p in inside if not p.name.startswith(".")]
        elif not stat.S_ISREG(status.st_mode):
            yield file_reject("unsupported_file", "not a regular file", path)
        elif storable(path, len(path)) != path:
            yield file_reject("unreadable_file", "the file's name is not UTF-8: rename it", path)
        else:
            yield InputFile(path, status.st_size)
