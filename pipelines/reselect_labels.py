"""Labels that are new to measured pairs: what they change in the columns that decide."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from curation.selection.jury import is_label, jury_share
from schemas.errors import UsageError
from schemas.records import NamedScore
from sinks.measured import MeasuredFile


class NewLabels(NamedTuple):
    """What new labels change."""

    changes: Mapping[int, Mapping[str, Any]]
    """New values of fields, by the number of the measured pair."""
    columns: Sequence[pl.Series]
    """Columns of the decision's frame, whole, that are other than those stored."""
    notes: Mapping[str, int]
    """Pairs that were labelled, labels whose pair is not there; nothing without labels."""


def relabelled(
    measured: Sequence[MeasuredFile], labels: Mapping[str, Sequence[NamedScore]]
) -> NewLabels:
    """Put labels to the measured pairs of their ids.

    A label takes the place of the same annotator's earlier ones; `jury_share` is the mean of all.

    Raises: UsageError for a label that is no number from 0 to 1.
    """
    if not labels:
        return NewLabels({}, (), {})
    _check(labels)
    changes: dict[int, Mapping[str, Any]] = {}
    shares: list[pa.ChunkedArray] = []
    start, found = 0, set()
    for file in measured:
        stored = file.columns(("id", "labels", "jury_share"))
        shares.append(stored["jury_share"])
        for at in _places(stored["id"], labels):
            pair_id = stored["id"][at].as_py()
            former = [NamedScore(**label) for label in stored["labels"][at].as_py()]
            changes[start + at] = _change(former, labels[pair_id])
            found.add(pair_id)
        start += stored.num_rows
    values = pa.chunked_array(shares, pa.float64()).to_pylist() if shares else []
    for at, change in changes.items():
        values[at] = change["jury_share"]
    notes = Counter(labelled=len(changes), label_of_no_pair=len(labels.keys() - found))
    column = pl.Series("jury_share", values, pl.Float64)
    return NewLabels(changes, (column,), {name: n for name, n in notes.items() if n})


def _places(ids: pa.ChunkedArray, labels: Mapping[str, object]) -> list[int]:
    wanted = pc.is_in(ids, value_set=pa.array(list(labels), pa.string()))
    return pc.indices_nonzero(wanted).to_pylist()


def _change(former: Sequence[NamedScore], new: Sequence[NamedScore]) -> dict[str, Any]:
    replaced = {label.name for label in new}
    labels = (*(label for label in former if label.name not in replaced), *new)
    valid = [label.value for label in labels if is_label(label.value)]
    return {"labels": labels, "jury_share": jury_share(valid) if valid else None}


def _check(labels: Mapping[str, Sequence[NamedScore]]) -> None:
    for pair_id, given in labels.items():
        for label in given:
            if not is_label(label.value):
                raise UsageError(
                    f"label {label.value} of {label.name!r} for pair {pair_id}: expected a number "
                    "from 0 (the rejected reply is better) to 1 (the chosen one is)"
                )
