"""From a request to token sequences: what a model has to read, and what is wanted of it.

This is the same for every backend that works on tokens. All sequences of one request share
one context: what is compared must have seen the same history.
"""

from collections.abc import Sequence
from typing import NamedTuple

from curation.models.chat import ChatFormat
from curation.models.protocols import HiddenRequest, JointRequest, LikelihoodRequest
from schemas.errors import ModelError


class Path(NamedTuple):
    """One token sequence and what is wanted of it."""

    tokens: list[int]
    likelihood_from: int | None
    """Log-probabilities of the tokens from this one on."""
    hidden_from: int | None
    """Final hidden states summed up from this position on."""


class Plan(NamedTuple):
    """All sequences of one request."""

    paths: list[Path]
    cut_messages: int
    """Older messages that did not fit."""


def plan_likelihood(chat: ChatFormat, request: LikelihoodRequest, window: int) -> Plan:
    """One path for each continuation.

    Parameters: `window`, the model's context length in tokens.

    Raises: PromptTooLongError when the last message and a continuation do not fit; ModelError
    for continuations of several roles, or none.
    """
    roles = {message.role for message in request.continuations}
    if roles not in ({"assistant"}, {"user"}):
        raise ModelError("continuations are all the assistant's or all the user's, at least one")
    own = _texts(chat, [message.content for message in request.continuations])
    prompt, tail = request.context, []
    if roles == {"user"}:
        *prompt, reply = request.context
        if reply.role != "assistant" or not prompt:
            raise ModelError("a user's continuation follows on a prompt and a reply")
        tail = chat.text_ids(reply.content) + chat.bridge_ids
    longest = len(tail) + max(map(len, own))
    fitted = chat.fit(prompt, min(request.max_tokens, window) - longest)
    context = fitted.ids + tail
    return Plan([Path(context + ids, len(context), None) for ids in own], fitted.cut_messages)


def plan_hidden(chat: ChatFormat, request: HiddenRequest, window: int) -> Plan:
    """One path for each response.

    Raises: PromptTooLongError when the last message and a response do not fit.
    """
    joint = JointRequest(request.prompt, request.responses, (), True, request.max_tokens)
    return plan_joint(chat, joint, window)


def plan_joint(chat: ChatFormat, request: JointRequest, window: int) -> Plan:
    """For each response: one path for its hidden states if asked for, one for each follow-up.

    Raises: PromptTooLongError when the last message, a response and a follow-up do not fit;
    ModelError when nothing is asked for.
    """
    if not request.responses or not (request.similarity or request.follow_ups):
        raise ModelError("a request names responses, and follow-ups or similarity")
    responses = [chat.text_ids(text) for text in request.responses]
    follow_ups = _texts(chat, request.follow_ups)
    bridge = chat.bridge_ids
    longest = max(map(len, responses))
    if follow_ups:
        longest += len(bridge) + max(map(len, follow_ups))
    fitted = chat.fit(request.prompt, min(request.max_tokens, window) - longest)
    paths = []
    for response in responses:
        if request.similarity:
            paths.append(Path(fitted.ids + response, None, len(fitted.ids) - 1))
        spoken = fitted.ids + response + bridge
        paths += [Path(spoken + own, len(spoken), None) for own in follow_ups]
    return Plan(paths, fitted.cut_messages)


def _texts(chat: ChatFormat, texts: Sequence[str]) -> list[list[int]]:
    ids = [chat.text_ids(text) for text in texts]
    if not all(ids):
        raise ModelError("a text without any token has no likelihood")
    return ids


def by_response(items: Sequence, request: JointRequest) -> list[Sequence]:
    """Cut what belongs to the paths of `plan_joint` into one piece for each response."""
    size = len(request.follow_ups) + request.similarity
    return [items[start : start + size] for start in range(0, len(items), size)]
