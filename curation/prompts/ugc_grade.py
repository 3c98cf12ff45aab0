"""The level of a response by a reference answer, as one of five numbers."""

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS
from curation.prompts.level import LevelPrompt

RUBRIC = "reference_match"
"""Name of the rubric: how well a response matches information and opinion of a reference."""
LEVELS = {
    1: "The response says something else than the reference answer, or the contrary.",
    2: "The response shares the subject with the reference answer, and little of what it says.",
    3: "The response agrees with some of the reference answer, and lacks or contradicts the rest.",
    4: "The response agrees with most of the reference answer; what is missing matters little.",
    5: "The response holds all that the reference answer says, and the same opinion.",
}
"""What each level means, 5 is the best."""
LEVELS_IN_WORDS = "; ".join(f"{level} = {meaning}" for level, meaning in LEVELS.items())
"""The levels as a part of a grammar, so that a prompt's identity covers them."""


def scale(best_first: bool) -> list[tuple[int, str]]:
    """The levels with their meanings, from the best or from the worst.

    >>> [level for level, _ in scale(best_first=True)]
    [5, 4, 3, 2, 1]
    """
    return sorted(LEVELS.items(), reverse=best_first)


def graded_parts(question: str, reference: str, response: str) -> list[tuple[str, str]]:
    """What a grader is shown, in order."""
    return [("question", question), ("reference answer", reference), ("response", response)]


class UgcGrade(LevelPrompt):
    """Asks for the number of the level, with the scale shown from the best or from the worst.

    Reference: Kim et al., Prometheus 2 (arXiv 2405.01535), absolute grading with a reference.
    """

    name = "ugc_grade"
    version = 1
    grammar = f"1 | 2 | 3 | 4 | 5, where {LEVELS_IN_WORDS}"

    def wordings(
        self,
        question: str,
        reference: str,
        response: str,
        *,
        count: int = 2,
        max_tokens: int = MAX_TOKENS,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """Ask for the likelihood of each level, first with the best level shown first.

        Parameters: `count` of wordings, 1 or 2: there are no more, and likelihoods do not change.

        >>> len(UGC_GRADE.wordings("Why?", "Because.", "I do not know.", count=8))
        2
        """
        parts = graded_parts(question, reference, response)
        return [
            self.ask(self.messages(parts, scale=scale(best_first)), max_tokens=max_tokens)
            for best_first in (True, False)[:count]
        ]


UGC_GRADE = UgcGrade()
"""The prompt."""
