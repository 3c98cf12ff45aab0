"""The level of a response by a reference answer, in words: feedback, then the number."""

import re
from typing import NamedTuple

from curation.prompts.prompt import Prompt, Unparsed
from curation.prompts.ugc_grade import LEVELS_IN_WORDS

LONGEST = 4_000
"""Characters that an answer may have."""
_LAST_LINE = re.compile(r"\[RESULT\] ([1-5])")
_VERDICT = re.compile(r"\[\s?RESULT\s?\]", re.IGNORECASE)


class Feedback(NamedTuple):
    """What a grader writes of a response."""

    text: str
    """The reasons."""
    level: int
    """1 (worst) to 5."""


class UgcFeedback(Prompt[Feedback]):
    """Asks for reasons before the level.

    Reference: Kim et al., Prometheus 2 (arXiv 2405.01535), absolute grading with a reference.

    >>> UGC_FEEDBACK.read("It agrees in all points.\\n[RESULT] 5")
    Feedback(text='It agrees in all points.', level=5)
    >>> UGC_FEEDBACK.read("[RESULT] 1 or [RESULT] 5").kind
    'off_grammar'
    """

    name = "ugc_feedback"
    version = 1
    grammar = (
        "feedback of one or more lines without the word [RESULT], then a last line "
        f"'[RESULT] n' with n from 1 to 5, {LONGEST} characters at most; {LEVELS_IN_WORDS}"
    )

    def read(self, text: str) -> Feedback | Unparsed:
        """Feedback and level; an answer with two levels is none, whatever they are."""
        feedback, _, last = text.rpartition("\n")
        found = _LAST_LINE.fullmatch(last)
        if not found or not feedback.strip() or len(text) > LONGEST or _VERDICT.search(feedback):
            return self.unparsed()
        return Feedback(feedback.strip(), int(found[1]))


UGC_FEEDBACK = UgcFeedback()
"""The prompt."""
