"""Two criteria for one pair of replies: by the one the first is better, by the other the second.

Reference: Pitis et al., Improving Context-Aware Preference Modeling for Language Models (RPR,
arXiv 2407.14916), reasonable preference reversal.
"""

import re
import unicodedata
from typing import NamedTuple

from curation.feedback.alignment import words_of
from curation.feedback.preference import clean_words
from curation.prompts.prompt import OFF_GRAMMAR, Prompt, Unparsed

SHORTEST, LONGEST = 10, 300
"""Bounds on a criterion, in characters."""
NAMES_REPLY, SAME_CRITERIA, WRONG_LENGTH = "names_reply", "same_criteria", "wrong_length"
"""Kinds of failure: a criterion says which reply it means; both are the same; one is too short or
too long."""

_LABELS = ("X:", "Y:")
_NOUN = r"(?i:repl(?:y|ies)|responses?|answers?|options?|candidates?|completions?)"
_PLACE = r"(?i:first|second|former|latter)"
# "A" begins an English sentence as an article; what follows tells it from the letter.
_NAMED = re.compile(
    rf"\b{_NOUN}\W{{0,3}}[AB]\b|\b(?i:reply|response) [12]\b"
    rf"|\b{_PLACE} (?:{_NOUN}|one)\b|\b[ABab][:)\]]|\bB\b"
    r"|(?<!\A)(?<![.!?:;] )(?<![.!?:;])\bA\b"
    r"|\bA (?:is|was|are|has|does|wins|gives|over|and|or|vs|versus|better|beats|because|should)\b"
)


class Criteria(NamedTuple):
    """Two criteria, each a line of its own words."""

    x: str
    """By it the reply shown as A is better."""
    y: str
    """By it the reply shown as B is better."""


class ContextCriteria(Prompt[Criteria]):
    """Asks for two lines.

    >>> CONTEXT_CRITERIA.read("X: It is short and to the point.\\nY: It explains every step.")
    Criteria(x='It is short and to the point.', y='It explains every step.')
    >>> CONTEXT_CRITERIA.read("X: It is as short as reply A.\\nY: It explains every step.").kind
    'names_reply'
    """

    name = "context_criteria"
    version = 1
    grammar = (
        f'"X: " criterion newline "Y: " criterion; a criterion is one line of {SHORTEST} to '
        f"{LONGEST} characters that names neither A nor B, nor a first or second reply; the two "
        "are different; empty lines do not count"
    )

    def read(self, text: str) -> Criteria | Unparsed:
        """Both criteria, without control characters and template markers, quotes made single."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) != 2 or not all(map(str.startswith, lines, _LABELS)):
            return self.unparsed(OFF_GRAMMAR)
        said = [line[2:].strip() for line in lines]
        if max(map(len, said)) > LONGEST:
            return self.unparsed(WRONG_LENGTH)
        criteria = Criteria(*map(clean_words, said))
        if min(map(len, criteria)) < SHORTEST:
            return self.unparsed(WRONG_LENGTH)
        if any(_NAMED.search(unicodedata.normalize("NFKC", c)) for c in criteria):
            return self.unparsed(NAMES_REPLY)
        x, y = ([word.key for word in words_of(c) if word.counts] for c in criteria)
        if not x or not y:
            return self.unparsed(OFF_GRAMMAR)
        return self.unparsed(SAME_CRITERIA) if x == y else criteria


CONTEXT_CRITERIA = ContextCriteria()
"""The prompt."""
