"""Asking why the better of two replies is the better one, in general or by what stands in them.

Reference: Just et al., Data-Centric Human Preference with Rationales for Direct Preference
Alignment (arXiv 2407.14477): general and specific rationales.
"""

import re
from collections.abc import Sequence

import numpy as np

from curation.feedback.ngrams import ngrams
from curation.feedback.preference import clean_words
from curation.feedback.wording import PAUSES, tokens
from curation.models.protocols import Completion
from curation.prompts.prompt import EMPTY, Prompt, Unparsed, dialogue
from schemas.records import Message

TOO_LONG, COPIED = "too_long", "copied"
"""Kinds of failure beside those of every prompt: more characters than a rationale may have; words
of the replies instead of reasons."""
MAX_CHARS = 1200
"""Longest rationale, in characters."""
MIN_WORDS = 5
"""Fewest words of a reason; "Reply A is better." is a verdict without one."""
COPIED_WORDS = 8
"""Words in a row that are found in a reply only where they were copied from it."""

_LIST_OR_HEADING = re.compile(
    r"[#>•]|[-*]\s|\d{1,2}[.)]\s"
    r"|\W{0,3}(?:rationale|reasons?|reasoning|explanation|verdict|answer|note)\W{0,3}:",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"\[\[|\b(?:verdict|winner|better reply|final answer)\s{0,3}(?:is\s{0,3})?[:=]", re.IGNORECASE
)
_ECHO = re.compile(r"##[0-9A-Fa-f]{8}")  # of the marks that texts are shown after
_SIDE = re.compile(
    r"\b(?:chosen|rejected)\s{1,3}(?:one|repl(?:y|ies)|responses?|answers?|side|version)\b",
    re.IGNORECASE,
)


class RationalePrompt(Prompt[str]):
    """Why a reply is the better one, told to a model that knows which one it is.

    Parameters: `kind`, `general` or `specific`; `most_copied`, the share of the rationale's words
    that may stand in runs of `COPIED_WORDS` words of a reply.
    """

    version = 1
    grammar = (
        "one paragraph on one line, at least 5 words, at most 1,200 characters; no list, heading "
        "or verdict; the replies are called reply A and reply B, never the chosen or rejected one"
    )

    def __init__(self, kind: str, most_copied: float) -> None:
        self.kind = kind
        self.name = f"rationale_{kind}"
        self._most_copied = most_copied

    def about(
        self, prompt: Sequence[Message], first: str, second: str, better: str
    ) -> list[Message]:
        """Ask about two replies to a prompt.

        Parameters: `better`, the letter of the better one: `A` is the first.

        >>> asked = GENERAL.about([Message("user", "2 + 2?")], "4", "5", "A")
        >>> "Why is reply A better than reply B?" in asked[1].content
        True
        """
        parts = [*dialogue(prompt), ("reply A", first), ("reply B", second)]
        return self.messages(parts, better=better, other="A" if better == "B" else "B")

    def parse_about(
        self, answer: Completion, replies: Sequence[str], max_chars: int = MAX_CHARS
    ) -> str | Unparsed:
        """Read an answer about some replies, whose words are no reasons.

        Parameters: `max_chars`, where shorter rationales are wanted than the grammar allows.

        >>> said = Completion("Reply A is right, and reply B is not.", "stop", 90, 12)
        >>> GENERAL.parse_about(said, ["4", "5"])
        'Reply A is right, and reply B is not.'
        >>> GENERAL.parse_about(said, ["He said: reply A is right, and reply B is not.", "5"]).kind
        'copied'
        """
        text = self.parse(answer)
        if isinstance(text, Unparsed):
            return text
        if len(text) > max_chars:
            return self.unparsed(TOO_LONG)
        copied = max((copied_share(text, reply) for reply in replies), default=0.0)
        return self.unparsed(COPIED) if copied > self._most_copied else text

    def read(self, text: str) -> str | Unparsed:
        """A rationale as one harmless line: no control characters, no markers of chat templates.

        >>> SPECIFIC.read("Reply B names the lake and its depth; reply A does not.\\n[[B]]").kind
        'off_grammar'
        """
        if len(text) > MAX_CHARS:
            return self.unparsed(TOO_LONG)
        if len(text.splitlines()) > 1:
            return self.unparsed()
        line, before = clean_words(text), text
        while line != before:  # what is left at the beginning may be a marker's heading itself
            line, before = clean_words(line), line
        if not line:
            return self.unparsed(EMPTY)
        forms = (_VERDICT, _SIDE, _ECHO)
        if _LIST_OR_HEADING.match(line) or any(form.search(line) for form in forms):
            return self.unparsed()
        return line if len(_words(line)) >= MIN_WORDS else self.unparsed()


def copied_share(text: str, source: str) -> float:
    """Share of a text's words that stand in runs of `COPIED_WORDS` words of another text.

    Output: 0 to 1; numbers count as alike; a text of fewer words counts as one run.

    >>> copied_share("The lake is deep.", "He said that the lake is deep, and cold.")
    1.0
    >>> copied_share("The lake is cold.", "He said that the lake is deep, and cold.")
    0.0
    """
    words = _words(text)
    run = min(COPIED_WORDS, len(words))
    grams, others = ngrams(words, run), ngrams(_words(source), run)
    if not words or len(others) < run:
        return 0.0
    copied = np.zeros(len(words), np.bool_)
    for start in np.flatnonzero(np.isin(grams[run - 1], others[run - 1])):
        copied[start : start + run] = True
    return float(copied.mean())


def _words(text: str) -> list[str]:
    return [token for token in tokens(text) if token not in PAUSES]


GENERAL = RationalePrompt("general", most_copied=0.0)
"""The high-level reason, without details of the replies."""
SPECIFIC = RationalePrompt("specific", most_copied=0.5)
"""What in the replies shows it."""
RATIONALE_PROMPTS = {prompt.kind: prompt for prompt in (GENERAL, SPECIFIC)}
"""Both prompts by the kind of their rationales."""
