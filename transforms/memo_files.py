"""Segments of a memo store: appended to on a local disk, object by object anywhere else.

Everything that is not a local path goes through Beam's filesystems.
"""

import contextlib
import os
import re
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

from curation.memo.frames import TRAILER_BYTES, Frame, read_table, scan, table_start
from schemas.errors import RunError, UsageError

SUFFIX = ".seg"
"""What the names of all segments end with."""
IDLE_SECONDS = 24 * 3600.0
"""A segment to which nothing was added for so long is taken for finished."""
SEGMENT_BYTES = 64_000_000
"""A writer begins another segment at this size, so that none is too large to be read at once."""
_PARTIAL = ".partial"
_NAME = re.compile(rf"(run|packed)-(.+)-([0-9]{{20}})-[0-9a-f]{{12}}{re.escape(SUFFIX)}")
_RAW = CompressionTypes.UNCOMPRESSED


class SegmentFile(NamedTuple):
    """A segment, as a listing shows it."""

    path: str
    size: int
    modified: float
    """Seconds since 1970-01-01 UTC, 0 where the filesystem does not say."""
    packed: bool
    """Whether it is the result of a compaction."""
    run: str
    """The run that wrote it."""
    begun: str
    """When it was begun; sorts by time."""


def is_local(root: str) -> bool:
    """Whether a path is on a disk of this machine, where files can be appended to."""
    return FileSystems.get_scheme(root) in (None, "file")


def check_store(root: str) -> None:
    """Make the folder of a store and see that it can be written to, before any work.

    Raises: UsageError when it cannot. Another filesystem says so when the first answer is kept.
    """
    if not is_local(root):
        return
    folder = Path(_plain(root))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{root}: answers cannot be kept there: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{root}: answers cannot be kept there: no permission to write")


def list_segments(root: str) -> list[SegmentFile]:
    """All segments of a store, oldest first; none where there is no store.

    A file whose name is not that of a segment is not one of ours, and is left alone.
    """
    found = []
    for path, size, modified in _listed(root):
        named = _NAME.fullmatch(path.rpartition("/")[2])
        if named:
            kind, run, begun = named.groups()
            found.append(SegmentFile(path, size, modified, kind == "packed", run, begun))
    # Packed ones hold what is oldest.
    return sorted(found, key=lambda file: (not file.packed, file.begun, file.path))


def segment_path(root: str, run: str, packed: bool = False) -> str:
    """A new name; it tells kind, run and time."""
    kind = "packed" if packed else "run"
    name = f"{kind}-{run or 'none'}-{time.time_ns():020d}-{uuid.uuid4().hex[:12]}{SUFFIX}"
    return f"{_plain(root)}/{name}"


def read_bytes(path: str, start: int = 0, length: int = -1) -> bytes:
    """A piece of a file.

    Raises: FileNotFoundError, on every filesystem, when the file is gone.
    """
    if is_local(path):
        with Path(path).open("rb") as file:
            file.seek(start)
            return file.read(length)
    try:
        with FileSystems.open(path, compression_type=_RAW) as remote:
            remote.seek(start)
            return remote.read(length) if length >= 0 else remote.read()
    except Exception as error:
        # Each filesystem has an error of its own for this.
        if FileSystems.exists(path):
            raise
        raise FileNotFoundError(path) from error


def read_frames(file: SegmentFile, start: int = 0) -> tuple[list[Frame], int]:
    """The frames of a segment from a byte on, and how many bytes belong to none.

    Raises: FileNotFoundError when the file is gone.
    """
    if file.packed and start == 0 and file.size > TRAILER_BYTES:
        begin = table_start(read_bytes(file.path, file.size - TRAILER_BYTES, TRAILER_BYTES))
        if begin is not None and begin < file.size:
            frames = read_table(read_bytes(file.path, begin))
            if frames is not None:
                return frames, 0
    return scan(read_bytes(file.path, start), start)


def write_whole(path: str, pieces: Iterable[bytes]) -> None:
    """Write a file of several pieces; nobody sees a part of it, also when this is killed.

    Raises: whatever `pieces` raises; there is no file then.
    """
    if not is_local(path):
        try:
            with FileSystems.create(path, compression_type=_RAW) as remote:
                for piece in pieces:
                    remote.write(piece)
        except BaseException:
            # Closing it has made it an object.
            remove([path])
            raise
        return
    final = Path(path)
    partial = final.with_name(f"{final.name}{_PARTIAL}")
    final.parent.mkdir(parents=True, exist_ok=True)
    try:
        with partial.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(final)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(final.parent)


def remove(paths: Iterable[str]) -> None:
    """Delete files; one that is gone already is fine."""
    for path in paths:
        if is_local(path):
            Path(path).unlink(missing_ok=True)
            continue
        try:
            FileSystems.delete([path])
        except Exception:
            if FileSystems.exists(path):
                raise


def remove_debris(root: str, now: float) -> None:
    """Delete what compactions that were killed have left half-written on a local disk."""
    remove(
        path
        for path, _, modified in _listed(root, _PARTIAL)
        if modified < now - IDLE_SECONDS and is_local(root)
    )


class SegmentWriter:
    """Adds frames to the store, each durable when `write` returns.

    On a local disk they go behind one another into one file; an object store, which cannot add
    to an object, gets one object for each.

    Parameters: `root` of the store, `run` that writes.
    """

    def __init__(self, root: str, run: str) -> None:
        self._root = root
        self._run = run
        self._file: BinaryIO | None = None
        self._path = ""
        self._size = 0

    def write(self, frame: bytes) -> tuple[str, int]:
        """Write a frame; gives the file and the byte that it begins with.

        Raises: RunError when the place cannot be written to.
        """
        try:
            if not is_local(self._root):
                path = segment_path(self._root, self._run)
                write_whole(path, [frame])
                return path, 0
            place = self._append(frame)
            if self._file and not os.fstat(self._file.fileno()).st_nlink:
                # Somebody has forgotten everything meanwhile; this answer came later.
                self.close()
                place = self._append(frame)
        except OSError as error:
            self.close()
            raise RunError(
                f"answers cannot be kept in {self._root}: {error.strerror or error}; name another "
                "place with --memo, or keep none with --no-memo"
            ) from error
        return place

    def close(self) -> None:
        """End the file; the next frame begins another one."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # What counts is on the disk already.
                self._file.close()
            self._file = None

    def _append(self, frame: bytes) -> tuple[str, int]:
        if self._size >= SEGMENT_BYTES:
            self.close()
        if self._file is None:
            path = Path(segment_path(self._root, self._run))
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file, self._path, self._size = path.open("xb"), str(path), 0
            _sync_folder(path.parent)
        self._file.write(frame)
        self._file.flush()
        os.fsync(self._file.fileno())
        start, self._size = self._size, self._size + len(frame)
        return self._path, start


def _listed(root: str, suffix: str = SUFFIX) -> Iterable[tuple[str, int, float]]:
    if not is_local(root):
        for file in FileSystems.match([f"{root.rstrip('/')}/*{suffix}"])[0].metadata_list:
            yield file.path, file.size_in_bytes, file.last_updated_in_seconds or 0.0
        return
    folder = Path(_plain(root))
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for path in folder.iterdir():
            if path.name.endswith(suffix):
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    yield str(path), status.st_size, status.st_mtime


def _plain(root: str) -> str:
    return root.removeprefix("file://").rstrip("/") or "/"


def _sync_folder(path: Path) -> None:
    """Make a new name in a folder survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
