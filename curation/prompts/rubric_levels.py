"""The levels of a reply by all criteria of a rubric, each with its reason, in words.

Reference: Cui et al., UltraFeedback (arXiv 2310.01377), section 3.3: a rationale for each score.
A line that stands twice, as when the judge repeats a grade that the reply has given itself, makes
the whole answer one of no use: it is not known which of the two is meant.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from curation.feedback.preference import clean_words
from curation.models.protocols import Completion
from curation.prompts.prompt import Prompt, Unparsed
from curation.rubrics.rubric import LEVELS, ScoringRubric
from schemas.records import Message

MAX_REASON = 400
"""Longest reason, in characters."""
MAX_TEXT = 10_000
"""Longest answer, in characters."""
CRITERIA = "criteria"
"""Kind of failure: the lines are of the form, and not those of the rubric, once each, in order."""

_FORM = "reason in one sentence"
"""What the template says in the place of a reason."""
_LINE = re.compile(rf"([a-z][a-z0-9_]{{1,39}}): ([1-5]) - (\S.{{0,{MAX_REASON - 1}}})")


class CriterionLevel(NamedTuple):
    """What a judge says of a reply by one criterion."""

    criterion: str
    level: int
    """1 (worst) to 5."""
    reason: str


class RubricLevelsPrompt(Prompt[tuple[CriterionLevel, ...]]):
    """Asks for a line with a level and a reason for each criterion.

    >>> RUBRIC_LEVELS.read("length: 4 - A phrase could go.")
    (CriterionLevel(criterion='length', level=4, reason='A phrase could go.'),)
    >>> RUBRIC_LEVELS.read("length: 4/5 - A phrase could go.").kind
    'off_grammar'
    """

    name = "rubric_levels"
    version = 1
    grammar = (
        'for each criterion, in order, a line: NAME ": " LEVEL " - " REASON; LEVEL is 1 | 2 | 3 | '
        f"4 | 5, REASON a text of 1 to {MAX_REASON} characters"
    )

    def about(self, parts: Sequence[tuple[str, str]], rubric: ScoringRubric) -> list[Message]:
        """Ask about a reply.

        Input: the conversation and the reply as parts, and the rubric.
        """
        criteria = [(c.name, list(zip(LEVELS, c.levels, strict=True))) for c in rubric.criteria]
        return self.messages(parts, title=rubric.title, criteria=criteria)

    def read(self, text: str) -> tuple[CriterionLevel, ...] | Unparsed:
        """The lines, whatever criteria they name; one that is not of the form spoils all."""
        if len(text) > MAX_TEXT:
            return self.unparsed()
        read = []
        for line in text.splitlines():
            found = _LINE.fullmatch(line.strip())
            reason = clean_words(found[3]) if found else ""
            if not found or reason == _FORM or not any(c.isalnum() for c in reason):
                return self.unparsed()
            read.append(CriterionLevel(found[1], int(found[2]), reason))
        return tuple(read) if read else self.unparsed()

    def parse_for(
        self, answer: Completion, rubric: ScoringRubric
    ) -> tuple[CriterionLevel, ...] | Unparsed:
        """Read an answer to `about`: all criteria of the rubric, once each, in its order.

        >>> from curation.rubrics.rubric_files import load_scoring_rubric
        >>> answer = Completion("length: 4 - A phrase could go.", "stop", 9, 9)
        >>> RUBRIC_LEVELS.parse_for(answer, load_scoring_rubric("brevity")).kind
        'criteria'
        """
        read = self.parse(answer)
        if isinstance(read, Unparsed):
            return read
        asked = [criterion.name for criterion in rubric.criteria]
        return read if [line.criterion for line in read] == asked else self.unparsed(CRITERIA)


RUBRIC_LEVELS = RubricLevelsPrompt()
"""The prompt."""
