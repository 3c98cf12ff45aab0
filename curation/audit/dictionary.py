"""A sparse dictionary of vectors: each one as a sum of few directions out of many.

The directions are learnt by turns: which few fit each vector best (matching pursuit, with sign),
then what each direction should be for the vectors that use it. Nothing here sees a label.

Reference: Movva et al., What's In My Human Feedback (arXiv 2510.26202), section 3: signed top-K
features of embedding differences; Mallat & Zhang, Matching Pursuits (IEEE TSP 41, 1993); Aharon et
al., K-SVD (IEEE TSP 54, 2006).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ROUNDS = 12
_DECIMALS = 9


def learn(vectors: Floats, atoms: int, active: int, seed: int) -> Floats:
    """Learn directions of length 1.

    Input: a row a vector, in a fixed order. Parameters: `atoms`, how many directions at most;
    `active`, how many describe a vector; `seed` of the beginning.

    Output: a row a direction; fewer than `atoms` where there are fewer vectors.

    >>> found = learn(np.repeat(np.eye(3), 5, axis=0), 3, 1, seed=0)
    >>> sorted(np.abs(found).argmax(axis=1).tolist())
    [0, 1, 2]
    """
    vectors = vectors[(vectors**2).sum(axis=1) > 0]
    directions = _beginning(vectors, atoms, seed)
    for _ in range(_ROUNDS):
        found = codes(vectors, directions, active)
        rest = vectors - found @ directions
        for j in range(len(directions)):
            using = np.flatnonzero(found[:, j])
            if not len(using):
                # One that nothing uses begins again where least is explained.
                directions[j] = _unit(rest[int((rest**2).sum(axis=1).round(_DECIMALS).argmax())])
                continue
            weights = found[using, j]
            own = rest[using] + np.outer(weights, directions[j])
            directions[j] = _unit(weights @ own)
            rest[using] = own - np.outer(weights, directions[j])
    return np.round(directions, _DECIMALS)


def codes(vectors: Floats, directions: Floats, active: int) -> Floats:
    """How much of each direction is in each vector: at most `active` numbers of a row are not 0.

    >>> codes(np.array([[3.0, -4.0]]), np.eye(2), 1).tolist()
    [[0.0, -4.0]]
    """
    found = np.zeros((len(vectors), len(directions)))
    rest = vectors.copy()
    rows = np.arange(len(vectors))
    for _ in range(min(active, len(directions))):
        fits = np.round(rest @ directions.T, _DECIMALS)
        best = np.abs(fits).argmax(axis=1)
        weight = fits[rows, best]
        found[rows, best] += weight
        rest -= weight[:, None] * directions[best]
    return found


def _beginning(vectors: Floats, atoms: int, seed: int) -> Floats:
    """Vectors that point away from each other, either way round (k-means++ on lines)."""
    units = np.array([_unit(vector) for vector in vectors]).reshape(vectors.shape)
    if not len(units):
        return units
    chance = np.random.default_rng(seed)
    chosen = [units[int(chance.integers(len(units)))]]
    nearest = (units @ chosen[0]) ** 2
    while len(chosen) < min(atoms, len(units)):
        apart = np.round(np.maximum(0.0, 1 - nearest), _DECIMALS)
        if not apart.any():
            break
        chosen.append(units[int(chance.choice(len(units), p=apart / apart.sum()))])
        nearest = np.maximum(nearest, (units @ chosen[-1]) ** 2)
    return np.array(chosen)


def _unit(vector: Floats) -> Floats:
    norm = float(np.sqrt(vector @ vector))
    result: Floats = vector / norm if norm > 0 else vector
    return result
