"""How alike the responses to one prompt are, and how rare each is among them.

Similarities are whole numbers of `STEPS`, cosines times 2**30: sums of them are exact, and do not
depend on an order or on a processor.
"""

from collections.abc import Sequence
from itertools import chain
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.models.sentence_encoder import MAX_CHARS
from curation.selection.words import words

STEPS = 2**30
"""The similarity of a text with itself."""
_VECTOR_STEPS = 2**20
_CELLS = 1 << 22

Similarities = NDArray[np.int64]
"""One row and one column a text; `STEPS` on the diagonal."""


def word_similarities(texts: Sequence[str]) -> Similarities:
    """Cosines of the texts' word counts.

    Of a text, the first 8,000 characters count; one without words is like no other.

    >>> (word_similarities(["A red cat.", "a red cat", "A red dog", "!"]) / STEPS).round(2)
    array([[1.  , 1.  , 0.67, 0.  ],
           [1.  , 1.  , 0.67, 0.  ],
           [0.67, 0.67, 1.  , 0.  ],
           [0.  , 0.  , 0.  , 1.  ]])
    """
    rows = _codes(texts)
    codes = np.concatenate(rows)
    texts_of = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    order = np.argsort(codes, kind="stable")
    codes, texts_of = codes[order], texts_of[order]
    width = max(1, _CELLS // len(rows))
    # Counts are whole numbers: their products are exact in float64, whatever adds them up.
    products = np.zeros((len(rows), len(rows)))
    for start in range(0, int(codes[-1]) + 1 if len(codes) else 0, width):
        first, end = np.searchsorted(codes, [start, start + width])
        used = min(width, int(codes[-1]) + 1 - start)
        cells = texts_of[first:end] * used + (codes[first:end] - start)
        counts = np.bincount(cells, minlength=len(rows) * used).reshape(len(rows), used)
        counts = counts.astype(np.float64)
        products += counts @ counts.T
    return _cosines(products)


def vector_similarities(vectors: ArrayLike) -> Similarities:
    """Cosines of vectors, one row a text.

    Input: finite numbers; a row of zeros is like no other.

    >>> vector_similarities([[1, 0], [0, 2], [-3, 0]]) // STEPS
    array([[ 1,  0, -1],
           [ 0,  1,  0],
           [-1,  0,  1]])
    """
    rows = np.asarray(vectors, np.float64)
    largest = np.abs(rows).max(axis=1, keepdims=True, initial=0)
    rows = np.divide(rows, largest, out=np.zeros_like(rows), where=largest > 0)
    # On a grid, so that sums of products are exact.
    rows = np.rint(rows * _VECTOR_STEPS / max(1, rows.shape[1]) ** 0.5)
    return _cosines(rows @ rows.T)


def word_rarities(texts: Sequence[str]) -> list[float]:
    """Inverse word frequency: how few of the texts use the words of each, 1/n to 1.

    Output: the mean over a text's different words of one by the number of texts that have the
    word; 0 for a text without words.

    >>> word_rarities(["a red cat", "a red dog", "!"])
    [0.6666666666666666, 0.6666666666666666, 0.0]
    """
    rows = [np.unique(row) for row in _codes(texts)]
    used_by = np.bincount(np.concatenate(rows)) if rows else np.zeros(0, np.int64)
    rarities = []
    for row in rows:
        by_users = np.bincount(used_by[row])
        total = fsum(int(count) / users for users, count in enumerate(by_users) if count)
        rarities.append(total / len(row) if len(row) else 0.0)
    return rarities


def distances(similarities: Similarities) -> list[float]:
    """Mean distance (1 - cosine) of each text from the others, 0 to 2.

    >>> distances(word_similarities(["a cat", "a cat", "two dogs"]))
    [0.5, 0.5, 1.0]
    """
    count = len(similarities)
    sums = (STEPS - similarities).sum(axis=1)
    return [int(total) / STEPS / max(1, count - 1) for total in sums]


def _codes(texts: Sequence[str]) -> list[NDArray[np.int64]]:
    """The words of each text, as numbers."""
    said = [words(text[:MAX_CHARS]) for text in texts]
    known = {word: code for code, word in enumerate(dict.fromkeys(chain.from_iterable(said)))}
    return [np.fromiter(map(known.__getitem__, one), np.int64, len(one)) for one in said]


def _cosines(products: NDArray[np.float64]) -> Similarities:
    norms = np.sqrt(products.diagonal())
    lengths = norms[:, None] * norms[None, :]
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    steps = np.rint(cosines.clip(-1, 1) * STEPS).astype(np.int64)
    np.fill_diagonal(steps, STEPS)
    return steps
