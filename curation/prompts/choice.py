"""Prompts whose answer is one of a few words: asked by likelihood, or held to the list.

A model that tells likelihoods is asked how likely each choice is as its next message, which is
always of the grammar. Any other writes a choice, and is held to the list where its backend can.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import exp, fsum, isnan
from typing import Any

from curation.models.protocols import GenerationRequest, Guide, LikelihoodRequest
from curation.prompts.prompt import OFF_GRAMMAR, Prompt, Unparsed
from curation.scoring.judgement import Judgement, combine_orders
from schemas.errors import ModelError, UsageError
from schemas.ids import content_id, seed_from
from schemas.records import Message

FORMS = ("likelihood", "words")
"""How a choice may be asked for."""
MAX_TOKENS = 8192
"""Default bound on a prompt, in tokens."""


class ChoicePrompt(Prompt[str]):
    """A prompt that is answered by one of `choices`, alone."""

    choices: tuple[str, ...]

    def ask(
        self,
        messages: Sequence[Message],
        form: str = "likelihood",
        *,
        seed: int = 0,
        n: int = 1,
        temperature: float = 0.0,
        max_tokens: int = MAX_TOKENS,
    ) -> LikelihoodRequest | GenerationRequest:
        """The request for a rendered prompt.

        Parameters: `form`, one of `FORMS`; of `words`: the run's `seed`, `n` answers at a
        `temperature`; `max_tokens` of the prompt. Raises: UsageError for another form.
        """
        if form == "likelihood":
            labels = [Message("assistant", choice) for choice in self.choices]
            return LikelihoodRequest(messages, labels, max_tokens)
        if form != "words":
            raise UsageError(f"a choice asked for by {form!r}: expected {' or '.join(FORMS)}")
        return GenerationRequest(
            messages,
            seed_from(seed, content_id(self.name, messages)),
            16,
            temperature,
            n=n,
            max_prompt_tokens=max_tokens,
            guide=Guide(choices=self.choices),
        )

    def weigh(self, answer: Any, form: str = "likelihood") -> Mapping[str, float] | Unparsed:
        """How probable each choice is, by the answer to `ask` of the same form.

        Output: probabilities that add up to 1; of several answers in words, the shares among those
        that are of the grammar; `Unparsed` when none is. Raises: ModelError when likelihoods are
        no numbers, or not of the choices.

        >>> from curation.models.protocols import Completion, LikelihoodResult
        >>> yes_or_no = ChoicePrompt()
        >>> yes_or_no.name, yes_or_no.choices = "demo", ("yes", "no")
        >>> yes_or_no.weigh(LikelihoodResult([[-0.5], [-0.5]], 0, 9))
        {'yes': 0.5, 'no': 0.5}
        >>> said = [Completion("yes", "stop", 9, 1), Completion("maybe", "stop", 9, 1)]
        >>> yes_or_no.weigh(said, "words")
        {'yes': 1.0, 'no': 0.0}
        """
        if form == "likelihood":
            return self._softmax([fsum(tokens) for tokens in answer.continuations])
        read = [self.parse(completion) for completion in answer]
        said = Counter(choice for choice in read if not isinstance(choice, Unparsed))
        if not said:
            return next((r for r in read if isinstance(r, Unparsed)), self.unparsed(OFF_GRAMMAR))
        return {choice: said[choice] / said.total() for choice in self.choices}

    def read(self, text: str) -> str | Unparsed:
        """A choice as it stands in the list; blanks around it, and nothing else, are forgiven."""
        return text if text in self.choices else self.unparsed()

    def _softmax(self, scores: Sequence[float]) -> Mapping[str, float]:
        if len(scores) != len(self.choices) or any(isnan(score) for score in scores):
            raise ModelError(f"{self.name}: the likelihoods of the choices are {scores}")
        best = max(scores)
        powers = [exp(score - best) for score in scores]
        total = fsum(powers)
        return {c: p / total for c, p in zip(self.choices, powers, strict=True)}


class ComparisonPrompt(ChoicePrompt):
    """A prompt that shows two replies, A and B, and asks for one of them; asked in both orders."""

    choices = ("A", "B")

    def both_orders(
        self,
        parts: Sequence[tuple[str, str]],
        first: str,
        second: str,
        form: str = "likelihood",
        *,
        seed: int = 0,
        max_tokens: int = MAX_TOKENS,
        **words: object,
    ) -> list[LikelihoodRequest | GenerationRequest]:
        """Ask which reply it is, with the first one as A, then with the second one as A.

        Input: what is shown before the replies, and both replies. Parameters: as of `ask` and
        `Prompt.messages`.
        """
        orders = ((first, second), (second, first))
        return [
            self.ask(
                self.messages([*parts, ("reply A", a), ("reply B", b)], **words),
                form,
                seed=seed,
                max_tokens=max_tokens,
            )
            for a, b in orders
        ]

    def judgement(self, answers: Sequence[Any], form: str = "likelihood") -> Judgement:
        """Read the answers to `both_orders` of the same form, in order.

        Output: the verdict `first` or `second` where both orders agree, else `tie`; `unparsable`
        where one is not of the grammar.
        """
        as_a, as_b = (self.weigh(answer, form) for answer in answers)
        return combine_orders(
            None if isinstance(as_a, Unparsed) else as_a["A"],
            None if isinstance(as_b, Unparsed) else as_b["B"],
        )
