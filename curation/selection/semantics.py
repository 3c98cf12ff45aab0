"""Vectors of texts that are learnt from the texts themselves: latent semantic analysis.

Each word that two texts or more use is a dimension, weighted by how few of them use it; the 64
directions in which the texts differ most are what is kept. Texts of any language get a vector by
the same rule, without a model, at some ten thousand a second.

Everything that a sum could round is a whole number: the same texts in the same order give the same
table on any machine, whatever its libraries do in parallel.

References: Deerwester et al., Indexing by Latent Semantic Analysis (Journal of the American Society
for Information Science 41, 1990); the directions by orthogonal iteration: Halko, Martinsson &
Tropp, Finding structure with randomness (arXiv 0909.4061), algorithm 4.4.
"""

from collections.abc import Sequence
from math import isqrt, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.feedback.ngrams import buckets, ngrams
from curation.selection.words import words

BUCKETS = 1 << 14
"""Words are told apart by so many hashes."""
WIDTH = 64
"""Length of a vector."""
UNIT = 1024
"""Length, in the other sense, of a vector that is not nothing: its numbers are whole."""
HEAD, TAIL = 3000, 1000
"""Characters of a longer text that are read."""
_ROUNDS = 8
_WEIGHT = 1 << 12
_BASIS = 1 << 15
_GRAM = 1 << 18
_CELLS = 1 << 16

Codes = NDArray[np.int64]
"""The words of a text, each once, as sorted hashes below `BUCKETS`."""
Vectors = NDArray[np.int64]
"""One row a text, of length about `UNIT`, or zeros."""


def codes(text: str) -> Codes:
    """The words of a text; of a longer one, those of its first 3,000 and its last 1,000 characters.

    >>> codes("red red") - codes("Red!")
    array([0])
    """
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} {text[-TAIL:]}"
    return buckets(ngrams(words(text), 1), BUCKETS)


class Semantics(NamedTuple):
    """What texts have taught: a vector for each word."""

    table: NDArray[np.int32]
    """One row a bucket; zeros for words that were not seen, or in one text only."""

    def vectors(self, texts: Sequence[Codes]) -> Vectors:
        """The vector of each text; zeros for one without a known word.

        >>> cats = [codes(t) for t in ("cats purr", "cats sleep and purr", "tax law", "tax is law")]
        >>> learnt = learn(cats)
        >>> one, other, tax = learnt.vectors([cats[0], cats[1], cats[3]])
        >>> bool(one @ other > 0.9 * UNIT**2), bool(abs(one @ tax) < 0.1 * UNIT**2)
        (True, True)
        """
        sums = [self.table.take(text, axis=0).sum(axis=0, dtype=np.int64) for text in texts]
        if not sums:
            return np.zeros((0, self.table.shape[1]), np.int64)
        return unit_rows(np.stack(sums))


def unit_rows(rows: NDArray[np.int64]) -> Vectors:
    """Rows of whole numbers, each shortened or stretched to `UNIT`; zeros stay.

    Input: numbers below 2**28.

    >>> unit_rows(np.array([[3, 4], [0, 0]]))
    array([[614, 819],
           [  0,   0]])
    """
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True).astype(np.float64))
    scaled = np.divide(rows * UNIT, lengths, out=np.zeros(rows.shape), where=lengths > 0)
    return np.rint(scaled).astype(np.int64)


def learn(texts: Sequence[Codes], width: int = WIDTH) -> Semantics:
    """Learn the words' vectors from texts.

    Input: distinct texts, in an order that does not depend on a run. Parameters: `width` of a
    vector.
    """
    used_by = np.zeros(BUCKETS, np.int64)
    for text in texts:
        used_by[text] += 1
    table = np.zeros((BUCKETS, width), np.int32)
    known = np.flatnonzero(used_by > 1)
    if not len(known):
        return Semantics(table)
    # Rounded, so that the last bit of a logarithm cannot matter; a word of all texts still counts.
    count = len(texts) + 1
    weights = np.array([max(1, round(256 * log(count / n))) for n in used_by[known].tolist()])
    matrix = _matrix(texts, known, weights)
    basis = _directions(matrix, len(known), width)
    table[known] = (weights[:, None] * basis) >> 8
    return Semantics(table)


class _Matrix(NamedTuple):
    """Texts and words, in the order of the texts; no text is empty."""

    texts: Codes
    words: Codes
    values: NDArray[np.int64]


def _matrix(texts: Sequence[Codes], known: Codes, weights: NDArray[np.int64]) -> _Matrix:
    place = np.full(BUCKETS, -1)
    place[known] = np.arange(len(known))
    rows = [found[found >= 0] for found in (place[text] for text in texts)]
    rows = [row for row in rows if len(row)]
    values = []
    for row in rows:
        length = isqrt(int((weights[row] ** 2).sum()))
        values.append(weights[row] * _WEIGHT // length)
    numbers = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return _Matrix(numbers, np.concatenate(rows), np.concatenate(values))


def _directions(matrix: _Matrix, count: int, width: int) -> NDArray[np.int64]:
    """The directions of the largest spread as columns of length `_BASIS`, at right angles."""
    by_word = np.argsort(matrix.words, kind="stable")
    words_first = _Matrix(matrix.words[by_word], matrix.texts[by_word], matrix.values[by_word])
    basis = _signs(count, width)
    for _ in range(_ROUNDS):
        basis = _orthogonal(_product(words_first, _product(matrix, basis)))
    return basis


def _product(matrix: _Matrix, right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums over the second index; every first index occurs, in order."""
    starts = np.flatnonzero(np.diff(matrix.texts, prepend=-1))
    ends = np.append(starts[1:], len(matrix.texts))
    result = np.empty((len(starts), right.shape[1]), np.int64)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(ends, starts[first] + _CELLS, "right")))
        cells = slice(starts[first], ends[last - 1])
        terms = matrix.values[cells, None] * right[matrix.words[cells]]
        result[first:last] = np.add.reduceat(terms, starts[first:last] - starts[first])
        first = last
    return result


def _orthogonal(columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Columns at right angles that span the same; zeros for those that the others span.

    By the Cholesky factor of their products, which are exact.
    """
    largest = np.maximum(np.abs(columns).max(axis=0), 1)
    scaled = np.rint(columns / largest * _GRAM)
    products = scaled.T @ scaled  # whole numbers below 2**53
    made: list[NDArray[np.float64]] = []
    rows = np.zeros_like(products)
    for at in range(scaled.shape[1]):
        rest, column = products[at].copy(), scaled[:, at].copy()
        for before, done in enumerate(made):
            rest -= rows[before, at] * rows[before]
            column -= rows[before, at] * done
        spans = rest[at] > 1e-9 * max(products[at, at], 1.0)
        length = np.sqrt(rest[at]) if spans else 1.0
        rows[at, at:] = rest[at:] / length if spans else 0.0
        made.append(column / length if spans else np.zeros_like(column))
    return np.rint(np.stack(made, axis=1) * _BASIS).astype(np.int64)


def _signs(rows: int, width: int) -> NDArray[np.int64]:
    """Plus or minus one for each cell: where the search begins."""
    drawn = np.random.PCG64(0).random_raw(rows * width)  # a stream that numpy never changes
    return np.where(drawn >> np.uint64(63), 1, -1).reshape(rows, width)
