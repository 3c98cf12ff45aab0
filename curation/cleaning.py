"""Which conversations are worth mining: gates on a whole conversation, with reasons."""

from typing import NamedTuple

from schemas.records import Conversation, Reject


class Gates(NamedTuple):
    """Bounds that a conversation must keep to.

    Parameters: `min_messages` and `max_messages`, both inclusive.
    """

    min_messages: int = 2
    max_messages: int = 400


def refuse(conversation: Conversation, gates: Gates) -> Reject | None:
    """Say why a conversation is not worth mining; None when it is.

    Output: a `Reject` of stage `clean` with the reason `too_few_messages`,
    `too_many_messages` or `no_reply` (no assistant reply that follows a user's message).
    """
    count = len(conversation.messages)
    if count < gates.min_messages:
        return _reject(conversation, "too_few_messages", f"{count} < {gates.min_messages}")
    if count > gates.max_messages:
        return _reject(conversation, "too_many_messages", f"{count} > {gates.max_messages}")
    seen_user = False
    for message in conversation.messages:
        if seen_user and message.role == "assistant":
            return None
        seen_user = seen_user or message.role == "user"
    return _reject(conversation, "no_reply", "no assistant message after a user's")


def _reject(conversation: Conversation, reason: str, detail: str) -> Reject:
    data = conversation.metadata
    excerpt = conversation.messages[0].content[:200] if conversation.messages else ""
    return Reject(
        "clean", reason, detail, excerpt, data.get("file", ""), int(data.get("position", 0))
    )
