"""Choosing a test set that covers what users ask for: some items from each cluster.

Items are placed by request and checklist together, clustered, and those nearest to the centroid
of each cluster are taken. A prompt is in the test set once.

Reference: Shi et al., WildFeedback (arXiv 2408.15549): 70 clusters, the 10 nearest to each
centroid, duplicates taken out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from curation.evaluation.clusters import cluster
from curation.evaluation.items import Item, distinct, placing_text
from curation.models.sentence_encoder import SentenceEncoder
from schemas.ids import seed_from


class SelectionSettings(NamedTuple):
    """How a test set is chosen.

    Parameters: `clusters`, how many; `nearest`, items taken from each at most; `seed`.
    """

    clusters: int = 70
    nearest: int = 10
    seed: int = 0


class Chosen(NamedTuple):
    """An item of a test set, and why it is in it."""

    item: Item
    cluster: int
    """Number of its cluster; clusters are numbered by the lowest id that each holds."""
    distance: float
    """Euclidean distance to the cluster's centroid, between unit vectors: 0 to 2."""


def choose(
    items: Sequence[Item], encoder: SentenceEncoder, settings: SelectionSettings
) -> list[Chosen]:
    """Choose a test set.

    Input: items in any order. Output: the chosen ones in the order of their ids; the same for
    the same items, in whatever order they come. With no more distinct points than clusters all
    are chosen.
    """
    ordered = distinct(items).items
    if not ordered:
        return []
    vectors = encoder.encode([placing_text(item) for item in ordered])
    found = cluster(vectors, settings.clusters, seed_from(settings.seed, "evaluation clusters"))
    members: dict[int, list[int]] = {}
    for index, label in enumerate(found.labels.tolist()):
        members.setdefault(label, []).append(index)
    chosen: list[Chosen] = []
    for number, indices in enumerate(members.values()):
        distances = np.sqrt(found.distances[indices])
        # Rounded, so that equal texts at equal distances are told apart by their ids.
        nearest = sorted(zip(distances.round(9).tolist(), indices, strict=True))
        for distance, index in nearest[: settings.nearest]:
            chosen.append(Chosen(ordered[index], number, distance))
    return sorted(chosen)
