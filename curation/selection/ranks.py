"""Ranks of pairs: numbers drawn by a hash of their ids, for whole columns at once."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from schemas.ids import seed_from

_Keys = NDArray[np.uint64]


def ranks(ids: pl.Series, seed: int, purpose: str) -> _Keys:
    """A 64-bit rank for each id, uniform, and independent of that for any other purpose.

    The rank depends on nothing but the three arguments: a keyed hash of the id's UTF-8 bytes.
    Input: text ids without nulls.

    >>> one = ranks(pl.Series(["a", "b"]), 0, "mix")
    >>> bool(one[1] == ranks(pl.Series(["b"]), 0, "mix")[0])
    True
    """
    lengths = ids.str.len_bytes().to_numpy().astype(np.int64)
    words = _words(ids, lengths)
    key = np.uint64(seed_from(seed, f"select:{purpose}"))
    hashed = np.full(len(ids), key, np.uint64)
    for place in range(words.shape[1]):
        inside = lengths > 8 * place
        hashed = np.where(inside, _mixed(hashed ^ words[:, place]), hashed)
    # The length is part of the content: "a" is not "a" and a NUL.
    return _mixed(hashed ^ lengths.astype(np.uint64))


def uniforms(keys: _Keys) -> NDArray[np.float64]:
    """Ranks as numbers strictly between 0 and 1."""
    return ((keys >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def _words(ids: pl.Series, lengths: NDArray[np.int64]) -> _Keys:
    """The bytes of each id as little-endian words, with NULs at the end."""
    width = 8 * -(-int(lengths.max(initial=1)) // 8)
    joined = "".join(ids.to_list()).encode()
    padded = np.zeros((len(ids), width), np.uint8)
    padded[np.arange(width) < lengths[:, None]] = np.frombuffer(joined, np.uint8)
    return padded.view("<u8")


def _mixed(keys: _Keys) -> _Keys:
    """The finaliser of SplitMix64 (Steele et al., 2014), after its increment."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
