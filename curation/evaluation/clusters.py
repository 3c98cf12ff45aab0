"""k-means: points in groups, each around its centroid. Small, and the same on every run.

Centroids begin as in k-means++, greedily, and move as in Lloyd's algorithm, in float64. Of
several beginnings the one with the smallest sum of squared distances counts.

Reference: Arthur & Vassilvitskii, k-means++ (SODA 2007); Lloyd, Least squares quantization in
PCM (IEEE Transactions on Information Theory 28, 1982).
"""

from math import log
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

POINTS_PER_CENTROID = 256
"""Points that the centroids are learnt from, for each of them; of more points, a sample."""
_ROUNDS = 100
_BEGINNINGS = 4
_BLOCK_NUMBERS = 4_000_000

Floats = NDArray[np.float64]


class Clustering(NamedTuple):
    """Points in groups."""

    centroids: Floats
    """One row a group."""
    labels: NDArray[np.intp]
    """The group of each point: that of the nearest centroid, the first of several."""
    distances: Floats
    """Squared Euclidean distance of each point to that centroid."""


def cluster(points: NDArray[Any], groups: int, seed: int) -> Clustering:
    """Put points into groups.

    Parameters: `points`, a row each; `groups`, at least 1. There are fewer of them when there are
    fewer distinct points. `seed` of the beginnings; equal points in equal order, equal result.

    Raises: ValueError without points or groups.

    >>> found = cluster(np.array([[0.0], [1.0], [10.0], [11.0]]), 2, seed=0)
    >>> sorted(found.centroids[:, 0].tolist()), float(found.distances.sum())
    ([0.5, 10.5], 1.0)
    """
    if len(points) == 0 or groups < 1:
        raise ValueError(f"{len(points)} points in {groups} groups: at least one of each")
    chance = np.random.default_rng(seed)
    sample = points
    if len(points) > groups * POINTS_PER_CENTROID:
        chosen = chance.choice(len(points), groups * POINTS_PER_CENTROID, replace=False)
        sample = points[np.sort(chosen)]
    learnt = np.asarray(sample, dtype=np.float64)
    tried = [_lloyd(learnt, _beginning(learnt, groups, chance)) for _ in range(_BEGINNINGS)]
    _, centroids = min(tried, key=lambda result: result[0])  # the first of equals
    labels, distances = _nearest(points, centroids)
    return Clustering(centroids, labels, distances)


def _beginning(points: Floats, groups: int, chance: np.random.Generator) -> Floats:
    """Each next centroid is a point, drawn with the squared distance to those there are.

    Of a few drawn ones the one that leaves the smallest sum of distances is taken.
    """
    centroids = [points[chance.integers(len(points))]]
    nearest = ((points - centroids[0]) ** 2).sum(1)
    candidates = 2 + int(log(groups))
    norms = (points**2).sum(1)
    while len(centroids) < groups and nearest.sum() > 0:
        drawn = chance.choice(len(points), size=candidates, p=nearest / nearest.sum())
        apart = norms[drawn, None] + norms - 2 * points[drawn] @ points.T
        left = np.minimum(nearest, apart)
        best = int(left.sum(1).argmin())
        centroids.append(points[drawn[best]])
        # Exact, so that a point that is a centroid has no distance left.
        nearest = np.minimum(nearest, ((points - centroids[-1]) ** 2).sum(1))
    return np.stack(centroids)


def _lloyd(points: Floats, centroids: Floats) -> tuple[float, Floats]:
    labels, distances = _nearest(points, centroids)
    for _ in range(_ROUNDS):
        moved = np.zeros_like(centroids)
        np.add.at(moved, labels, points)
        sizes = np.bincount(labels, minlength=len(centroids))
        empty = sizes == 0
        moved[~empty] /= sizes[~empty, None]
        # A centroid that lost all its points begins again at one that is far from its own.
        moved[empty] = points[np.argsort(-distances, kind="stable")[: empty.sum()]]
        centroids = moved
        before, (labels, distances) = labels, _nearest(points, centroids)
        if np.array_equal(before, labels) and not empty.any():
            break
    return float(distances.sum()), centroids


def _nearest(points: NDArray[Any], centroids: Floats) -> tuple[NDArray[np.intp], Floats]:
    labels = np.empty(len(points), dtype=np.intp)
    distances = np.empty(len(points))
    norms = (centroids**2).sum(1)
    rows = max(1, _BLOCK_NUMBERS // max(centroids.shape))
    for start in range(0, len(points), rows):
        block = np.asarray(points[start : start + rows], dtype=np.float64)
        label = (norms - 2 * block @ centroids.T).argmin(1)
        labels[start : start + rows] = label
        # Not by the formula above, which rounds a distance of nothing to something.
        distances[start : start + rows] = ((block - centroids[label]) ** 2).sum(1)
    return labels, distances
