"""A reply to a conversation that is of a certain level by every criterion of a rubric.

Reference: Gallego, Configurable Preference Tuning (arXiv 2506.11702), section 3: responses for a
rubric and a target score. The writer is shown what the level means and not its number, so that no
number can get into the reply. It answers the conversation itself, turn by turn, and not a report of
it: what it writes is a reply as a chat model gives it.
"""

import re
from collections.abc import Sequence

from curation.models.protocols import Completion
from curation.prompts.frame import defuse
from curation.prompts.prompt import Prompt, Unparsed
from curation.prompts.visible import visible
from schemas.records import Message

MAX_TEXT = 20_000
"""Longest reply, in characters."""
TOO_LONG, ECHO, PREAMBLE = "too_long", "echo", "preamble"
"""Kinds of failure: beyond `MAX_TEXT`; it repeats its own description; it announces itself."""

Criteria = Sequence[tuple[str, str]]
"""Names of criteria, each with what a reply is like by it."""

_ANNOUNCED = re.compile(
    r"[*_#\"' ]{0,4}(?:(?:sure|certainly|of course|okay)[,.!]? ?)?"
    r"(?:here(?: is|'s|’s) (?:a|the|my) (?:reply|response|answer)\b[^\n:]{0,120}"
    r"|(?:the )?(?:reply|response)):",
    re.IGNORECASE,
)


class RubricResponse(Prompt[str]):
    """Asks for a reply alone.

    >>> RUBRIC_RESPONSE.read("Whales are mammals.")
    'Whales are mammals.'
    >>> RUBRIC_RESPONSE.read("Here is the reply:\\n\\nWhales are mammals.").kind
    'preamble'
    """

    name = "rubric_response"
    version = 1
    grammar = (
        f"text with a letter or digit, at most {MAX_TEXT} characters, that does not begin by "
        'announcing a reply ("Here is the reply:") and repeats no line of its description'
    )

    def reply_to(self, prompt: Sequence[Message], criteria: Criteria) -> list[Message]:
        """Ask for a reply to a conversation that has no system message.

        Output: the description as the system message, then the conversation's turns, with control
        tokens of chat templates broken up.
        """
        system = self.messages((), criteria=criteria)[0]
        return [system, *(turn._replace(content=defuse(turn.content)) for turn in prompt)]

    def parse_for(self, answer: Completion, criteria: Criteria) -> str | Unparsed:
        """Read an answer to `reply_to`.

        >>> blunt = [("tone", "Speaks down to the reader.")]
        >>> said = Completion("My reply speaks down to the reader.", "stop", 9, 9)
        >>> RUBRIC_RESPONSE.parse_for(said, blunt).kind
        'echo'
        """
        read = self.parse(answer)
        if isinstance(read, Unparsed):
            return read
        words = " ".join(read.casefold().split())
        echoed = any(text.casefold().rstrip(".") in words for _, text in criteria)
        return self.unparsed(ECHO) if echoed else read

    def read(self, text: str) -> str | Unparsed:
        """The reply without control characters; no part of it is cut away to make it fit."""
        if len(text) > MAX_TEXT:
            return self.unparsed(TOO_LONG)
        shown = visible(text)
        if not any(c.isalnum() for c in shown):
            return self.unparsed()
        return self.unparsed(PREAMBLE) if _ANNOUNCED.match(shown) else shown


RUBRIC_RESPONSE = RubricResponse()
"""The prompt."""
