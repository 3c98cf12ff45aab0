"""Chat messages as OpenAI's API writes them, under any of the names that logs give the list."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.conversations import read_conversation
from curation.reading.rows import Problem, Row
from schemas.records import Conversation

FIELDS = ("messages", "history", "conversation", "dialogue", "turns")
"""Fields that may hold the messages; the first that is there counts."""


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has one of the `FIELDS`."""
    return any(field in value for field in FIELDS)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Conversation] | Problem:
    """Read a row such as `{"messages": [{"role": "user", "content": "hi"}, …]}`.

    >>> value = {"messages": [{"role": "user", "content": "hi"}]}
    >>> parse(value, Row(value, 0), Context("a.jsonl"))[0].messages
    (Message(role='user', content='hi'),)
    """
    field = next(field for field in FIELDS if field in value)
    return read_conversation(value, field, row, context, "openai")
