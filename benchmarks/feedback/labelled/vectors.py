"""The table of the static encoder: latent semantic analysis of the training users' texts."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import svds

from curation.feedback.ngrams import buckets, ngrams
from curation.feedback.wording import own_words, tokens

BUCKETS = 1 << 14
WIDTH = 16
MIN_TEXTS = 3
"""Fewest texts that a bucket must be in to get a vector of its own."""
LARGEST = 127


def train_table(texts: Iterable[str]) -> NDArray[np.int8]:
    """A vector for each bucket of n-grams.

    Input: texts. Output: `BUCKETS` rows of `WIDTH` whole numbers; zeros for buckets that are too
    rare. Rows are weighted by inverse document frequency, columns (topics) equally.
    """
    rows = [buckets(ngrams(tokens(own_words(text)), 3), 1 << 15) & (BUCKETS - 1) for text in texts]
    rows = [np.unique(row) for row in rows if len(row)]
    sizes = np.array([len(row) for row in rows])
    flat = np.concatenate(rows)
    counts = np.bincount(flat, minlength=BUCKETS)
    idf = np.where(counts >= MIN_TEXTS, np.log(len(rows) / np.maximum(counts, 1)), 0.0)
    values = idf[flat] / np.sqrt(np.repeat(sizes, sizes))
    matrix = csr_matrix((values, flat, np.append(0, np.cumsum(sizes))), (len(rows), BUCKETS))
    _, _, topics = svds(matrix, k=WIDTH, v0=np.ones(min(matrix.shape)), solver="arpack")
    # The sign of a singular vector is free: its largest entry is made positive.
    signs = np.sign(topics[np.arange(WIDTH), np.abs(topics).argmax(axis=1)])
    table = (topics * signs[:, None]).T * idf[:, None]
    table /= np.quantile(np.abs(table[counts >= MIN_TEXTS]), 0.999) / LARGEST
    return np.clip(np.rint(table), -LARGEST, LARGEST).astype(np.int8)
