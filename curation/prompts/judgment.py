"""Asking which of two replies is better, with reasons first and a verdict on the last line.

Reference: Ye et al., Learning LLM-as-a-Judge for Preference Alignment (Con-J, arXiv 2410.03742).
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from curation.feedback.wording import PAUSES, tokens
from curation.prompts.frame import defuse
from curation.prompts.judge import last_verdict
from curation.prompts.prompt import Prompt, Unparsed, dialogue
from curation.scoring.judgement import FIRST, SECOND
from schemas.records import Message

NO_REASON, TOO_LONG = "no_reason", "too_long"
"""Kinds of failure beside those of every prompt: a verdict alone; more characters than a judgment
may have."""
MAX_CHARS = 4000
"""Longest judgment, in characters."""
MIN_WORDS = 5
"""Fewest words of the reasons."""

_LABELS = {FIRST: "A", SECOND: "B"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Judgment(NamedTuple):
    """A verdict with its reasons."""

    reasons: str
    """What the judge wrote before its verdict; may be several paragraphs."""
    label: str
    """The reply that it calls better, `A` or `B`."""

    @property
    def text(self) -> str:
        """Both, in the form that was asked for.

        >>> Judgment("Reply B is wrong.", "A").text
        'Reply B is wrong.\\n[[A]]'
        """
        return f"{self.reasons}\n[[{self.label}]]"


class JudgmentPrompt(Prompt[Judgment]):
    """Which reply is better, and why."""

    name = "judgment"
    version = 1
    grammar = (
        'reasons of at least 5 words, line break, "[[A]]" or "[[B]]" on the last line and nowhere '
        "else; at most 4,000 characters"
    )

    def about(self, prompt: Sequence[Message], first: str, second: str) -> list[Message]:
        """Ask about two replies to a prompt; the first one is A."""
        return self.messages([*dialogue(prompt), ("reply A", first), ("reply B", second)])

    def read(self, text: str) -> Judgment | Unparsed:
        """The judgment, without control characters and tokens of chat templates.

        >>> JUDGMENT.read("Reply A is right, reply B is not.\\n[[A]]").label
        'A'
        >>> JUDGMENT.read("[[A]]").kind, JUDGMENT.read("They are equally good.\\n[[C]]").kind
        ('no_reason', 'off_grammar')
        """
        if len(text) > MAX_CHARS:
            return self.unparsed(TOO_LONG)
        text = defuse(_CONTROLS.sub(" ", text)).strip()
        label = _LABELS.get(last_verdict(text) or "")
        if label is None:
            return self.unparsed()
        reasons = text.rpartition("\n")[0].strip()
        if sum(token not in PAUSES for token in tokens(reasons)) < MIN_WORDS:
            return self.unparsed(NO_REASON)
        return Judgment(reasons, label)


JUDGMENT = JudgmentPrompt()
"""The prompt of the judgments that pairs are made of."""
