"""Making few large segments out of many small ones, and forgetting old answers.

Answers stay in the order in which they were written: a run that is repeated looks them up in
about the same order, and so reads large frames one after the other.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curation.memo.frames import (
    Frame,
    Meta,
    joined_keys,
    read_values,
    scan,
    write_frame,
    write_table,
)
from transforms.memo_files import (
    IDLE_SECONDS,
    SegmentFile,
    list_segments,
    read_bytes,
    read_frames,
    remove,
    remove_debris,
    segment_path,
    write_whole,
)

FRAME_BYTES = 1_000_000
"""Answers of a packed frame, before compression."""
FULL_BYTES = 256_000_000
"""A packed segment of this size is left as it is."""
_DAY = 24 * 3600


class Pruned(NamedTuple):
    """What `prune` has removed, or would."""

    answers: int
    bytes: int


def compact(root: str, run: str) -> int:
    """Pack the segments of a finished run, those that dead runs have left, and small packed ones.

    Input: a store; a run of which no process writes any more. Output: the number of segments
    that became one. Two at once may keep an answer twice, never lose one.
    """
    now = time.time()
    remove_debris(root, now)
    files = [file for file in list_segments(root) if _is_finished(file, run, now)]
    if not files or (len(files) == 1 and files[0].packed):
        return 0
    _rewrite(root, run, files, lambda _: True)
    return len(files)


def prune(root: str, keep: Callable[[Meta], bool], dry_run: bool = False) -> Pruned:
    """Forget answers.

    Parameters: `keep` says of what is common to a frame whether it stays; with `dry_run`
    nothing is changed.
    """
    answers = size = 0
    for file in list_segments(root):
        gone = [frame for frame in _frames(file) if not keep(frame.meta)]
        answers += sum(len(frame.keys) for frame in gone)
        size += sum(frame.length for frame in gone)
        if gone and not dry_run:
            _rewrite(root, file.run, [file], keep)
    return Pruned(answers, size)


def _is_finished(file: SegmentFile, run: str, now: float) -> bool:
    if file.packed:
        return file.size < FULL_BYTES
    return file.run == run or (0 < file.modified < now - IDLE_SECONDS)


def _rewrite(root: str, run: str, files: list[SegmentFile], keep: Callable[[Meta], bool]) -> None:
    frames: list[Frame] = []

    def pieces() -> Iterator[bytes]:
        position = 0
        for meta, keys, values in _regrouped(files, keep):
            data = write_frame(meta, keys, values)
            yield data
            frames.extend(scan(data, position)[0])
            position += len(data)
        yield write_table(frames, position)

    target = segment_path(root, run, packed=True)
    write_whole(target, pieces())
    if not frames:
        remove([target])
    remove(file.path for file in files)


def _regrouped(
    files: list[SegmentFile], keep: Callable[[Meta], bool]
) -> Iterator[tuple[Meta, list[bytes], list[bytes]]]:
    """Answers in larger groups, each key once, apart by task, model and day."""
    kept = [(file, frame) for file in files for frame in _frames(file) if keep(frame.meta)]
    numbers = _numbered([frame.keys for _, frame in kept])
    written = bytearray(len(numbers))
    position = 0
    groups: dict[tuple[str, str, int], _Group] = {}
    for file, frame in kept:
        own = numbers[position : position + len(frame.keys)].tolist()
        position += len(own)
        name = (frame.meta.task, frame.meta.model, int(frame.meta.time // _DAY))
        group = groups.get(name) or _Group([], [])
        for key, value, number in zip(
            joined_keys(frame.keys), _values(file, frame), own, strict=False
        ):
            if not written[number]:
                written[number] = True
                group.keys.append(key)
                group.values.append(value)
        groups[name] = group._replace(time=max(group.time, frame.meta.time))
        if sum(map(len, group.values)) >= FRAME_BYTES:
            yield groups.pop(name).as_frame(name)
    for name, group in groups.items():
        if group.keys:
            yield group.as_frame(name)


class _Group(NamedTuple):
    keys: list[bytes]
    values: list[bytes]
    time: float = 0.0

    def as_frame(self, name: tuple[str, str, int]) -> tuple[Meta, list[bytes], list[bytes]]:
        return Meta(name[0], name[1], self.time), self.keys, self.values


def _frames(file: SegmentFile) -> list[Frame]:
    try:
        return read_frames(file)[0]
    except FileNotFoundError:
        return []  # another compaction was faster; what it wrote has it all


def _values(file: SegmentFile, frame: Frame) -> list[bytes]:
    """The answers of a frame, none where they are gone or damaged."""
    try:
        return read_values(read_bytes(file.path, frame.start, frame.length))
    except (FileNotFoundError, ValueError):
        return []


def _numbered(parts: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.int64]:
    """A number below their count for each key, the same for equal keys."""
    keys = np.concatenate([np.empty((0, 2), np.uint64), *parts])
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    new = np.ones(len(keys), np.int64)
    new[1:] = (ordered[1:] != ordered[:-1]).any(1)
    numbers = np.empty(len(keys), np.int64)
    numbers[order] = np.cumsum(new) - 1
    return numbers
