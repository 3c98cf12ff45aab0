"""WildChat-1M (arXiv 2405.01470): conversations with ChatGPT of users who agreed to share them."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.conversations import read_conversation
from curation.formats.fields import label, seconds, user_hash
from curation.reading.rows import Problem, Row
from schemas.records import Conversation


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `conversation` and `conversation_hash`."""
    return "conversation" in value and "conversation_hash" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Conversation] | Problem:
    """Read a row; older releases have the time and the address in the turns only.

    >>> turn = {"role": "user", "content": "hi", "timestamp": "2023-04-09T00:00:00Z"}
    >>> value = {"conversation_hash": "c0", "conversation": [turn], "toxic": False}
    >>> found = parse(value, Row(value, 0), Context("a.jsonl"))[0]
    >>> found.timestamp, found.metadata["toxic"]
    (1680998400.0, 'false')
    """
    flags = {
        name: str(value[name]).lower()
        for name in ("toxic", "redacted")
        if isinstance(value.get(name), bool)
    }
    country = label(value.get("country"))
    if country:
        flags["country"] = country
    found = read_conversation(value, "conversation", row, context, "wildchat", **flags)
    if isinstance(found, Problem):
        return found
    turns = value["conversation"] if isinstance(value["conversation"], list) else []
    (conversation,) = found
    times = (seconds(turn.get("timestamp")) for turn in turns)
    users = (user_hash(turn.get("hashed_ip"), context.user_salt) for turn in turns)
    return [
        conversation._replace(
            timestamp=conversation.timestamp
            if conversation.timestamp is not None
            else next((t for t in times if t is not None), None),
            user=conversation.user or next(filter(None, users), None),
        )
    ]
