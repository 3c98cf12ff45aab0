"""A dataset on an object store, or on any other filesystem that Beam can open."""

from typing import BinaryIO

from apache_beam.io.filesystem import CompressionTypes, FileMetadata
from apache_beam.io.filesystems import FileSystems

from sinks.store import StoredFile


class ObjectStore:
    """Files below a URL prefix, by Beam's `FileSystems`; nothing here renames.

    A single object is written whole or not at all, which is what object stores promise.
    """

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")

    def __repr__(self) -> str:
        return f"ObjectStore({self._root!r})"

    def read(self, name: str) -> bytes:
        """See `sinks.store.Store.read`."""
        if not FileSystems.exists(self._path(name)):
            raise FileNotFoundError(self._path(name))
        with self.open(name) as file:
            return file.read()

    def open(self, name: str) -> BinaryIO:
        """See `sinks.store.Store.open`."""
        return FileSystems.open(self._path(name), compression_type=CompressionTypes.UNCOMPRESSED)

    def write(self, name: str, data: bytes) -> None:
        """See `sinks.store.Store.write`."""
        uncompressed = CompressionTypes.UNCOMPRESSED
        with FileSystems.create(self._path(name), compression_type=uncompressed) as file:
            file.write(data)

    def files(self, name: str) -> list[StoredFile]:
        """See `sinks.store.Store.files`."""
        return sorted(
            StoredFile(
                found.path.removeprefix(self._root + "/"),
                found.size_in_bytes,
                found.last_updated_in_seconds or 0.0,
            )
            for found in self._below(name)
        )

    def delete(self, name: str) -> None:
        """See `sinks.store.Store.delete`."""
        paths = [found.path for found in self._below(name)]
        if FileSystems.exists(self._path(name)):
            paths.append(self._path(name))
        FileSystems.delete(paths)

    def move(self, source: str, target: str, last: str) -> None:
        """See `sinks.store.Store.move`: a copy, `last` on its own at the end, then a delete."""
        self.delete(target)  # what an interrupted copy has left
        prefix = self._path(source)
        names = [found.path.removeprefix(prefix + "/") for found in self._below(source)]
        for batch in ([name for name in names if name != last], [last]):
            FileSystems.copy(
                [f"{prefix}/{name}" for name in batch],
                [f"{self._path(target)}/{name}" for name in batch],
            )
        self.delete(source)

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    def _below(self, name: str) -> list[FileMetadata]:
        return FileSystems.match([f"{self._path(name)}/**"])[0].metadata_list
