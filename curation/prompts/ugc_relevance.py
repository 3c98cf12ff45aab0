"""Whether a text holds what a question asks for, asked in two wordings that mirror each other."""

from collections.abc import Sequence
from typing import Any

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS, ChoicePrompt
from curation.prompts.prompt import Unparsed


class UgcRelevance(ChoicePrompt):
    """Asks whether the text answers the question, and whether it does not.

    A model that says yes to everything, or no, however sure it is, gives exactly one half.

    Reference: Tan et al., PUGC (arXiv 2506.04463), the step that filters by relevance.
    """

    name = "ugc_relevance"
    version = 1
    grammar = "yes | no"
    choices = ("yes", "no")

    def both_wordings(
        self,
        question: str,
        text: str,
        form: str = "likelihood",
        *,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """Ask whether the text can answer the question, then whether it cannot.

        Parameters: as of `ChoicePrompt.ask`.

        >>> len(UGC_RELEVANCE.both_wordings("Is it raining?", "It rains."))
        2
        """
        parts = [("text", text), ("question", question)]
        return [
            self.ask(self.messages(parts, missing=missing), form, seed=seed, max_tokens=max_tokens)
            for missing in (False, True)
        ]

    def probability(self, answers: Sequence[Any], form: str = "likelihood") -> float | Unparsed:
        """That the text is enough, mean of both wordings, by the answers to `both_wordings`.

        >>> from curation.models.protocols import LikelihoodResult
        >>> biased = LikelihoodResult([[-0.1], [-4.0]], 0, 9)
        >>> UGC_RELEVANCE.probability([biased, biased])
        0.5
        """
        enough, missing = (self.weigh(answer, form) for answer in answers)
        if isinstance(enough, Unparsed):
            return enough
        if isinstance(missing, Unparsed):
            return missing
        # Exactly 1/2 for equal answers, which p + (1 - p) is not always.
        return 0.5 + (enough["yes"] - missing["yes"]) / 2


UGC_RELEVANCE = UgcRelevance()
"""The prompt."""
