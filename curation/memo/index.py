"""Which frame holds which key: sorted arrays, 24 bytes for each answer."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curation.memo.frames import split_keys

_FEW = 50_000


class KeyIndex:
    """Finds keys in bulk; of a key that stands in several frames the newest is found.

    >>> index = KeyIndex()
    >>> index.add(split_keys([b"a" * 16, b"b" * 16]), frame=7)
    >>> index.note([b"d" * 16], frame=8)
    >>> index.find([b"b" * 16, b"c" * 16, b"d" * 16])
    [(7, 1), None, (8, 0)]
    """

    def __init__(self) -> None:
        # Halves apart, because a search wants its numbers next to one another.
        self._high: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._low: npt.NDArray[np.uint64] = np.empty(0, np.uint64)
        self._places: npt.NDArray[np.uint32] = np.empty((0, 2), np.uint32)
        self._pending: list[tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]] = []
        self._recent: dict[bytes, tuple[int, int]] = {}

    def add(self, keys: npt.NDArray[np.uint64], frame: int) -> None:
        """Take the keys of a frame, in its order; meant for many frames at once."""
        rows = np.arange(len(keys), dtype=np.uint32)
        self._pending.append((keys, np.stack([np.full_like(rows, frame), rows], 1)))

    def note(self, keys: Sequence[bytes], frame: int) -> None:
        """The same for a small frame that was written just now."""
        self._recent.update({key: (frame, row) for row, key in enumerate(keys)})
        if len(self._recent) > _FEW:
            places = np.array(list(self._recent.values()), np.uint32)
            self._pending.append((split_keys(list(self._recent)), places))
            self._recent = {}

    def find(self, keys: Sequence[bytes]) -> list[tuple[int, int] | None]:
        """Frame and row of each key, None for one that is not there."""
        found = [self._recent.get(key) for key in keys]
        self._merge()
        if not len(self._high) or not keys:
            return found
        at, there = self._search(split_keys(keys))
        places = self._places[at].tolist()
        return [
            (places[n][0], places[n][1]) if place is None and there[n] else place
            for n, place in enumerate(found)
        ]

    def _search(
        self, asked: npt.NDArray[np.uint64]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Where each key stands, and whether it does."""
        high, low, last = asked[:, 0].copy(), asked[:, 1], len(self._high) - 1
        at = np.searchsorted(self._high, high)
        while True:
            inside = np.minimum(at, last)
            alike = (at <= last) & (self._high[inside] == high)
            there = alike & (self._low[inside] == low)
            if (alike == there).all():
                return inside, there
            at = at + (alike & ~there)  # another key with the same first half

    def _merge(self) -> None:
        if not self._pending:
            return
        # Newest first: a stable sort keeps them so among equal keys, and a search finds the first.
        newest = self._pending[::-1]
        high = np.concatenate([*(keys[:, 0] for keys, _ in newest), self._high])
        low = np.concatenate([*(keys[:, 1] for keys, _ in newest), self._low])
        places = np.concatenate([*(places for _, places in newest), self._places])
        order = np.argsort(high, kind="stable")
        self._high, self._low, self._places = high[order], low[order], places[order]
        self._pending = []
