"""`curate audit` without its command line: where the pairs come from that are audited."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from curation.audit.audit import audit
from curation.audit.audited import AuditedPair
from curation.audit.embedding import STATIC
from curation.audit.figure import Audit, audit_bytes
from curation.audit.rows import REPLIES, read_audited
from curation.audit.settings import AuditSettings
from curation.formats.context import Context
from curation.models.sentence_encoder import encoder_identity, open_encoder
from curation.reading import InputFile, Row, Shard, list_local, plan_shards, read_rows
from schemas.arrow import check_version, from_row
from schemas.errors import InputError, RunError
from schemas.records import PreferencePair, Reject
from sinks.audit_file import write_audit
from sinks.layout import final_directory, snapshot_directory
from sinks.manifest import read_snapshot
from sinks.store import Store, open_store
from sinks.summary import read_summary

AUDITED = 4_000
"""Most pairs of a run that are audited as it is published, about; `curate audit` looks at all."""

_BATCH_ROWS = 256
_NEEDED = (
    "id", "prompt", "chosen", "rejected", "margin", "rationales", "chosen_chars", "flags",
    "language", "cluster", "provenance",
)  # fmt: skip
_EXAMPLES_OF_REJECTS = 3


class AuditedFiles(NamedTuple):
    """What an audit of files has found, and what of them it could not use."""

    audit: Audit
    rejects: Mapping[str, int]
    """Rows and files that hold no pair, by reason."""
    examples: Sequence[str]
    """A few of them, in words."""


def audit_snapshot(
    output: str,
    snapshot: str | None = None,
    settings: AuditSettings = AuditSettings(),
    encoder: str = STATIC,
) -> Audit:
    """Audit a published snapshot, by default the current one.

    Parameters: `encoder` is `static`, or a name as `curation.models.sentence_encoder` takes it.

    Raises: PublishError when there is no such snapshot; as `open_encoder`.
    """
    store = open_store(output)
    manifest = read_snapshot(output, snapshot)
    directory = snapshot_directory(manifest.id)
    return _audit(_stored_pairs(store, directory, manifest.files), settings, encoder)


def audit_staged(
    output: str,
    run_id: str,
    settings: AuditSettings = AuditSettings(),
    encoder: str = STATIC,
    most: int | None = None,
) -> Audit:
    """Audit what a run has written and not published yet.

    Parameters: `most`, about how many pairs are looked at: those with the lowest ids, which are
    hashes, so they are a draw.

    Raises: PublishError when the run has not finished; as `open_encoder`.
    """
    store = open_store(output)
    files = read_summary(store, run_id)["files"]
    total = sum(file["rows"] for file in files if file["kind"] == "pairs")
    below = f"{2**128 * most // total:032x}" if most and total > most else None
    return _audit(_stored_pairs(store, final_directory(run_id), files, below), settings, encoder)


def add_audit(output: str, run_id: str) -> None:
    """Audit a finished run, and put `audit.json` among what it publishes."""
    found = audit_staged(output, run_id, most=AUDITED)
    write_audit(open_store(output), run_id, audit_bytes(found))


def audit_files(
    patterns: Sequence[str],
    test_patterns: Sequence[str] = (),
    settings: AuditSettings = AuditSettings(),
    encoder: str = STATIC,
) -> AuditedFiles:
    """Audit files of pairs as they are: any format of pairs, or two replies and a verdict.

    Input: patterns of files; those of `test_patterns` are the test split, and the others, where
    there are any of these, the training split.

    Raises: InputError for a pattern that matches nothing; RunError when no row holds a pair; as
    `open_encoder`.
    """
    rejects: Counter[str] = Counter()
    examples: list[str] = []

    def refuse(reject: Reject) -> None:
        rejects[reject.reason] += 1
        if len(examples) < _EXAMPLES_OF_REJECTS:
            examples.append(f"{reject.source}: {reject.reason}: {reject.detail}")

    def pairs() -> Iterator[AuditedPair]:
        for found, split in ((patterns, "train" if test_patterns else ""), (test_patterns, "test")):
            for told in read_pair_files(found, refuse):
                pair = told.pair._replace(split=split) if split else told.pair
                yield told._replace(pair=pair)

    found = _audit(pairs(), settings, encoder)
    if not found.pairs:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in sorted(rejects.items()))
        raise RunError(f"no pair to audit: {reasons or 'the files have no rows'}")
    return AuditedFiles(found, dict(sorted(rejects.items())), examples)


def _audit(
    pairs: Iterable[PreferencePair | AuditedPair], settings: AuditSettings, encoder: str
) -> Audit:
    if encoder == STATIC:
        return audit(pairs, settings)
    name = encoder_identity(encoder)
    return audit(pairs, settings, open_encoder(encoder).encode, name)


def _stored_pairs(
    store: Store,
    directory: str,
    files: Iterable[Mapping[str, Any]],
    below: str | None = None,
) -> Iterator[PreferencePair]:
    """Pairs of files; with `below` those whose id comes before it: each file is in that order."""
    for file in files:
        if file["kind"] != "pairs":
            continue
        path = f"{directory}/{file['path']}"
        with store.open(path) as stream:
            parquet = pq.ParquetFile(stream)
            check_version(parquet.schema_arrow.metadata, path)
            columns = [name for name in _NEEDED if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                rows = [r for r in batch.to_pylist() if below is None or r["id"] < below]
                for row in rows:
                    yield from_row({**row, "split": file["split"]}, PreferencePair)
                if len(rows) < batch.num_rows:
                    break


def read_pair_files(
    patterns: Sequence[str], refuse: Callable[[Reject], None]
) -> Iterator[AuditedPair]:
    """Pairs of files as `audit_files` reads them, in the files' order.

    Input: patterns; `refuse` is given what holds no pair.

    Raises: InputError for a pattern that matches nothing.
    """
    for pattern in patterns:
        files = list(list_local(pattern))
        if not files:
            raise InputError(f"{pattern}: matches no file")
        for file in files:
            if isinstance(file, InputFile):
                yield from _read_file(file, refuse)
            else:
                refuse(file)


def _read_file(file: InputFile, refuse: Callable[[Reject], None]) -> Iterator[AuditedPair]:
    shards = plan_shards(file.path, file.size)
    if isinstance(shards, Reject):
        shards = _table_of_replies(shards, file)
    if isinstance(shards, Reject):
        refuse(shards)
        return
    context = Context(file.path)
    for shard in shards:
        for row in read_rows(shard):
            found = read_audited(row, context) if isinstance(row, Row) else row
            if isinstance(found, Reject):
                refuse(found)
            else:
                yield from found


def _table_of_replies(reject: Reject, file: InputFile) -> list[Shard] | Reject:
    """A plain CSV or TSV file with columns of two replies, which only an audit reads."""
    layout = PurePath(file.path).suffix.lower().removeprefix(".")
    if reject.reason != "unsupported_file" or layout not in ("csv", "tsv"):
        return reject
    header = reject.record.partition("\n")[0]
    if not any(all(name in header for name in names) for names in REPLIES):
        return reject
    return [Shard(file.path, layout, "none", 0, None)]
