"""The measured pairs of a snapshot, kept or not, as a new selection reads them.

They lie in `data/` and `pool/`, each file in the order of the ids, with the hashes of its rows in
`index/`. Files of earlier versions, which lack columns or hashes, are brought up to date first.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.arrow import check_version, from_row
from schemas.errors import PublishError
from schemas.records import SCHEMA_VERSION, PreferencePair
from sinks.duplicates import is_flipped
from sinks.layout import index_file, snapshot_directory
from sinks.manifest import SnapshotManifest
from sinks.parts import PartWriter
from sinks.rowhash import to_hexadecimal
from sinks.rows import PAIR_KINDS, part_schema
from sinks.store import Store

_UPGRADED_ROWS = 1_000


class MeasuredFile:
    """One file of measured pairs; those that a selection has flipped are passed over.

    Parameters: `path` of a file of pairs, `index` of its hashes, both relative to the dataset's
    root. Without an index the file is a part (`sinks.rows.part_schema`), which has them itself.
    """

    def __init__(self, store: Store, path: str, index: str | None = None) -> None:
        self._file = pq.ParquetFile(store.open(path))
        self._index = None
        if index is not None:
            self._index = pq.ParquetFile(store.open(index)).read()
            hashes, rows = self._index.num_rows, self._file.metadata.num_rows
            if hashes != rows:
                raise PublishError(f"{index} is damaged: {hashes:,} hashes for {rows:,} rows")
        flipped = is_flipped(self._file.read(["flags"]))
        self._measured = ~flipped.to_numpy(zero_copy_only=False)
        known = self._file.read(["_bytes"]) if self._index is None else self._index
        sizes = known["_bytes" if self._index is None else "bytes"]
        self.text_bytes: np.ndarray = sizes.to_numpy()[self._measured]
        """Length of each row as text."""
        groups = range(self._file.num_row_groups)
        rows = [self._file.metadata.row_group(group).num_rows for group in groups]
        self._starts = [0, *accumulate(rows)]
        passed = np.concatenate([[0], np.cumsum(self._measured)])
        self.starts: Sequence[int] = [int(passed[start]) for start in self._starts]
        """Number of the first measured row of each row group, and how many there are in all."""

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Some columns of all measured rows."""
        return self._file.read(list(names)).filter(pa.array(self._measured))

    def group(self, number: int) -> pa.Table:
        """The measured rows of one row group, as a part table."""
        rows = slice(self._starts[number], self._starts[number + 1])
        table = self._file.read_row_group(number)
        if self._index is not None:
            index = self._index.slice(rows.start, rows.stop - rows.start)
            hashes = np.frombuffer(b"".join(index["hash"].to_pylist()), np.uint8)
            more = {
                "_key": table["id"],
                "_hash": pa.array(to_hexadecimal(hashes)),
                "_bytes": index["bytes"],
                "split": index["split"].cast(pa.string()),
            }
            columns = {**dict(zip(table.column_names, table.columns, strict=True)), **more}
            table = pa.table({name: columns[name] for name in part_schema("pairs").names})
        measured = self._measured[rows]
        table = table if measured.all() else table.filter(pa.array(measured))
        return table.cast(part_schema("pairs"))

    def first_key(self, number: int) -> str:
        """A key that no row of a row group comes before; empty where the file does not say."""
        statistics = self._file.metadata.row_group(number).column(0).statistics
        return statistics.min if statistics is not None and statistics.has_min_max else ""


def open_measured(
    store: Store,
    manifest: SnapshotManifest,
    run_id: str,
    upgrade: Callable[[PreferencePair], PreferencePair],
) -> list[MeasuredFile]:
    """Open all files of measured pairs of a snapshot.

    Parameters: `run_id`, the run in whose staging directory rows of earlier versions are stored
    again; `upgrade`, what makes such a pair one of today's, its split included.

    Raises: PublishError for a file that is damaged; SchemaError for one of a later version.
    """
    sizes = {file["path"]: file["size"] for file in manifest.files}
    opened = []
    for file in manifest.files:
        if file["kind"] not in PAIR_KINDS or not file["rows"]:
            continue
        path = f"{snapshot_directory(manifest.id)}/{file['path']}"
        index = index_file(file["path"])
        if index in sizes and manifest.schema_version == SCHEMA_VERSION:
            index = f"{snapshot_directory(manifest.id)}/{index}"
            opened.append(MeasuredFile(store, path, index))
            continue
        for part in _upgraded(store, path, file["split"] or "", run_id, upgrade):
            opened.append(MeasuredFile(store, part))
    return opened


def _upgraded(
    store: Store,
    path: str,
    split: str,
    run_id: str,
    upgrade: Callable[[PreferencePair], PreferencePair],
) -> Iterator[str]:
    parquet = pq.ParquetFile(store.open(path))
    check_version(parquet.schema_arrow.metadata, path)
    parts = PartWriter(store, "pool", run_id)
    for batch in parquet.iter_batches(batch_size=_UPGRADED_ROWS):
        for row in batch.to_pylist():
            part = parts.add(upgrade(from_row({**row, "split": split}, PreferencePair)))
            if part:
                yield part.path
    if part := parts.close():
        yield part.path


class Cursor:
    """Reads a file of measured pairs from one key to the next, each row group once.

    Parameters: the file; `start`, the number of its first row among those of all files.
    """

    def __init__(self, file: MeasuredFile, start: int) -> None:
        self._file, self._start = file, start
        self._next = 0
        self._rest: pa.Table | None = None

    def below(self, high: str | None) -> pa.Table:
        """The rows below a key, all for None, with `_at`, their number among those of all files."""
        found = [_numbered_schema().empty_table()]
        while rows := self._waiting(high):
            inside = rows.num_rows if high is None else pc.sum(pc.less(rows["_key"], high)).as_py()
            found.append(rows.slice(0, inside))
            self._rest = rows.slice(inside) if inside < rows.num_rows else None
            if self._rest is not None:
                break
        return pa.concat_tables(found)

    def _waiting(self, high: str | None) -> pa.Table | None:
        while self._rest is None and self._next + 1 < len(self._file.starts):
            if high is not None and self._file.first_key(self._next) >= high:
                return None
            start = self._start + self._file.starts[self._next]
            rows = self._file.group(self._next)
            at = pa.array(np.arange(start, start + rows.num_rows))
            self._rest = rows.append_column(_AT, at) if rows.num_rows else None
            self._next += 1
        return self._rest


_AT = pa.field("_at", pa.int64())


def _numbered_schema() -> pa.Schema:
    return part_schema("pairs").append(_AT)
