"""Which languages and clusters of prompts the pairs cover."""

import numpy as np

from curation.audit.audited import NO_CLUSTER
from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings

_LISTED = 20


def coverage(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """Share of the commonest language, and of the largest cluster; each one's pairs in details.

    A dataset in one language is no fault: that figure only informs.
    """
    languages = facts["language"][facts["language"] != b""]
    clusters = facts["cluster"][facts["cluster"] != NO_CLUSTER]
    by_language = _largest(np.char.decode(languages), None, len(facts))
    by_cluster = _largest(clusters, settings.largest_cluster, len(facts))
    meaning = (
        "Share of the largest cluster of prompts, of those that have one. Warns above "
        f"{settings.largest_cluster:g}."
    )
    return [
        by_language._replace(
            name="coverage.language",
            meaning="Share of the commonest language of prompts, of those that have one; no limit.",
        ),
        by_cluster._replace(name="coverage.cluster", meaning=meaning),
    ]


def _largest(values: np.ndarray, threshold: float | None, pairs: int) -> Figure:
    kinds, counts = np.unique(values, return_counts=True)
    order = np.lexsort([kinds, -counts])
    details = [
        {"value": str(kinds[i]), "pairs": int(counts[i]), "share": int(counts[i]) / len(values)}
        for i in order[:_LISTED]
    ]
    if len(values) < pairs and details:
        details.append({"value": "unknown", "pairs": pairs - len(values), "share": None})
    value = int(counts[order[0]]) / len(values) if len(values) else None
    # One cluster alone is no division.
    warns = threshold is not None and value is not None and len(kinds) > 1 and value > threshold
    return Figure("", value, threshold, warns, "", len(values), details=details)
