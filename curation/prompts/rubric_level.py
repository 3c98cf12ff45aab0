"""The level of a reply by one criterion of a rubric, as one of five numbers.

References: Cui et al., UltraFeedback (arXiv 2310.01377), section 3.3: scores from 1 to 5 by levels
in words; the expected level instead of the likeliest follows G-Eval (arXiv 2303.16634), section 3.
"""

from collections.abc import Sequence

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS
from curation.prompts.level import LevelPrompt
from curation.rubrics.rubric import LEVELS, Criterion, ScoringRubric, spoken


class RubricLevelPrompt(LevelPrompt):
    """Asks for the number of the level, with the best or the worst level shown first."""

    name = "rubric_level"
    version = 1
    grammar = "1 | 2 | 3 | 4 | 5"

    def wordings(
        self,
        parts: Sequence[tuple[str, str]],
        rubric: ScoringRubric,
        criterion: Criterion,
        max_tokens: int = MAX_TOKENS,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """Ask for the likelihood of each level, with the best level first, then with the worst.

        Input: the conversation and the reply as parts, the criterion and its rubric.
        """
        scale = list(zip(LEVELS, criterion.levels, strict=True))
        orders = (scale[::-1], scale)
        words = {"title": rubric.title, "criterion": spoken(criterion.name)}
        return [
            self.ask(self.messages(parts, scale=order, **words), max_tokens=max_tokens)
            for order in orders
        ]


RUBRIC_LEVEL = RubricLevelPrompt()
"""The prompt."""
