"""Labels that come back from annotators: read, checked, and put to a dataset's pairs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import pyarrow as pa

from curation.selection.blind import HumanLabel, label_of_row, share_for_chosen
from curation.selection.judge_agreement import JudgeAgreement, agreement_of_all, agreement_of_two
from curation.selection.jury import verdict
from pipelines.jsonl_file import read_numbered
from pipelines.reselect import reselect
from schemas.errors import InputError, UsageError
from schemas.records import NamedScore
from sinks.datafiles import open_data_files
from sinks.duplicates import is_flipped
from sinks.manifest import SnapshotManifest, read_snapshot
from sinks.publish import PublishedSnapshot
from sinks.store import open_store

_LISTED = 20


class Returned(NamedTuple):
    """What annotators have returned."""

    labels: Mapping[str, Sequence[NamedScore]]
    """1 for the chosen side, 0 for the rejected one, 0.5 for a tie; by pair, in order."""
    skipped: int
    """Rows whose annotator would not say."""
    empty: int
    """Rows that nobody has labelled."""
    repeated: int
    """Rows that say again what the same annotator said before."""
    problems: Sequence[str]
    """Rows that cannot be used, with file and line."""


class Imported(NamedTuple):
    """What an import changed."""

    snapshot: PublishedSnapshot
    kept_before: int
    """Pairs of the snapshot before."""
    newly_kept: int
    """Pairs that it did not have."""
    newly_dropped: int
    """Pairs that are no longer kept."""


def read_labels(path: str, output: str, annotator: str = "") -> Returned:
    """Read the rows of a JSONL file that annotators have filled in.

    Parameters: `output`, the dataset whose current snapshot has the pairs; `annotator`, for rows
    that name none.

    Output: rows with an unknown pair or label, without an annotator, or with another label of the
    same annotator for the same pair are `problems`; of the two labels the first is kept.

    Raises: InputError for a file that cannot be read; PublishError when there is no dataset.
    """
    known = measured_ids(output)
    said: dict[tuple[str, str], float] = {}
    counts: Counter[str] = Counter()
    problems = []
    for number, row in read_numbered(label_of_row, path):
        try:
            counts[_noted(row, known, said, annotator)] += 1
        except InputError as error:
            problems.append(f"{path}: line {number}: {error}")
    labels: dict[str, list[NamedScore]] = {}
    for (pair_id, name), value in sorted(said.items()):
        labels.setdefault(pair_id, []).append(NamedScore(name, value))
    return Returned(labels, counts["skip"], counts["empty"], counts["repeated"], problems)


def _noted(
    row: HumanLabel | InputError,
    known: frozenset[str],
    said: dict[tuple[str, str], float],
    annotator: str,
) -> str:
    """Note what a row says; gives what it counts as."""
    if isinstance(row, InputError):
        raise row
    if row.pair_id not in known:
        raise InputError(f"id: no pair {row.pair_id[:60]!r} in the dataset")
    value = share_for_chosen(row)
    if value is None:
        return row.answer or "empty"
    name = row.annotator or annotator
    if not name:
        raise InputError("annotator: nobody is named; name one with --annotator")
    if (row.pair_id, name) not in said:
        said[row.pair_id, name] = value
        return "labels"
    if said[row.pair_id, name] != value:
        raise InputError(f"label: {name!r} has given another label for this pair before")
    return "repeated"


def import_labels(output: str, returned: Returned, overrides: Sequence[str] = ()) -> Imported:
    """Publish a snapshot with the labels, selected again.

    Raises: UsageError without any label; as `pipelines.reselect.reselect`.
    """
    if not returned.labels:
        raise UsageError("no label to import" + problems_listed(returned.problems))
    before = read_snapshot(output)
    kept = _published_ids(output, before)
    published = reselect(output, list(overrides), labels=returned.labels)
    now = _published_ids(output, read_snapshot(output))
    return Imported(published, len(kept), len(now - kept), len(kept - now))


def agreement_with_chosen(labels: Mapping[str, Sequence[NamedScore]]) -> Counter[str]:
    """How many labels are for the `chosen` reply, for the `rejected` one, or a `tie`."""
    names = {1.0: "chosen", 0.0: "rejected", 0.5: "tie"}
    return Counter(names[verdict(label.value)] for given in labels.values() for label in given)


def agreement_between(labels: Mapping[str, Sequence[NamedScore]]) -> list[JudgeAgreement]:
    """Cohen's kappa of any two annotators who labelled the same pairs; Fleiss' of all, if more.

    >>> both = [NamedScore("ann", 1.0), NamedScore("bob", 1.0)]
    >>> agreement_between({"x": both, "y": [NamedScore("ann", 0.0)]})[0].judges
    ('ann', 'bob')
    """
    tables: dict[tuple[str, str], Counter[tuple[float, float]]] = {}
    profiles: Counter[tuple[int, ...]] = Counter()
    for given in labels.values():
        said = {label.name: verdict(label.value) for label in given}
        profiles[tuple(list(said.values()).count(side) for side in (1.0, 0.5, 0.0))] += 1
        for one, other in combinations(sorted(said), 2):
            tables.setdefault((one, other), Counter())[said[one], said[other]] += 1
    of_two = [agreement_of_two(judges, tables[judges]) for judges in sorted(tables)]
    return [*of_two, agreement_of_all(profiles)] if len(of_two) > 1 else of_two


def problems_listed(problems: Sequence[str]) -> str:
    """Problems for a message, one a line, the first twenty of them."""
    more = len(problems) - _LISTED
    shown = "".join(f"\n  {problem}" for problem in problems[:_LISTED])
    return shown + (f"\n  and {more:,} more" if more > 0 else "")


def measured_ids(output: str) -> frozenset[str]:
    """Ids of the measured pairs of the current snapshot, selected or not, as they were measured."""
    store, manifest = open_store(output), read_snapshot(output)
    ids: set[str] = set()
    for parquet in open_data_files(store, manifest, kinds=("pairs", "pool")):
        has_flags = "flags" in parquet.schema_arrow.names
        table = parquet.read(["id", "flags"] if has_flags else ["id"])
        turned = is_flipped(table).to_pylist() if has_flags else [False] * table.num_rows
        # As it was measured, a flipped pair is in the pool.
        ids.update(i for i, t in zip(table["id"].to_pylist(), turned, strict=True) if not t)
    return frozenset(ids)


def _published_ids(output: str, manifest: SnapshotManifest) -> set[str]:
    tables = [f.read(["id"]) for f in open_data_files(open_store(output), manifest)]
    return set(pa.concat_tables(tables)["id"].to_pylist()) if tables else set()
