"""The few file operations that a dataset needs, the same on a local disk and on an object store.

They differ in one thing that matters: a disk can rename a directory in one step, an object
store can only copy object by object. `open_store` picks the one that fits the path.
"""

import os
import re
import shutil
import uuid
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from schemas.errors import PublishError


class StoredFile(NamedTuple):
    """A file in a store."""

    name: str
    """Path relative to the store's root, with `/` between the parts."""
    size: int
    """Bytes."""
    modified: float
    """Seconds since 1970-01-01 UTC; 0 where the filesystem does not say."""


class Store(Protocol):
    """A directory of files; every name is relative to it, with `/` between the parts."""

    def read(self, name: str) -> bytes:
        """Whole content of a file. Raises: FileNotFoundError when there is none."""

    def open(self, name: str) -> BinaryIO:
        """A seekable file to read from."""

    def write(self, name: str, data: bytes) -> None:
        """Create or replace a file; a reader sees the former content or the new, never a part."""

    def files(self, name: str) -> list[StoredFile]:
        """All files below a directory, sorted by name; none when there is no such directory."""

    def delete(self, name: str) -> None:
        """Remove a file or a directory with all that is in it; absent is fine."""

    def move(self, source: str, target: str, last: str) -> None:
        """Move a directory; where that is no single step, the file `last` arrives last.

        Raises: PublishError when the target is in the way.
        """


def open_store(root: str) -> Store:
    """The store at a local path (also `file://…`) or at any URL that Beam has a filesystem for.

    >>> open_store("/data/out")
    LocalStore('/data/out')
    """
    local = local_path(root)
    if local is not None:
        return LocalStore(local)
    # Imported here so that reading a local dataset does not have to wait for Beam.
    from sinks.objectstore import ObjectStore

    return ObjectStore(root)


def local_path(root: str) -> Path | None:
    """The local path that a root names, None when it is on another filesystem.

    >>> local_path("file:///data/out"), local_path("gs://bucket/out")
    (PosixPath('/data/out'), None)
    """
    if root.startswith("file://"):
        return Path(root.removeprefix("file://"))
    return None if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", root) else Path(root)


class LocalStore:
    """A directory on a local disk: files are replaced and directories moved by one rename.

    What a call has written is on the disk when it returns, so a power cut does not undo it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def __repr__(self) -> str:
        return f"LocalStore({str(self._root)!r})"

    def read(self, name: str) -> bytes:
        """See `Store.read`."""
        return (self._root / name).read_bytes()

    def open(self, name: str) -> BinaryIO:
        """See `Store.open`."""
        return (self._root / name).open("rb")

    def write(self, name: str, data: bytes) -> None:
        """See `Store.write`."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_directory(path.parent)

    def files(self, name: str) -> list[StoredFile]:
        """See `Store.files`."""
        found = []
        for directory, _, names in os.walk(self._root / name):
            for path in (Path(directory) / n for n in names):
                stat = path.stat()
                relative = path.relative_to(self._root).as_posix()
                found.append(StoredFile(relative, stat.st_size, stat.st_mtime))
        return sorted(found)

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        path = self._root / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def move(self, source: str, target: str, last: str) -> None:
        """See `Store.move`."""
        del last  # one rename brings everything at once
        old, new = self._root / source, self._root / target
        new.parent.mkdir(parents=True, exist_ok=True)
        try:
            old.rename(new)
        except OSError as error:
            raise PublishError(f"{new}: cannot be put in place: {error.strerror}") from None
        _sync_directory(new.parent)
        _sync_directory(old.parent)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
