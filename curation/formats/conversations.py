"""From messages to a `Conversation`: identity, fields around the messages, where it came from."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.fields import first, label, seconds, user_hash
from curation.formats.turns import check_text, read_turns
from curation.reading.rows import Problem, Row
from schemas.ids import conversation_id
from schemas.records import Conversation, Message

_MODEL = ("model", "chat_model", "model_name")
_LANGUAGE = ("language", "lang")
_TIMESTAMP = ("timestamp", "created_at", "create_time", "created_date", "created")
_USER = ("user_id", "hashed_ip", "user")
_NATIVE_ID = ("conversation_id", "conversation_hash", "id")


def check_messages(messages: tuple[Message, ...]) -> Problem | None:
    """Whether messages make a conversation: some text, and a turn of the user.

    >>> check_messages(()).reason
    'empty_conversation'
    """
    if not any(content and not content.isspace() for _, content in messages):
        what = "every turn is empty" if messages else "there are no turns"
        return Problem("empty_conversation", what)
    if not any(role == "user" for role, _ in messages):
        return Problem("no_user_turn", "no turn is the user's")
    return None


def with_system(
    messages: tuple[Message, ...], value: Mapping[str, Any], max_chars: int
) -> tuple[Message, ...] | Problem:
    """Put the text of a row's own `system` field before its messages."""
    system = value.get("system")
    if not isinstance(system, str) or not system or messages[:1] == (("system", system),):
        return messages
    problem = check_text(system, max_chars)
    if problem:
        return problem._replace(detail=f"system: {problem.detail}")
    return (Message("system", system), *messages)


def read_conversation(
    value: Mapping[str, Any],
    field: str,
    row: Row,
    context: Context,
    format: str,
    **metadata: str,
) -> list[Conversation] | Problem:
    """The conversation in one field of a row, and what the row says about it.

    Parameters: `field` holds the messages; `metadata` is added to the conversation's own.
    """
    messages = read_turns(value[field], field, context.max_turn_chars)
    if not isinstance(messages, Problem):
        messages = with_system(messages, value, context.max_turn_chars)
    problem = messages if isinstance(messages, Problem) else check_messages(messages)
    if isinstance(messages, Problem) or problem:
        return problem or Problem("wrong_type", field)
    identity = conversation_id(messages)
    native_id = label(first(value, _NATIVE_ID))
    around = {
        "file": context.file,
        "position": str(row.position),
        "format": format,
        "group": identity,
        **({"native_id": native_id} if native_id else {}),
        **metadata,
    }
    return [
        Conversation(
            id=identity,
            messages=messages,
            source=context.source or format,
            user=user_hash(first(value, _USER), context.user_salt),
            model=label(first(value, _MODEL)),
            language=label(first(value, _LANGUAGE)),
            timestamp=seconds(first(value, _TIMESTAMP)),
            metadata=around,
        )
    ]
