"""Which of two replies has more of an attribute, and which has less.

Reference: Li et al., PrefPalette (arXiv 2507.13541), verification of the synthesised attributes.
"""

from collections.abc import Sequence
from typing import Any

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS, ComparisonPrompt
from curation.prompts.prompt import Unparsed
from curation.synthesis.attributes import Attribute

MORE, LESS = "more", "less"
"""What is asked for."""
PATTERN = ((MORE, False, "B"), (LESS, False, "A"), (MORE, True, "A"), (LESS, True, "B"))
"""The four questions about two replies, the one with less of the attribute first: what is asked
for, whether the replies are swapped, and the answer if the second has more of it. Asked twice
each, they are the eight calls of the reference: B B A A A A B B."""


class AttributeCompare(ComparisonPrompt):
    """Asks for A or B, four times a pair of replies.

    >>> ATTRIBUTE_COMPARE.read("B"), ATTRIBUTE_COMPARE.read("Reply B").kind
    ('B', 'off_grammar')
    """

    name = "attribute_compare"
    version = 1
    grammar = '"A" | "B"'

    def questions(
        self,
        attribute: Attribute,
        lower: str,
        higher: str,
        form: str = "likelihood",
        *,
        seed: int = 0,
        repeats: int = 1,
        temperature: float = 0.0,
        max_tokens: int = MAX_TOKENS,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """The questions of `PATTERN`, in its order.

        Input: the attribute, and two replies of which the second should have more of it.
        Parameters: of the form `words`, each question is asked `repeats` times at a
        `temperature`; the rest as of `ask`.
        """
        return [
            self.ask(
                self.messages(
                    [("reply A", higher if swapped else lower),
                     ("reply B", lower if swapped else higher)],
                    direction=direction,
                    attribute=attribute,
                ),
                form,
                seed=seed,
                n=repeats,
                temperature=temperature,
                max_tokens=max_tokens,
            )
            for direction, swapped, _ in PATTERN
        ]  # fmt: skip

    def agreement(
        self, answers: Sequence[Any], form: str = "likelihood"
    ) -> tuple[float, tuple[Unparsed, ...]]:
        """Share of the answers to `questions` that are as `PATTERN` expects.

        Output: the share, and the answers in words that are off the grammar, which agree with
        nothing. Two letters of the same likelihood are no answer either. Raises: ModelError as
        `weigh`.

        >>> from curation.models.protocols import Completion
        >>> letters = ["BB", "AA", "AA", "AB"]
        >>> said = [[Completion(c, "stop", 9, 1) for c in pair] for pair in letters]
        >>> ATTRIBUTE_COMPARE.agreement(said, "words")
        (0.875, ())
        """
        calls: list[bool] = []
        failed: list[Unparsed] = []
        for (_, _, expected), answer in zip(PATTERN, answers, strict=True):
            if form == "likelihood":
                weights = self.weigh(answer, form)
                calls.append(not isinstance(weights, Unparsed) and weights[expected] > 0.5)
                continue
            for said in map(self.parse, answer):
                calls.append(said == expected)
                failed += [said] if isinstance(said, Unparsed) else []
        return sum(calls) / max(1, len(calls)), tuple(failed)


ATTRIBUTE_COMPARE = AttributeCompare()
"""The prompt."""
