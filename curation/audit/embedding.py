"""Replies as vectors: the static encoder that comes with the package, or any other one."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.feedback.classifier import load_classifier
from curation.feedback.ngrams import buckets, ngrams
from curation.feedback.wording import tokens

Encode = Callable[[Sequence[str]], NDArray[Any]]
"""Gives a row for each text; of any length."""
STATIC = "static"
"""Name of the encoder that comes with the package."""
_LONGEST = 3


def static_vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """Vectors of length 1 by the bundled static encoder (`curation.feedback.encoder`).

    Output: a row for each text; zeros for a text without a token.

    >>> one, same, none = static_vectors(["A cat sleeps.", "a CAT sleeps.", ""])
    >>> bool((one == same).all()), float(none @ none)
    (True, 0.0)
    """
    encoder = load_classifier().weights.encoder
    rows = [buckets(ngrams(tokens(text), _LONGEST), encoder.buckets) for text in texts]
    vectors = np.array([encoder.encode(row) for row in rows], np.float64)
    if not len(vectors):
        return np.zeros((0, 1))
    norms = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    result: NDArray[np.float64] = vectors / np.where(norms > 0, norms, 1.0)
    return result
