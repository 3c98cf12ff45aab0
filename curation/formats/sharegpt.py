"""ShareGPT: `conversations` of `from` and `value`, long ones split into parts x_0, x_1, …"""

import re
from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.conversations import read_conversation
from curation.reading.rows import Problem, Row
from schemas.ids import content_id
from schemas.records import Conversation

# ShareGPT's ids look like QWJhYvA_0. A plain word before the number, as in train_0 and
# identity_12, numbers the rows of a dataset: one group of them would be one split.
_PART = re.compile(r"(?![a-z]{4,}_)(.+)_\d+", re.DOTALL)


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `conversations`."""
    return "conversations" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Conversation] | Problem:
    """Read a row such as `{"id": "x_0", "conversations": [{"from": "human", "value": "hi"}]}`.

    Parts of one conversation have the same `group`, made of the id before the underscore.

    >>> value = {"id": "x_0", "conversations": [{"from": "human", "value": "hi"}]}
    >>> parse(value, Row(value, 0), Context("a.json"))[0].metadata["native_id"]
    'x_0'
    """
    native_id = value.get("id")
    part = _PART.fullmatch(native_id) if isinstance(native_id, str) else None
    group = {"group": content_id("group", "sharegpt", part[1])} if part else {}
    return read_conversation(value, "conversations", row, context, "sharegpt", **group)
