"""Parts of a conversation that pairs are made of, and the pair that is still bare.

What every pair builder needs: the prompt before a reply, the reply, where the conversation
came from, and what an earlier path of the same conversation tree has already shown.
"""

from collections.abc import Mapping

from schemas import Conversation, Message, PairDraft, PreferencePair, Provenance
from schemas.errors import SchemaError


def prompt_before(conversation: Conversation, at: int) -> tuple[Message, ...]:
    """The history before a message, if it can be a prompt.

    Output: `messages[:at]`, empty unless it ends with a user turn that is not blank.

    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> prompt_before(chat, 1), prompt_before(chat, 2)
    ((Message(role='user', content='Hi'),), ())
    """
    prompt = tuple(conversation.messages[: max(0, at)])
    return prompt if prompt and prompt[-1].role == "user" and not is_blank(prompt[-1]) else ()


def reply_at(conversation: Conversation, at: int) -> tuple[Message, ...]:
    """The assistant message at an index as a completion; empty when there is none to see."""
    reply = tuple(conversation.messages[at : at + 1]) if at >= 0 else ()
    return reply if reply and reply[0].role == "assistant" and not is_blank(reply[0]) else ()


def is_blank(message: Message) -> bool:
    """Whether nothing in a message can be seen; zero-width characters do not count.

    >>> is_blank(Message("assistant", " \\u200b"))
    True
    """
    return not any(c.isprintable() and not c.isspace() for c in message.content)


def is_complete(draft: PairDraft) -> bool:
    """Whether both sides of a draft are written.

    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> half = bare_pair(chat, "expert", "id", prompt_before(chat, 1), (), reply_at(chat, 1))
    >>> is_complete(PairDraft(half, "Be kind.")), is_complete(PairDraft(half, None))
    (False, False)
    """
    return bool(draft.pair.chosen and draft.pair.rejected)


def new_from(conversation: Conversation) -> int:
    """Index of the first message that no earlier path of the same tree has shown.

    Output: `metadata["new_from"]`, 0 where it is missing.
    Raises: SchemaError when it is not a number.
    """
    return _number(conversation.metadata, "new_from", 0)


def bare_pair(  # noqa: PLR0917
    conversation: Conversation,
    method: str,
    identity: str,
    prompt: tuple[Message, ...],
    chosen: tuple[Message, ...],
    rejected: tuple[Message, ...],
) -> PreferencePair:
    """A pair that says where it comes from and has no score, rubric, turn or split yet.

    Raises: SchemaError when the conversation's position is not a number.
    """
    metadata = conversation.metadata
    origin = Provenance(
        input=metadata.get("file", ""),
        position=_number(metadata, "position", -1),
        group=metadata.get("group") or conversation.id,
        turn=None,
        models=(),
        prompts=(),
        seed=None,
        code_version="",
    )
    return PreferencePair(
        id=identity,
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        margin=None,
        chosen_score=None,
        rejected_score=None,
        ches=None,
        ln_ches=None,
        uncertainty=None,
        method=method,
        source=conversation.source,
        conversation_id=conversation.id,
        rationale=None,
        rubric=None,
        provenance=origin,
        split="",
    )


def _number(metadata: Mapping[str, str], key: str, default: int) -> int:
    try:
        return int(metadata.get(key, default))
    except ValueError:
        raise SchemaError(
            f"Conversation.metadata[{key!r}]: expected a number, got {metadata[key]!r:.80}"
        ) from None
