"""Drops of a snapshot that is made by a new selection: the earlier stages' and the new ones."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.arrow import check_version
from schemas.ids import content_id
from sinks.finalfiles import FinalFiles, WrittenFile, shape_of
from sinks.layout import final_directory, snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.rows import part_schema
from sinks.store import Store

_BATCH_ROWS = 50_000


def drop_rows(
    pair_ids: Sequence[str],
    filters: Sequence[str],
    values: Sequence[float | None],
    thresholds: Sequence[float | None],
) -> pa.Table:
    """Drops, given column by column, as a part table in no order.

    The same rows as `sinks.rows.to_stored_row` makes of records, several times as fast: a strict
    selection drops a million pairs.

    >>> drop_rows(["0f"], ["margin_min"], [0.5], [1.0])["_bytes"].to_pylist()
    [66]
    """
    names = {name: json.dumps(name, ensure_ascii=False) for name in set(filters)}
    texts = [
        f'{{"pair_id":{_quoted(pair_id)},"filter":{names[name]},'
        f'"value":{_number(value)},"threshold":{_number(threshold)}}}'
        for pair_id, name, value, threshold in zip(
            pair_ids, filters, values, thresholds, strict=True
        )
    ]
    hashes = pa.array([content_id("drops", text) for text in texts], pa.string())
    sizes = pa.array([len(text.encode()) for text in texts], pa.int64())
    floats = [pa.array(column, pa.float64()) for column in (values, thresholds)]
    strings = [pa.array(column, pa.string()) for column in (pair_ids, filters)]
    return pa.table([hashes, hashes, sizes, *strings, *floats], schema=part_schema("drops"))


def _quoted(text: str) -> str:
    plain = text.isascii() and text.isalnum()
    return f'"{text}"' if plain else json.dumps(text, ensure_ascii=False)


def _number(value: float | None) -> str:
    # As `json.dumps` writes it, infinities and NaN too.
    if value is None or value - value != 0:
        return json.dumps(value)
    return float.__repr__(value)


def earlier_drops(
    store: Store, manifest: SnapshotManifest, selected_out: Mapping[str, int]
) -> Iterator[pa.Table]:
    """Drops of a snapshot without those of its selection, as part tables.

    Input: `selected_out`, how many drops the selection has made, by filter. A filter's name belongs
    to one stage; should another one use it too, the first so many drops go.
    """
    left = Counter(selected_out)
    for file in manifest.files:
        if file["kind"] != "drops":
            continue
        path = f"{snapshot_directory(manifest.id)}/{file['path']}"
        with store.open(path) as stream:
            parquet = pq.ParquetFile(stream)
            check_version(parquet.schema_arrow.metadata, path)
            for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
                stay = []
                for name in batch["filter"].to_pylist():
                    stay.append(left[name] <= 0)
                    left[name] -= 1
                rest = batch.filter(pa.array(stay, pa.bool_()))
                names = ("pair_id", "filter", "value", "threshold")
                yield drop_rows(*(rest[name].to_pylist() for name in names))


def write_drops(
    store: Store, run_id: str, drops: Sequence[pa.Table], target_file_bytes: int
) -> list[WrittenFile]:
    """Write the final files of drops, given as part tables, as a run would have."""
    together = pa.concat_tables([part_schema("drops").empty_table(), *drops]).sort_by("_key")
    text = pc.sum(together["_bytes"]).as_py() or 0
    shape = shape_of(together.num_rows, text, target_file_bytes)
    files = FinalFiles(store, final_directory(run_id), "drops", None, shape)
    files.add(together)
    return files.close()
