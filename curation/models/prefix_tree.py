"""Many token sequences that share prefixes, packed into one.

A prompt, its two responses and two dozen follow-ups of each are one tree: every token that
is preceded by the same tokens stands once in the packed sequence, and a mask lets it see
its own ancestors only. One forward pass over the packed tokens gives every sequence the
hidden states that it would have had alone.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class PackedTree(NamedTuple):
    """Sequences packed without repeating a shared prefix."""

    tokens: npt.NDArray[np.int64]
    """Packed token ids, parents before children."""
    positions: npt.NDArray[np.int64]
    """Depth of each token in its sequence: its position id."""
    mask: npt.NDArray[np.bool_]
    """`mask[i, j]`: token i sees token j, that is, j is i or one of its ancestors."""
    paths: list[npt.NDArray[np.int64]]
    """For each input sequence, where each of its tokens stands in the packed order."""


def pack(sequences: Sequence[Sequence[int]]) -> PackedTree:
    """Pack token sequences into one tree.

    Input: non-empty sequences of token ids. Output: a `PackedTree`; the order depends on
    the sequences given and on nothing else.

    Raises: ValueError when there is nothing to pack.

    >>> tree = pack([[5, 6, 7], [5, 6, 8], [5, 6]])
    >>> tree.tokens.tolist(), tree.positions.tolist()
    ([5, 6, 7, 8], [0, 1, 2, 2])
    >>> [path.tolist() for path in tree.paths]
    [[0, 1, 2], [0, 1, 3], [0, 1]]
    >>> tree.mask[3].tolist()
    [True, True, False, True]
    """
    if not sequences or not all(sequences):
        raise ValueError("a prefix tree is made of at least one sequence of at least one token")
    place: dict[tuple[int, int], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    positions: list[int] = []
    paths = []
    for sequence in sequences:
        path, parent = [], -1
        for depth, token in enumerate(sequence):
            node = place.setdefault((parent, token), len(tokens))
            if node == len(tokens):
                tokens.append(token)
                parents.append(parent)
                positions.append(depth)
            path.append(node)
            parent = node
        paths.append(np.asarray(path, np.int64))
    mask = np.zeros((len(tokens), len(tokens)), np.bool_)
    for node, parent in enumerate(parents):
        if parent >= 0:
            mask[node, : parent + 1] = mask[parent, : parent + 1]
        mask[node, node] = True
    return PackedTree(np.asarray(tokens), np.asarray(positions), mask, paths)
