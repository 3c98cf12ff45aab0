"""Hashes of rows as arrays of bytes: what a decision adds to one, and the sum of many.

The row of a pair is hashed as it was measured, without `target`. A target is mixed in afterwards,
so that deciding again never has to read, let alone hash, a text again.
"""

import hashlib
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.ids import ID_BYTES

Hashes = npt.NDArray[np.uint8]
"""One hash of `ID_BYTES` bytes in each row."""


def from_hexadecimal(hashes: Sequence[str]) -> Hashes:
    """Hashes that are written as text.

    >>> from_hexadecimal(["00" * 15 + "ff"])[0, -1]
    np.uint8(255)
    """
    raw = bytes.fromhex("".join(hashes))
    return np.frombuffer(raw, np.uint8).reshape(len(hashes), ID_BYTES)


def to_hexadecimal(hashes: Hashes) -> list[str]:
    """The same hashes as text, 32 hexadecimal digits each.

    >>> to_hexadecimal(from_hexadecimal(["0f" * 16])) == ["0f" * 16]
    True
    """
    digits = hashes.tobytes().hex()
    width = 2 * ID_BYTES
    return [digits[at : at + width] for at in range(0, len(digits), width)]


def with_targets(hashes: Hashes, targets: pa.Array | pa.ChunkedArray) -> Hashes:
    """Hashes of whole rows: those of the rows as measured, with the targets mixed in.

    Input: hashes, and the rows' soft targets. Output: the same hash where there is no target,
    else the hash of both.

    >>> one = from_hexadecimal(["0f" * 16])
    >>> bool((with_targets(one, pa.array([None], pa.float64())) == one).all())
    True
    >>> bool((with_targets(one, pa.array([0.5])) == one).all())
    False
    """
    if targets.null_count == len(targets):
        return hashes
    mixed = bytearray(hashes.tobytes())
    for row, target in enumerate(targets.to_pylist()):
        if target is not None:
            at = slice(row * ID_BYTES, (row + 1) * ID_BYTES)
            both = mixed[at] + struct.pack("<d", target)
            mixed[at] = hashlib.blake2b(both, digest_size=ID_BYTES).digest()
    return np.frombuffer(bytes(mixed), np.uint8).reshape(len(hashes), ID_BYTES)


def summed(hashes: Hashes) -> int:
    """The sum of hashes as numbers of 128 bits, modulo 2**128.

    >>> summed(from_hexadecimal(["ff" * 16, "00" * 15 + "03"]))
    2
    """
    words = np.ascontiguousarray(hashes).view(">u4").sum(axis=0, dtype=np.uint64)
    return sum(int(word) << shift for word, shift in zip(words, (96, 64, 32, 0), strict=True)) % (
        2**128
    )
