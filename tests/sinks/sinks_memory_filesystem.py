"""A Beam filesystem at `mem://` that behaves like an object store: it has no rename.

Beam finds it because it subclasses `FileSystem`. Objects appear when they are closed,
whole. `crash_at` makes the n-th change of the store fail, as a killed process would.
"""

import io
import time
from collections.abc import Callable
from typing import Any

from apache_beam.io.filesystem import CompressionTypes, FileMetadata, FileSystem

OBJECTS: dict[str, bytes] = {}
"""All objects, by URL."""
_changes = {"left": -1}


class Killed(BaseException):
    """Stands for the end of the process: nothing in the product catches it."""


def crash_at(change: int) -> None:
    """Fail at the n-th change from now on; 0 never."""
    _changes["left"] = change


def _count_change() -> None:
    _changes["left"] -= 1
    if _changes["left"] == 0:
        raise Killed


class _Upload(io.BytesIO):
    def __init__(self, done: Callable[[bytes], None]) -> None:
        super().__init__()
        self._done = done

    def close(self) -> None:
        if not self.closed:
            self._done(self.getvalue())
        super().close()


class MemoryFileSystem(FileSystem):
    """Objects in memory; nothing here renames, and there are no directories."""

    @classmethod
    def scheme(cls) -> str:
        return "mem"

    def join(self, basepath: str, *paths: str) -> str:
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path: str) -> tuple[str, str]:
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        pass

    def has_dirs(self) -> bool:
        return False

    def _list(self, dir_or_prefix: str) -> Any:
        for path, data in sorted(OBJECTS.items()):
            if path.startswith(dir_or_prefix):
                yield FileMetadata(path, len(data), time.time())

    def create(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> Any:
        def done(data: bytes) -> None:
            _count_change()
            OBJECTS[path] = data

        return _Upload(done)

    def open(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> Any:
        return io.BytesIO(OBJECTS[path])

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            _count_change()
            OBJECTS[destination] = OBJECTS[source]

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        raise NotImplementedError("an object store has no rename")

    def exists(self, path: str) -> bool:
        return path in OBJECTS

    def size(self, path: str) -> int:
        return len(OBJECTS[path])

    def last_updated(self, path: str) -> float:
        return time.time()

    def checksum(self, path: str) -> str:
        return str(hash(OBJECTS[path]))

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, len(OBJECTS[path]), time.time())

    def delete(self, paths: list[str]) -> None:
        for path in paths:
            _count_change()
            del OBJECTS[path]
