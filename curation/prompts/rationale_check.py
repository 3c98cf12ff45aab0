"""Asking which of two replies is better, of a judge that reads a rationale beside them."""

from collections.abc import Sequence

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.choice import MAX_TOKENS, ComparisonPrompt
from curation.prompts.prompt import dialogue
from curation.prompts.rationale_labels import swap_labels
from schemas.records import Message


class RationaleCheckPrompt(ComparisonPrompt):
    """Which reply is better, in both orders; the letters in the rationale are those of the order.

    Whoever wrote the rationale knew which reply was preferred; the judge does not.
    """

    name = "rationale_check"
    version = 1
    grammar = '"A" | "B"'

    def about(
        self,
        prompt: Sequence[Message],
        first: str,
        second: str,
        rationale: str = "",
        form: str = "likelihood",
        *,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """Ask in both orders; `judgement` reads the answers.

        Input: the prompt, both replies in the order that the rationale calls A and B, and the
        rationale; without one the judge sees the replies alone. Parameters: as of `ask`.

        >>> talk = [Message("user", "2 + 2?")]
        >>> one, other = CHECK.about(talk, "4", "5", "Reply A is right, and reply B is not.")
        >>> "Reply B is right" in other.context[1].content
        True
        """
        orders = ((first, second, rationale), (second, first, swap_labels(rationale)))
        return [
            self.ask(
                self.messages(
                    [
                        *dialogue(prompt),
                        ("reply A", a),
                        ("reply B", b),
                        *([("note", note)] if note else []),
                    ],
                    noted=bool(note),
                ),
                form,
                seed=seed,
                max_tokens=max_tokens,
            )
            for a, b, note in orders
        ]


CHECK = RationaleCheckPrompt()
"""The prompt of the consistency check."""
