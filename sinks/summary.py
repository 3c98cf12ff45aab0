"""Reading what a finished pipeline has said about itself, before it is published."""

import json
from typing import Any

from schemas.errors import PublishError
from sinks.layout import summary_file
from sinks.store import Store


def read_summary(store: Store, run_id: str) -> dict[str, Any]:
    """The summary that `sinks.snapshot.WriteSnapshot` has left.

    Raises: PublishError when there is none: the pipeline did not finish.
    """
    try:
        return json.loads(store.read(summary_file(run_id)))
    except FileNotFoundError:
        raise PublishError(f"run {run_id} is not finished: it has left no summary") from None
