"""One reply, two requests: which of them was the reply written for?

MAPL's intra-sample pairs prefer a request to another for a FIXED reply: x_w, all of whose
instructions the reply keeps, to x_l. Here they are rows like any other: the prompt shows the reply
and both requests, chosen is x_w, rejected is x_l.

Reference: MAPL (arXiv 2505.12845), intra-sample preferences.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from curation.instructions.draw import Draw
from curation.prompts.frame import defuse, frame
from curation.prompts.instruction_choice import INSTRUCTION_CHOICE
from curation.prompts.prompt import dialogue
from schemas.errors import UsageError
from schemas.records import Message, PreferencePair

_REPLY, _FIRST, _SECOND = "reply", "request 1", "request 2"
_MARK = re.compile(r"##[0-9a-f]{16}")


class ResponseConditioned(NamedTuple):
    """What a response-conditioned loss reads, -log sigmoid(r(preferred, reply) - r(other, reply)),
    with r(x, y) = beta * log(policy(y | x) / reference(y | x))."""

    history: tuple[Message, ...]
    """The conversation before the request."""
    preferred: str
    """x_w: the request that the reply meets."""
    other: str
    """x_l: the request that it does not meet."""
    reply: str
    """y."""


def choice_of_requests(
    history: Sequence[Message], reply: str, right: str, wrong: str, draw: Draw
) -> tuple[tuple[Message, ...], str] | None:
    """Ask which of two requests a reply was written for.

    Parameters: `draw` says which request is shown first. Output: the prompt, and its name and hash
    for provenance; None when a text holds control tokens of a chat template, which could be shown
    only broken up, so that the words of the answer would be others.
    """
    texts = [reply, right, wrong, *(message.content for message in history)]
    if any(defuse(text) != text for text in texts):
        return None
    first, second = draw.of("order").pick(((right, wrong), (wrong, right)))
    shown = frame([*dialogue(history), (_REPLY, reply), (_FIRST, first), (_SECOND, second)])
    question = INSTRUCTION_CHOICE.block("user", data=shown)
    return (Message("user", question),), INSTRUCTION_CHOICE.identity


def response_conditioned(pair: PreferencePair) -> ResponseConditioned:
    """Read the row of an `instruction_choice` as a response-conditioned loss wants it.

    Raises: UsageError for a pair of another method.

    >>> from curation.synthesis.origins import document_pair, finished_pair
    >>> from schemas.records import Document
    >>> prompt, _ = choice_of_requests([], "Blue.", "Short, please.", "Long, please.", Draw(0, ""))
    >>> bare = document_pair(Document("d", "", None, None, None, None, "", None, {}), "demo")
    >>> row = finished_pair(bare, prompt, "Short, please.", "Long, please.")
    >>> response_conditioned(row._replace(method="instruction_choice"))[1:]
    ('Short, please.', 'Long, please.', 'Blue.')
    """
    text = pair.prompt[0].content if pair.prompt else ""
    # The first mark stands in our own words, before all data; no text has the same one.
    mark = _MARK.search(text)
    if pair.method != "instruction_choice" or mark is None:
        raise UsageError(f"pair {pair.id}: expected an instruction_choice, got {pair.method}")
    parts = text.split(f"\n{mark[0]} ")[1:-1]
    titled = [part.partition("\n")[::2] for part in parts]
    history = tuple(
        Message(title.removeprefix("conversation, "), content)
        for title, content in titled
        if title.startswith("conversation, ")
    )
    reply = next(content for title, content in titled if title == _REPLY)
    return ResponseConditioned(history, pair.chosen[0].content, pair.rejected[0].content, reply)
