"""A rubric's level condensed into a short system prompt.

Reference: Gallego, Configurable Preference Tuning (arXiv 2506.11702), section 3: a rubric and a
score are summarised to the system prompt under which a response is the preferred one.
"""

from curation.feedback.preference import clean_words
from curation.prompts.prompt import Prompt, Unparsed
from curation.rubrics.rubric import MAX_SYSTEM_PROMPT, ScoringRubric, names_score
from schemas.records import Message

MIN_LETTERS = 12
"""Fewest letters of a wish; less says nothing."""
TOO_LONG, SEVERAL_LINES, NAMES_SCORE = "too_long", "several_lines", "names_score"
"""Kinds of failure: beyond `MAX_SYSTEM_PROMPT`; more than one line; it speaks of a score."""


class RubricCondense(Prompt[str]):
    """Asks for one line that states a wish.

    >>> RUBRIC_CONDENSE.read("Be as brief as you can.")
    'Be as brief as you can.'
    >>> RUBRIC_CONDENSE.read("Write a reply that would get a score of 5.").kind
    'names_score'
    """

    name = "rubric_condense"
    version = 1
    grammar = (
        f"one line of {MIN_LETTERS} letters to {MAX_SYSTEM_PROMPT} characters, without a number "
        'from 1 to 5 that stands alone and without the words "score", "rating" and "rubric"'
    )

    def of_level(self, rubric: ScoringRubric, level: int) -> list[Message]:
        """Ask for the wish of a level; the same for every conversation."""
        return self.messages(
            (),
            title=rubric.title,
            description=rubric.description,
            criteria=rubric.at_level(level),
        )

    def read(self, text: str) -> str | Unparsed:
        """The wish as a harmless line: no quotes around it, no control characters or tokens."""
        if len(text) > MAX_SYSTEM_PROMPT:
            return self.unparsed(TOO_LONG)
        if len(text.splitlines()) > 1:
            return self.unparsed(SEVERAL_LINES)
        wish = clean_words(text.strip("\"“”' "))
        if sum(c.isalpha() for c in wish) < MIN_LETTERS:
            return self.unparsed()
        return self.unparsed(NAMES_SCORE) if names_score(wish) else wish


RUBRIC_CONDENSE = RubricCondense()
"""The prompt."""
