"""The store of kept answers, as one process sees it."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from curation.memo.frames import Frame, Meta, read_values, write_frame
from curation.memo.index import KeyIndex
from transforms.memo_files import (
    SegmentFile,
    SegmentWriter,
    is_local,
    list_segments,
    read_bytes,
    read_frames,
)

CACHE_BYTES = 256_000_000
"""Bytes of decompressed frames that a process keeps at hand."""
_REMOTE_READS = 16


class MemoStore:
    """Answers by key, on any filesystem that Beam can open; safe from any thread.

    What `put` has written is on the disk when it returns. Several processes may write at once,
    each to segments of its own; what another process writes is seen after a `refresh`.

    Parameters: `root`, folder or URL; `run`, the name of the run that writes.
    """

    def __init__(self, root: str, run: str = "") -> None:
        self.root = root.rstrip("/")
        self._writer = SegmentWriter(self.root, run)
        self._lock = threading.RLock()
        self._clear()

    def refresh(self) -> None:
        """See what other processes have written or compacted since."""
        with self._lock:
            files = list_segments(self.root)
            if self._known.keys() - {file.path for file in files}:
                self._clear()
            new = [file for file in files if self._known.get(file.path, (0, 0))[0] != file.size]
            # An object store answers slowly, but many at once.
            with ThreadPoolExecutor(1 if is_local(self.root) else _REMOTE_READS) as pool:
                for file, frames in zip(new, pool.map(self._new_frames, new), strict=True):
                    end = self._known.get(file.path, (0, 0))[1]
                    for frame in frames:
                        self._index.add(frame.keys, len(self._frames))
                        self._frames.append((file.path, frame.start, frame.length))
                        end = frame.start + frame.length
                    self._known[file.path] = (file.size, end)

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The answers that are kept under some keys, None for each that is not."""
        with self._lock:
            try:
                return self._get(keys)
            except FileNotFoundError:
                self.refresh()  # another process has compacted the store
            try:
                return self._get(keys)
            except FileNotFoundError:
                return [None] * len(keys)

    def put(self, task: str, model: str, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        """Keep answers of one model, durably.

        Raises: RunError when the store cannot be written to.
        """
        if not keys:
            return
        data = write_frame(Meta(task, model, time.time()), keys, values)
        with self._lock:
            path, start = self._writer.write(data)
            number = len(self._frames)
            self._frames.append((path, start, len(data)))
            self._known[path] = (start + len(data), start + len(data))
            self._index.note(keys, number)
            self._remember(number, list(values))

    def close(self) -> None:
        """End the segment that this process writes."""
        with self._lock:
            self._writer.close()

    def _clear(self) -> None:
        self._index = KeyIndex()
        self._frames: list[tuple[str, int, int]] = []
        # Of each file: its size when it was read, and where its last whole frame ended then.
        self._known: dict[str, tuple[int, int]] = {}
        self._cache: OrderedDict[int, list[bytes]] = OrderedDict()
        self._cached = 0

    def _new_frames(self, file: SegmentFile) -> list[Frame]:
        try:
            return read_frames(file, self._known.get(file.path, (0, 0))[1])[0]
        except FileNotFoundError:
            return []

    def _get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        answers: list[bytes | None] = []
        for place in self._index.find(keys):
            values = self._values(place[0]) if place else None
            answers.append(values[place[1]] if values and place else None)
        return answers

    def _values(self, number: int) -> list[bytes] | None:
        values = self._cache.get(number)
        if values is not None:
            self._cache.move_to_end(number)
            return values
        try:
            values = read_values(read_bytes(*self._frames[number]))
        except FileNotFoundError:
            raise
        except (ValueError, OSError):
            values = []  # damaged since it was indexed: asked again, never guessed
        self._remember(number, values)
        return values

    def _remember(self, number: int, values: list[bytes]) -> None:
        self._cache[number] = values
        self._cached += sum(map(len, values))
        while self._cached > CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._cached -= sum(map(len, dropped))


_open: dict[tuple[str, str], MemoStore] = {}
_opening = threading.Lock()


def open_memo(root: str, run: str) -> MemoStore:
    """The process's own view of a store; stages and threads share it."""
    with _opening:
        store = _open.get((root, run))
        if store is None:
            store = _open[root, run] = MemoStore(root, run)
        return store


def close_memo(run: str) -> None:
    """Let go of what a run has opened in this process."""
    with _opening:
        for key in [key for key in _open if key[1] == run]:
            _open.pop(key).close()
