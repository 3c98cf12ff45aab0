"""What can be counted in a reply without reading it: lengths, marks, forms."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curation.audit.forms import FORMS, form_bits

_COUNTED = {"commas": ",", "periods": ".", "colons": ":", "semicolons": ";", "questions": "?",
    "exclamations": "!", "quotes": '"', "apostrophes": "'", "brackets": "(", "hyphens": "-",
    "asterisks": "*", "hashes": "#", "backquotes": "`", "bars": "|", "lines": "\n"}  # fmt: skip
NAMES = (
    "characters",
    "words",
    "letters_per_word",
    "digits",
    "capitals",
    "not_ascii",
    *_COUNTED,
    *(f"form_{name}" for name in FORMS),
)
"""Names of the features, in order."""
_MARKS = np.array([ord(mark) for mark in _COUNTED.values()])


def surface_features(texts: Sequence[str]) -> NDArray[np.float64]:
    """Features of texts: logarithms of counts, and 1 for each form that a text has.

    Output: a row of `NAMES` for each text.

    >>> row = dict(zip(NAMES, surface_features(["Hello, you!"])[0].tolist()))
    >>> row["form_exclamation"], round(row["commas"], 3), round(row["words"], 3)
    (1.0, 0.693, 1.099)
    """
    rows = np.zeros((len(texts), len(NAMES)))
    bits = np.arange(len(FORMS))
    for row, text in zip(rows, texts, strict=True):
        data = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
        counts = np.bincount(data, minlength=256)
        words = len(text.split())
        head = (
            len(text),
            words,
            len(text) / (words + 1),
            counts[48:58].sum(),
            counts[65:91].sum(),
            counts[128:].sum(),
        )
        row[: len(head) + len(_MARKS)] = np.log1p([*head, *counts[_MARKS]])
        row[len(head) + len(_MARKS) :] = form_bits(text) >> bits & 1
    return rows
