"""Kept answers in a file: frames, one behind the other, each whole or not there.

    frame = "PFM1" | lengths of meta, index and body | digest of all three | meta | index | body
    meta  = JSON: task, model, time (seconds since 1970-01-01 UTC)
    index = the keys, 16 bytes each, then where each answer ends in the body, 4 bytes each
    body  = the answers, compressed with Zstandard

A writer adds a frame for each batch of answers and flushes it. A frame that was torn by a
kill, or whose bytes have changed, does not match its digest and is passed over; reading
goes on at the next one. A packed file ends with a frame of the kind `table`, which lists the
others, and with where that one begins, so that opening it reads no answers.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import zstandard

from curation.memo.keys import KEY_BYTES

_MAGIC, _END = b"PFM1", b"PFMX"
_LENGTHS = struct.Struct("<4sIII8s")
_TRAILER = struct.Struct("<Q4s")
TRAILER_BYTES = _TRAILER.size
"""Length of what stands last in a packed file."""
MAX_BODY = 1 << 30
"""Bytes that a body may decompress to; more is taken for damage."""
_SLOT = KEY_BYTES + 4


class Meta(NamedTuple):
    """What all answers of a frame have in common."""

    task: str
    model: str
    time: float
    """When the newest of them was kept, seconds since 1970-01-01 UTC."""


class Frame(NamedTuple):
    """A frame as a file's index knows it."""

    meta: Meta
    start: int
    """Byte of the file that it begins with."""
    length: int
    keys: npt.NDArray[np.uint64]
    """`[n, 2]`: the two halves of each key."""


def write_frame(meta: Meta, keys: Sequence[bytes], values: Sequence[bytes]) -> bytes:
    """Make a frame of keys and their answers."""
    ends = np.cumsum([len(value) for value in values], dtype="<u4").tobytes()
    body = zstandard.ZstdCompressor(level=3).compress(b"".join(values))
    return _frame(orjson.dumps(meta._asdict()), b"".join(keys) + ends, body)


def read_values(frame: bytes) -> list[bytes]:
    """All answers of a frame, in the order of its keys.

    Raises: ValueError for bytes that are no whole frame.
    """
    parts = _parts(frame, 0)
    if parts is None:
        raise ValueError("not a whole frame")
    _, index, body, _ = parts
    n = len(index) // _SLOT
    ends = np.frombuffer(index, "<u4", n, offset=n * KEY_BYTES).tolist()
    size = ends[-1] if ends else 0
    if size > MAX_BODY:
        raise ValueError("a frame larger than any that is written")
    data = zstandard.ZstdDecompressor().decompress(body, max_output_size=max(size, 1))
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def scan(data: bytes, start: int = 0) -> tuple[list[Frame], int]:
    """All whole frames of a file that was read from a byte on.

    Output: the frames, and how many bytes belong to none.
    """
    frames, position, lost = [], 0, 0
    while position < len(data):
        parts = _parts(data, position)
        if parts is None:
            following = data.find(_MAGIC, position + 1)
            following = len(data) if following < 0 else following
            lost += following - position
            position = following
            continue
        meta, index, _, length = parts
        if meta.get("kind") != "table":
            frames.append(_known(meta, start + position, length, index))
        elif position + length + TRAILER_BYTES <= len(data):
            length += TRAILER_BYTES
        position += length
    return frames, lost


def write_table(frames: Sequence[Frame], start: int) -> bytes:
    """What ends a packed file: the table of its frames, which begins at byte `start`."""
    listed = [[*frame.meta, frame.start, frame.length, len(frame.keys)] for frame in frames]
    keys = b"".join(frame.keys.astype(">u8").tobytes() for frame in frames)
    body = zstandard.ZstdCompressor(level=3).compress(orjson.dumps(listed))
    return _frame(orjson.dumps({"kind": "table"}), keys, body) + _TRAILER.pack(start, _END)


def table_start(trailer: bytes) -> int | None:
    """Where the table of a packed file begins, from the file's last bytes; None without one."""
    if len(trailer) != TRAILER_BYTES:
        return None
    start, end = _TRAILER.unpack(trailer)
    return start if end == _END else None


def read_table(data: bytes) -> list[Frame] | None:
    """The frames that a table lists; None when it is damaged."""
    parts = _parts(data, 0)
    if parts is None or parts[0].get("kind") != "table":
        return None
    _, keys, body, _ = parts
    listed = orjson.loads(zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY))
    frames, position = [], 0
    for task, model, time, start, length, n in listed:
        halves = _halves(keys[position : position + n * KEY_BYTES])
        frames.append(Frame(Meta(task, model, time), start, length, halves))
        position += n * KEY_BYTES
    return frames


def split_keys(keys: Sequence[bytes]) -> npt.NDArray[np.uint64]:
    """Keys as `[n, 2]` numbers, as an index sorts them."""
    return _halves(b"".join(keys))


def joined_keys(keys: npt.NDArray[np.uint64]) -> Iterator[bytes]:
    """The keys that `split_keys` has taken apart."""
    data = keys.astype(">u8").tobytes()
    return (data[n : n + KEY_BYTES] for n in range(0, len(data), KEY_BYTES))


def _halves(data: bytes) -> npt.NDArray[np.uint64]:
    return np.frombuffer(data, ">u8").astype(np.uint64).reshape(-1, 2)


def _known(meta: dict, start: int, length: int, index: bytes) -> Frame:
    n = len(index) // _SLOT
    known = Meta(str(meta.get("task")), str(meta.get("model")), float(meta.get("time") or 0))
    return Frame(known, start, length, _halves(index[: n * KEY_BYTES]))


def _frame(meta: bytes, index: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(meta + index + body, digest_size=8).digest()
    return _LENGTHS.pack(_MAGIC, len(meta), len(index), len(body), digest) + meta + index + body


def _parts(data: bytes, start: int) -> tuple[dict, bytes, bytes, int] | None:
    if len(data) - start < _LENGTHS.size:
        return None
    magic, meta_size, index_size, body_size, digest = _LENGTHS.unpack_from(data, start)
    first = start + _LENGTHS.size
    end = first + meta_size + index_size + body_size
    if magic != _MAGIC or end > len(data):
        return None
    content = data[first:end]
    if hashlib.blake2b(content, digest_size=8).digest() != digest:
        return None
    meta = orjson.loads(content[:meta_size])
    return meta, content[meta_size : meta_size + index_size], content[-body_size:], end - start
