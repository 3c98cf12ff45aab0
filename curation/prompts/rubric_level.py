"""The level of a reply by one criterion of a rubric, as one of five numbers.

References: Cui et al., UltraFeedback (arXiv 2310.01377), section 3.3: scores from 1 to 5 by levels
in words; the expected level instead of the likeliest follows G-Eval (arXiv 2303.16634), section 3.
"""

from collections.abc import Sequence
from math import fsum
from typing import Any

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS, ChoicePrompt
from curation.prompts.prompt import Unparsed
from curation.rubrics.rubric import LEVELS, Criterion, ScoringRubric, spoken


class RubricLevelPrompt(ChoicePrompt):
    """Asks for the number of the level, with the best or the worst level shown first."""

    name = "rubric_level"
    version = 1
    grammar = "1 | 2 | 3 | 4 | 5"
    choices = tuple(str(level) for level in LEVELS)

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

    def level(self, answers: Sequence[Any]) -> float:
        """The expected level, 1 to 5, mean of the wordings, by the answers to `wordings`.

        Raises: ModelError when the likelihoods are no numbers.

        >>> from curation.models.protocols import LikelihoodResult
        >>> RUBRIC_LEVEL.level([LikelihoodResult([[-1.0]] * 5, 0, 9)] * 2)
        3.0
        """
        expected = []
        for answer in answers:
            shares = self.weigh(answer)
            if not isinstance(shares, Unparsed):  # which likelihoods never are
                expected.append(fsum(int(level) * share for level, share in shares.items()))
        return fsum(expected) / len(expected)


RUBRIC_LEVEL = RubricLevelPrompt()
"""The prompt."""
