"""The funnel: how many records went into each stage, came out of it, and why the rest did not."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sinks.store import open_store
from sinks.summary import read_summary

WRITE_STAGE = "write"
"""The stage that the sinks count themselves: from staged pairs to pairs in files."""


def funnel_rows(
    counts: Iterable[tuple[tuple[str, str], int]], stages: Sequence[str]
) -> list[dict[str, Any]]:
    """Order counts into the rows of a funnel.

    Input: `((stage, key), n)` with key `in`, `out`, `drop:<reason>` or `note:<what>`, each stage
    and key any number of times; the stages in the order of the run. Output: one row for each
    stage named or counted, those not named after the named ones, `write` at the end. A row has
    `notes` where something was noted: numbers that say how the stage worked, and that are no part
    of what must add up.

    >>> funnel_rows([(("score", "in"), 3), (("score", "out"), 2), (("score", "drop:x"), 1)], [])
    [{'stage': 'score', 'in': 3, 'out': 2, 'dropped': {'x': 1}}]
    """
    rows: dict[str, dict[str, Any]] = {stage: _empty(stage) for stage in stages}
    for (stage, key), n in sorted(counts):
        row = rows.setdefault(stage, _empty(stage))
        kind, _, name = key.partition(":")
        if kind in ("in", "out"):
            row[kind] += n
        else:
            counted = row["dropped"] if kind == "drop" else row.setdefault("notes", {})
            counted[name] = counted.get(name, 0) + n
    return sorted(rows.values(), key=lambda row: row["stage"] == WRITE_STAGE)


def read_funnel(output: str, run_id: str) -> list[dict[str, Any]]:
    """Rows of the funnel of a run that has finished and is not published yet.

    Raises: PublishError when the run has not finished.
    """
    return read_summary(open_store(output), run_id)["funnel"]


def _empty(stage: str) -> dict[str, Any]:
    return {"stage": stage, "in": 0, "out": 0, "dropped": {}}


def noted(row: Mapping[str, Any]) -> str:
    """The notes of a funnel row in words, empty without any.

    >>> noted({"stage": "mine", "notes": {"turns": 1200, "judged": 60}})
    'turns 1,200, judged 60'
    """
    return ", ".join(f"{name} {n:,}" for name, n in row.get("notes", {}).items())


def unaccounted(row: Mapping[str, Any]) -> int:
    """Records of a funnel row that neither came out nor have a reason; 0 is right.

    >>> unaccounted({"in": 3, "out": 1, "dropped": {"short": 1}})
    1
    """
    return row["in"] - row["out"] - sum(row["dropped"].values())
