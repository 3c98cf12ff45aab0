"""Numbers that describe a snapshot's pairs, read column by column from its data files."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from sinks.datafiles import open_data_files
from sinks.manifest import SnapshotManifest
from sinks.store import Store

SCORES = (
    "margin",
    "chosen_score",
    "rejected_score",
    "rubric_margin",
    "ches",
    "ln_ches",
    "uncertainty",
)
"""Columns of scores."""
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Quantiles that describe a score."""


def value_counts(store: Store, manifest: SnapshotManifest, name: str) -> dict[str, int]:
    """How many pairs have each value of a text column, the most frequent first."""
    counts: Counter[str] = Counter()
    for chunk in _column_chunks(store, manifest, name):
        for item in pc.value_counts(chunk).to_pylist():
            counts[item["values"]] += item["counts"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def score_quantiles(store: Store, manifest: SnapshotManifest, name: str) -> dict[str, float] | None:
    """`QUANTILES` of a score and its `count`, None when no pair has one."""
    values = pc.drop_null(pa.chunked_array(_column_chunks(store, manifest, name), pa.float64()))
    if not len(values):
        return None
    points = pc.quantile(values, q=list(QUANTILES)).to_pylist()
    names = (f"p{q * 100:g}" for q in QUANTILES)
    return {"count": len(values), **dict(zip(names, points, strict=True))}


def _column_chunks(store: Store, manifest: SnapshotManifest, name: str) -> Iterator[pa.Array]:
    for parquet in open_data_files(store, manifest):
        for batch in parquet.iter_batches(columns=[name]):
            yield batch.column(0)
