"""Replies to one prompt that people ranked, as a conversation's metadata carry them.

`metadata["rankings"]` is a JSON list, written by the reader of conversation trees:
`[{"turn": 1, "replies": [{"content": "…", "rank": 0}, …]}, …]`. `turn` is the index of the
assistant message that the replies are alternatives for, rank 0 is the best.
"""

import json
from typing import Any, NamedTuple

from curation.feedback.exchanges import is_blank
from schemas import Conversation, Message
from schemas.errors import SchemaError


class RankedReply(NamedTuple):
    """One of the alternatives."""

    content: str
    """The text."""
    rank: int
    """Place among the alternatives; 0 is the best, equal ranks are ties."""


class Ranking(NamedTuple):
    """The alternatives for one reply."""

    turn: int
    """Index of the assistant message in `Conversation.messages`."""
    replies: tuple[RankedReply, ...]
    """The alternatives that are not empty, in the order given."""


def rankings(conversation: Conversation) -> list[Ranking]:
    """Read a conversation's rankings.

    Output: one entry per ranked turn; none without `metadata["rankings"]`.
    Raises: SchemaError naming the conversation and what is wrong.

    >>> text = '[{"turn": 1, "replies": [{"content": "A", "rank": 0}]}]'
    >>> talk = (Message("user", "Hi"), Message("assistant", "A"))
    >>> rankings(Conversation("c", talk, "oasst", None, None, None, None, {"rankings": text}))
    [Ranking(turn=1, replies=(RankedReply(content='A', rank=0),))]
    """
    text = conversation.metadata.get("rankings")
    if text is None:
        return []
    try:
        return [_ranking(entry, len(conversation.messages)) for entry in _list(json.loads(text))]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise SchemaError(
            f"conversation {conversation.id}: metadata['rankings'] is not in its form: "
            f"{type(error).__name__}: {error}"
        ) from None


def _ranking(entry: Any, messages: int) -> Ranking:
    turn = _index(entry["turn"])
    if turn >= messages:
        raise ValueError(f"turn {turn} of {messages} messages")
    replies = (RankedReply(_text(r["content"]), _index(r["rank"])) for r in _list(entry["replies"]))
    return Ranking(turn, tuple(r for r in replies if not is_blank(Message("assistant", r.content))))


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value


def _index(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"expected an index, got {value!r:.80}")
    return value
