"""N-grams of tokens as stable 64-bit hashes.

Words and Chinese characters alike are tokens (`curation.feedback.wording`), so an n-gram is a
phrase in one script and a word in the other. The hash is CRC-32 of each token, mixed over the
n-gram: the same on every machine and in every process, which Python's own `hash` is not.
"""

import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xBF58476D1CE4E5B9)
_ONE = np.uint64(1)
_SHIFT = np.uint64(29)


@lru_cache(maxsize=1 << 16)
def _token_hash(token: str) -> int:
    # All numbers are one token: which number it is says nothing of feedback.
    return zlib.crc32(b"0" if token.isdigit() else token.encode("utf-8", "surrogatepass"))


def ngrams(tokens: Sequence[str], longest: int) -> list[NDArray[np.uint64]]:
    """Hashes of all n-grams, by length.

    Input: tokens in order. Parameters: longest: most tokens in an n-gram.
    Output: for n = 1 … `longest` the hashes by position; shorter where there are too few tokens.

    >>> one, two = ngrams(["not", "good", "not", "good"], 2)
    >>> bool(one[0] == one[2]), bool(two[0] == two[2]), bool(two[0] == two[1])
    (True, True, False)
    """
    if not tokens:
        return []
    codes = np.fromiter(map(_token_hash, tokens), np.uint64, len(tokens)) + _ONE
    grams = [codes * _GOLDEN]
    for n in range(1, min(longest, len(tokens))):
        before = grams[-1][:-1]
        grams.append(((before ^ (before >> _SHIFT)) * _GOLDEN + codes[n:]) * _MIX)
    return grams


def bucket_of(grams: NDArray[np.uint64], count: int) -> NDArray[np.int64]:
    """The bucket of a table that each n-gram falls into.

    Parameters: count: rows of the table, a power of two.
    """
    # The high half is the better mixed one.
    return ((grams >> np.uint64(32)) & np.uint64(count - 1)).astype(np.int64)


def buckets(grams: Sequence[NDArray[np.uint64]], count: int) -> NDArray[np.int64]:
    """The distinct buckets of a table that n-grams fall into.

    Input: `ngrams`. Parameters: count: rows of the table, a power of two.
    Output: sorted indices below `count`.

    >>> len(buckets(ngrams(["not", "good", "not", "good"], 2), 1 << 15))
    4
    """
    if not grams:
        return np.zeros(0, np.int64)
    rows = bucket_of(np.concatenate(grams), count)
    rows.sort()
    distinct = np.empty(len(rows), np.bool_)
    distinct[0] = True
    np.not_equal(rows[1:], rows[:-1], out=distinct[1:])
    return rows[distinct]
