"""Clusters of prompts: topics as the prompts' own words tell them apart.

The centroids are learnt from a sample of the prompts, by spherical k-means over vectors of
`curation.selection.semantics`; every prompt then belongs to the centroid that is nearest. Vectors
and centroids are whole numbers, so the clusters are the same on any machine.

References: Dhillon & Modha, Concept decompositions for large sparse text data using clustering
(Machine Learning 42, 2001): spherical k-means; Arthur & Vassilvitskii, k-means++ (SODA 2007): its
beginning.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.selection.semantics import Codes, Semantics, Vectors, learn, unit_rows
from schemas.ids import seed_from
from schemas.records import Message

SAMPLE = 8_192
"""Distinct prompts that centroids are learnt from, at least, where there are so many."""
SAMPLE_PER_CLUSTER = 64
"""The same for each cluster."""
LARGEST_SAMPLE = 65_536
"""Prompts that are learnt from at most."""
_BEGINNINGS = 3
_ROUNDS = 50


class Clusters(NamedTuple):
    """Clusters that were learnt, the largest of the sample first."""

    semantics: Semantics
    """Vectors of the prompts' words."""
    centroids: Vectors
    """One row a cluster."""

    def nearest(self, prompts: Sequence[Codes]) -> list[int | None]:
        """The cluster of each prompt; None for one that shares no word with the sample."""
        vectors = self.semantics.vectors(prompts)
        if not len(self.centroids):
            return [None] * len(vectors)
        nearest = _cosines(vectors, self.centroids).argmax(axis=1)
        known: list[bool] = np.any(vectors, axis=1).tolist()
        return [
            at if is_known else None for at, is_known in zip(nearest.tolist(), known, strict=True)
        ]


def sample_size(clusters: int) -> int:
    """How many distinct prompts the clusters are learnt from.

    >>> sample_size(10), sample_size(500), sample_size(5_000)
    (8192, 32000, 65536)
    """
    return min(LARGEST_SAMPLE, max(SAMPLE, SAMPLE_PER_CLUSTER * clusters))


def request_text(prompt: Sequence[Message]) -> str:
    """What the user says in a prompt, all turns of it; the whole prompt where no user speaks.

    >>> request_text([Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "Tax?")])
    'Hi\\nTax?'
    """
    asked = [message.content for message in prompt if message.role == "user"]
    return "\n".join(asked or [message.content for message in prompt])


def learn_clusters(prompts: Sequence[Codes], clusters: int, seed: int = 0) -> Clusters:
    """Learn clusters from a sample.

    Input: distinct prompts, in an order that does not depend on a run. Parameters: `clusters`, of
    which there are fewer when there are fewer distinct prompts; `seed` of the beginnings.

    >>> from curation.selection.semantics import codes
    >>> texts = "boil an egg", "boil a soft egg", "fry an egg", "tax of a car", "car and tax law"
    >>> sample = [codes(text) for text in texts]
    >>> learn_clusters(sample, 2).nearest(sample)
    [0, 0, 0, 1, 1]
    """
    semantics = learn(prompts)
    vectors = semantics.vectors(prompts)
    return Clusters(semantics, spherical_k_means(vectors[vectors.any(axis=1)], clusters, seed))


def spherical_k_means(points: Vectors, clusters: int, seed: int) -> Vectors:
    """Centroids of points by the cosine, the one with the most points first.

    Input: unit rows (`curation.selection.semantics.unit_rows`). Of several beginnings the one whose
    points are nearest to their centroids counts.
    """
    if not len(points):
        return np.zeros((0, points.shape[1]), np.int64)
    found = []
    for number in range(_BEGINNINGS):
        centroids = _lloyd(points, _beginning(points, clusters, seed, number))
        cosines = _cosines(points, centroids)
        found.append((int(cosines.max(axis=1).sum()), -number, centroids, cosines.argmax(axis=1)))
    _, _, centroids, labels = max(found, key=lambda one: one[:2])
    sizes = np.bincount(labels, minlength=len(centroids)).tolist()
    order = sorted(range(len(centroids)), key=lambda at: (-sizes[at], centroids[at].tolist()))
    return centroids[order]


def _beginning(points: Vectors, clusters: int, seed: int, number: int) -> Vectors:
    """Points, each drawn by its squared distance to the nearest of those drawn before it."""
    centroids: list[Vectors] = []
    far = np.ones(len(points), np.int64)
    while len(centroids) < clusters and (total := int(far.sum())):
        place = seed_from(seed, f"centroid {number} {len(centroids)}") % total
        drawn = points[int(np.searchsorted(far.cumsum(), place, "right"))]
        apart = ((points - drawn) ** 2).sum(axis=1)
        far = np.minimum(far, apart) if centroids else apart
        centroids.append(drawn)
    return np.stack(centroids)


def _lloyd(points: Vectors, centroids: Vectors) -> Vectors:
    labels = None
    for _ in range(_ROUNDS):
        before, cosines = labels, _cosines(points, centroids)
        labels = cosines.argmax(axis=1)
        if before is not None and np.array_equal(before, labels):
            break
        sums = np.zeros_like(centroids)
        np.add.at(sums, labels, points)
        moved = unit_rows(sums)
        empty = ~moved.any(axis=1)
        # A centroid that lost its points begins again at one that is far from its own.
        lonely = np.argsort(cosines.max(axis=1), kind="stable")
        moved[empty] = points[lonely[: int(empty.sum())]]
        centroids = moved
    return centroids


def _cosines(points: Vectors, centroids: Vectors) -> NDArray[np.float64]:
    """Products of whole numbers below 2**53: exact, however they are added up."""
    return points.astype(np.float64) @ centroids.T.astype(np.float64)
