"""Where everything of a dataset lies, relative to its root.

OUT/manifest.json                the current snapshot and all others
OUT/README.md                    the dataset card
OUT/snapshots/<id>/              one immutable snapshot: manifest.json, data/, pool/, signals/, …
OUT/.staging/<run>/              what a run has written and not published yet
OUT/.memo/                       models' answers, kept from run to run
"""

import re

from schemas.errors import UsageError
from schemas.records import CandidateSet, Drop, FeedbackSignal, PreferencePair, Reject

MANIFEST = "manifest.json"
"""Name of the root manifest, and of a snapshot's own manifest in its directory."""
CARD = "README.md"
"""Name of the dataset card."""
AUDIT = "audit.json"
"""Name of the audit in a snapshot's directory."""
STAGING = ".staging"
"""Directory of what is not published yet."""
MEMO = ".memo"
"""Directory of models' answers, which later runs use; safe to delete."""
SNAPSHOTS = "snapshots"
"""Directory of the snapshots."""
DUPLICATES = "duplicates"
"""Kind of the files that name the pairs taken out as duplicates while writing."""
SURPLUS = "surplus"
"""Name of the files of the pool that hold these pairs themselves."""
INDEX = "index"
"""Kind of the files that hold the row hashes of pairs, one beside each file of pairs."""

KINDS: dict[str, type] = {
    "pairs": PreferencePair,
    "pool": PreferencePair,
    "rankings": CandidateSet,
    "signals": FeedbackSignal,
    "rejects": Reject,
    "drops": Drop,
}
"""What a run delivers, and the record of each kind. `pool` holds the measured pairs that were not
selected, as they were measured: with them a selection can be changed afterwards."""

_FOLDERS = {"pairs": "data", DUPLICATES: "drops", SURPLUS: "pool"}


def staging_directory(run_id: str) -> str:
    """Directory of one run's unpublished files.

    Raises: UsageError when the run's id is not a plain name.

    >>> staging_directory("run-1")
    '.staging/run-1'
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", run_id):
        raise UsageError(f"run id {run_id!r}: letters, digits, '.', '_' and '-' only")
    return f"{STAGING}/{run_id}"


def parts_directory(run_id: str, kind: str) -> str:
    """Directory of the part files of one kind, in the order in which bundles finished."""
    return f"{staging_directory(run_id)}/parts/{kind}"


def final_directory(run_id: str) -> str:
    """Directory that becomes the snapshot when the run is published."""
    return f"{staging_directory(run_id)}/final"


def summary_file(run_id: str) -> str:
    """What the pipeline tells the publisher: the files, the counts and the funnel."""
    return f"{staging_directory(run_id)}/summary.json"


def snapshot_directory(snapshot_id: str) -> str:
    """Directory of one snapshot.

    >>> snapshot_directory("00ff")
    'snapshots/00ff'
    """
    return f"{SNAPSHOTS}/{snapshot_id}"


def final_file(kind: str, split: str | None, index: int, of: int) -> str:
    """Path of a data file within its snapshot; `split` is None for all but pairs.

    >>> final_file("pairs", "train", 0, 2), final_file("duplicates", None, 0, 1)
    ('data/train-00000-of-00002.parquet', 'drops/duplicates-00000-of-00001.parquet')
    """
    return f"{_FOLDERS.get(kind, kind)}/{split or kind}-{index:05d}-of-{of:05d}.parquet"


def index_file(path: str) -> str:
    """Path of the row hashes of a file of pairs, both within their snapshot.

    >>> index_file("pool/pool-00000-of-00001.parquet")
    'index/pool/pool-00000-of-00001.parquet'
    """
    return f"{INDEX}/{path}"
