"""Where made pairs come from: a document, an exchange of a conversation, another pair."""

from collections.abc import Sequence
from typing import NamedTuple

from curation.feedback.exchanges import new_from, prompt_before, reply_at
from schemas.errors import SchemaError
from schemas.ids import content_id, conversation_id, pair_id
from schemas.records import Conversation, Document, Message, PreferencePair, Provenance


class Exchange(NamedTuple):
    """A prompt and the reply that was given to it."""

    prompt: tuple[Message, ...]
    """History that ends with a user turn."""
    reply: str
    at: int
    """Index of the reply in the conversation."""


def first_exchange(conversation: Conversation) -> Exchange | None:
    """The first reply of a conversation with its prompt.

    Output: None where there is none, or an earlier path of the same tree has shown it already.

    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"))
    >>> first_exchange(Conversation("c", talk, "demo", None, None, None, None, {})).reply
    'Ho'
    """
    roles = [message.role for message in conversation.messages]
    at = roles.index("assistant") if "assistant" in roles else -1
    prompt, reply = prompt_before(conversation, at), reply_at(conversation, at)
    if not prompt or not reply or at < new_from(conversation):
        return None
    return Exchange(prompt, reply[0].content, at)


def document_pair(document: Document, method: str) -> PreferencePair:
    """A pair that says which document it comes from, and has neither prompt nor sides yet.

    Output: a pair whose id is a hash of method and document; documents of one thread
    (`metadata["thread"]`) are of one group, and so on one side of the split.

    Raises: SchemaError when the document's position is not a number.
    """
    metadata = document.metadata
    position = metadata.get("position", "-1")
    if not position.removeprefix("-").isdecimal():
        raise SchemaError(f"Document.metadata['position']: expected a number, got {position!r:.80}")
    origin = Provenance(
        input=metadata.get("file", ""),
        position=int(position),
        group=metadata.get("thread") or document.id,
        turn=None,
        models=(),
        prompts=(),
        seed=None,
        code_version="",
        documents=(document.id,),
    )
    identity = content_id("document pair", method, document.id)
    return PreferencePair(
        identity, (), (), (), None, None, None, None, None, None, method, document.source, "",
        None, None, origin, "",
    )  # fmt: skip


def derived_pair(
    pair: PreferencePair,
    method: str,
    prompt: Sequence[Message],
    chosen: str,
    rejected: str,
) -> PreferencePair:
    """Another pair out of a pair: with new prompt and sides, and nothing of what was measured.

    Output: source, conversation, group and the models and prompts of the sides stay; the pair it
    came from is named in `provenance.derived_from`.

    >>> from curation.feedback.exchanges import bare_pair
    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> known = bare_pair(chat, "expert", "id", talk[:1], talk[1:], talk[1:])
    >>> derived_pair(known, "judgment", talk[:1], "A", "B").provenance.derived_from
    'id'
    """
    return finished_pair(pair, prompt, chosen, rejected)._replace(
        method=method,
        margin=None,
        chosen_score=None,
        rejected_score=None,
        ches=None,
        ln_ches=None,
        last_hidden_inner_product=None,
        edit_similarity=None,
        uncertainty=None,
        rationale=None,
        rationales=(),
        rubric=None,
        rubric_levels=(),
        rubric_margin=None,
        provenance=pair.provenance._replace(derived_from=pair.id, scores=()),
    )


def finished_pair(
    pair: PreferencePair, prompt: Sequence[Message], chosen: str, rejected: str
) -> PreferencePair:
    """A bare pair with its prompt, its sides and the id that they give it."""
    sides = [(Message("assistant", text),) for text in (chosen, rejected)]
    return pair._replace(
        id=pair_id(prompt, *sides),
        prompt=tuple(prompt),
        chosen=sides[0],
        rejected=sides[1],
        conversation_id=pair.conversation_id or conversation_id(prompt),
    )


def with_origin(
    pair: PreferencePair,
    *,
    models: Sequence[str] = (),
    prompts: Sequence[str] = (),
    seed: int | None = None,
) -> PreferencePair:
    """The pair with more models (`role=name@revision`) and prompts in its provenance, each once.

    Parameters: `seed` of the generated side; None leaves the one that is there.
    """
    origin = pair.provenance
    origin = origin._replace(
        models=tuple(dict.fromkeys((*origin.models, *models))),
        prompts=tuple(dict.fromkeys((*origin.prompts, *prompts))),
        seed=origin.seed if seed is None else seed,
    )
    return pair._replace(provenance=origin)
