"""What a finished run says about itself, before it is published."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.errors import PublishError
from schemas.records import SPLITS
from sinks.finalfiles import WrittenFile
from sinks.layout import DUPLICATES, KINDS, summary_file
from sinks.rows import digest
from sinks.store import Store


def sum_up(files: Sequence[WrittenFile], funnel: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Sum up what was written.

    Output: `files`, `rows` (by split), `records` (by kind), `digests` (by kind), `funnel`.

    >>> sum_up([], [])["rows"]
    {'train': 0, 'test': 0}
    """
    kinds = (*KINDS, DUPLICATES)
    pairs = [file for file in files if file.kind == "pairs"]
    return {
        "files": [file._asdict() for file in sorted(files)],
        "rows": {split: sum(f.rows for f in pairs if f.split == split) for split in SPLITS},
        "records": {kind: sum(f.rows for f in files if f.kind == kind) for kind in kinds},
        "digests": {kind: digest([f.digest for f in files if f.kind == kind]) for kind in kinds},
        "funnel": list(funnel),
    }


def write_summary(store: Store, run_id: str, summary: Mapping[str, Any]) -> str:
    """Leave a summary in a run's staging directory, for `sinks.publish.publish`; gives its text."""
    text = json.dumps(summary, ensure_ascii=False)
    store.write(summary_file(run_id), text.encode("utf-8", "replace"))
    return text


def read_summary(store: Store, run_id: str) -> dict[str, Any]:
    """The summary that a finished run has left.

    Raises: PublishError when there is none: the pipeline did not finish.
    """
    try:
        return json.loads(store.read(summary_file(run_id)))
    except FileNotFoundError:
        raise PublishError(f"run {run_id} is not finished: it has left no summary") from None
