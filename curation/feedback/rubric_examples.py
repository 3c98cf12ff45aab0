"""Labelled conversations from a file, for learning a rubric.

A row is a conversation in any format that `curation.formats` reads, with one more field:
`label`, which is `satisfied` or `dissatisfied`.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from curation.feedback.rubric_learning import Example
from curation.formats import Context, parse_row
from curation.reading import Row, list_local, plan_shards, read_rows
from schemas import Conversation
from schemas.errors import InputError
from schemas.records import Reject

LABELS = {
    "satisfied": "satisfaction",
    "dissatisfied": "dissatisfaction",
    "satisfaction": "satisfaction",
    "dissatisfaction": "dissatisfaction",
}
"""What may stand in `label`, and the polarity that it means."""


class LabelledRows(NamedTuple):
    """What a file holds."""

    examples: list[Example]
    """In the order of the file."""
    unusable: dict[str, int]
    """Rows that are no example, by reason."""


def read_examples(path: str) -> LabelledRows:
    """Read labelled conversations.

    Input: a file or a folder; JSON Lines, JSON or Parquet, plain or compressed.
    Raises: InputError when there is no such file, or no row of it is an example.
    """
    examples: list[Example] = []
    unusable: Counter[str] = Counter()
    for row in _rows(path):
        found = row.reason if isinstance(row, Reject) else _example(row, path)
        if isinstance(found, Example):
            examples.append(found)
        else:
            unusable[found] += 1
    reasons = dict(sorted(unusable.items()))
    if not examples:
        told = ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "no rows"
        raise InputError(
            f'{path}: no examples ({told}); a row is a conversation with "label": "satisfied" or '
            '"dissatisfied"'
        )
    return LabelledRows(examples, reasons)


def _rows(path: str) -> Iterator[Row | Reject]:
    found = False
    for file in list_local(path):
        found = True
        if isinstance(file, Reject):
            yield file
            continue
        shards = plan_shards(file.path, file.size)
        if isinstance(shards, Reject):
            yield shards
            continue
        for shard in shards:
            yield from read_rows(shard)
    if not found:
        raise InputError(f"{path}: no such file")


def _example(row: Row, path: str) -> Example | str:
    """The example in a row, or why there is none."""
    value: Any = row.value
    if not isinstance(value, dict):
        return "unknown_format"
    label = value.get("label")
    if not isinstance(label, str) or label.strip().casefold() not in LABELS:
        return "no_label"
    records = parse_row(row, Context(path))
    if isinstance(records, Reject):
        return records.reason
    if len(records) != 1 or not isinstance(records[0], Conversation):
        return "not_one_conversation"
    return Example(records[0], LABELS[label.strip().casefold()])
