"""Many token sequences that share prefixes, packed into one.

A prompt, its two responses and two dozen follow-ups of each are one tree: a trunk that all
of them begin with, and branches. Every token that is preceded by the same tokens stands
once in the packed sequence. The trunk is an ordinary causal sequence; a mask lets each
token of the branches see the trunk and its own ancestors only. One forward pass over the
packed tokens gives every sequence the hidden states that it would have had alone.
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
    trunk: int
    """Number of tokens that all sequences begin with; they stand first."""
    mask: npt.NDArray[np.bool_]
    """`mask[i, j]`: token `trunk + i` sees token j, that is, j is itself or an ancestor."""
    paths: list[npt.NDArray[np.int64]]
    """For each input sequence, where each of its tokens stands in the packed order."""


def pack(sequences: Sequence[list[int]]) -> PackedTree:
    """Pack token sequences into one tree.

    Input: non-empty lists of token ids. Output: a `PackedTree`; the order depends on the
    sequences given and on nothing else.

    Raises: ValueError when there is nothing to pack.

    >>> tree = pack([[5, 6, 7], [5, 6, 8], [5, 6]])
    >>> tree.tokens.tolist(), tree.positions.tolist(), tree.trunk
    ([5, 6, 7, 8], [0, 1, 2, 2], 2)
    >>> [path.tolist() for path in tree.paths]
    [[0, 1, 2], [0, 1, 3], [0, 1]]
    >>> tree.mask.tolist()
    [[True, True, True, False], [True, True, False, True]]
    """
    if not sequences or not all(sequences):
        raise ValueError("a prefix tree is made of at least one sequence of at least one token")
    stem = _common_prefix(sequences)
    trunk = len(stem)
    place: dict[tuple[int, int], int] = {}
    tokens, parents = list(stem), list(range(-1, trunk - 1))
    positions = list(range(trunk))
    paths = []
    for sequence in sequences:
        path, parent = list(range(trunk)), trunk - 1
        for depth in range(trunk, len(sequence)):
            node = place.setdefault((parent, sequence[depth]), len(tokens))
            if node == len(tokens):
                tokens.append(sequence[depth])
                parents.append(parent)
                positions.append(depth)
            path.append(node)
            parent = node
        paths.append(np.asarray(path, np.int64))
    mask = np.zeros((len(tokens) - trunk, len(tokens)), np.bool_)
    mask[:, :trunk] = True
    for row, parent in enumerate(parents[trunk:]):
        if parent >= trunk:
            mask[row, trunk : parent + 1] = mask[parent - trunk, trunk : parent + 1]
        mask[row, trunk + row] = True
    return PackedTree(np.asarray(tokens), np.asarray(positions), trunk, mask, paths)


def _common_prefix(sequences: Sequence[list[int]]) -> list[int]:
    # Between the smallest and the largest in order lies every other one.
    low, high = min(sequences), max(sequences)
    for depth, (one, other) in enumerate(zip(low, high, strict=False)):
        if one != other:
            return low[:depth]
    return low
