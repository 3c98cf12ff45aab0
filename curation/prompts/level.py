"""Prompts whose answer is the number of a level, 1 to 5: the expected level counts.

Reference: Liu et al., G-Eval (arXiv 2303.16634), section 3: scores weighted by their probabilities.
"""

from collections.abc import Sequence
from math import fsum
from typing import Any

from curation.prompts.choice import ChoicePrompt
from curation.prompts.prompt import Unparsed


class LevelPrompt(ChoicePrompt):
    """A prompt that is answered by a number from 1 to 5, alone; asked by likelihood."""

    choices = ("1", "2", "3", "4", "5")

    def level(self, answers: Sequence[Any]) -> float:
        """The expected level, 1 to 5, the mean of several wordings' answers.

        Raises: ModelError when the likelihoods are no numbers.

        >>> from curation.models.protocols import LikelihoodResult
        >>> LevelPrompt().level([LikelihoodResult([[-1.0]] * 5, 0, 9)] * 2)
        3.0
        """
        expected = []
        for answer in answers:
            shares = self.weigh(answer)
            if not isinstance(shares, Unparsed):  # which likelihoods never are
                expected.append(fsum(int(level) * share for level, share in shares.items()))
        return fsum(expected) / len(expected)
