"""Looking into a published dataset: what it holds, and its pairs as records."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from schemas.arrow import from_row
from schemas.errors import UsageError
from schemas.records import SPLITS, PreferencePair
from sinks.datafiles import open_data_files
from sinks.manifest import SnapshotManifest, read_snapshot
from sinks.statistics import SCORES, score_quantiles, value_counts
from sinks.store import Store, open_store

_BATCH_ROWS = 256


def inspect_snapshot(output: str, snapshot_id: str | None = None) -> dict[str, Any]:
    """Describe a snapshot, by default the current one, as JSON-like values.

    Output: `snapshot`, `schema_version`, `created`, `parent`, `rows` (by split), `pool`
    (measured pairs that were not selected; None where the snapshot keeps none), `signals`,
    `rejected`, `funnel`, `models`, `inputs`, `methods` and `sources` (pairs of each), and
    `scores`: the quantiles of each score that any pair has.

    Raises: PublishError when there is no such snapshot.
    """
    store = open_store(output)
    manifest = read_snapshot(output, snapshot_id)
    scores = {name: score_quantiles(store, manifest, name) for name in SCORES}
    return {
        "snapshot": manifest.id,
        "schema_version": manifest.schema_version,
        "created": manifest.created,
        "parent": manifest.parent,
        "rows": manifest.rows,
        "pool": manifest.records.get("pool"),
        "signals": manifest.records["signals"],
        "rejected": manifest.records["rejects"],
        "funnel": manifest.funnel,
        "models": manifest.models,
        "inputs": manifest.inputs,
        "methods": value_counts(store, manifest, "method"),
        "sources": value_counts(store, manifest, "source"),
        "scores": {name: quantiles for name, quantiles in scores.items() if quantiles},
    }


def read_pairs(
    output: str, split: str = "train", limit: int | None = None
) -> Iterator[PreferencePair]:
    """Pairs of one split of the current snapshot, in the order of their ids.

    Parameters: `limit`, how many pairs at most; None for all.

    Raises: UsageError for a split that does not exist; PublishError when there is no dataset;
    SchemaError for a file that this version cannot read.
    """
    if split not in SPLITS:
        raise UsageError(f"split {split!r}: expected one of {', '.join(SPLITS)}")
    pairs = _pairs(open_store(output), read_snapshot(output), split)
    return islice(pairs, limit)


def _pairs(store: Store, manifest: SnapshotManifest, split: str) -> Iterator[PreferencePair]:
    for parquet in open_data_files(store, manifest, split):
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
            for row in batch.to_pylist():
                yield from_row({**row, "split": split}, PreferencePair)
