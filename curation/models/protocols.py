"""What a language model can be asked: three small protocols, and the records they exchange.

A backend implements the protocols it can. Everything above them (follow-up likelihood,
CHES, synthesis) is written against these and never against a backend.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from schemas.records import Message


class GenerationRequest(NamedTuple):
    """Ask for `n` replies to a conversation that ends with a user turn."""

    messages: Sequence[Message]
    seed: int
    """Everything random about the replies comes from here."""
    max_new_tokens: int = 128
    temperature: float = 0.7
    """0 takes the most likely token."""
    top_p: float = 0.9
    """Nucleus: the smallest set of tokens that holds this probability."""
    n: int = 1
    max_prompt_tokens: int = 1024
    """Older messages are left out, whole, until the prompt fits."""


class Completion(NamedTuple):
    """One generated reply."""

    text: str
    finish_reason: str
    """`stop` (the model ended its turn) or `length` (`max_new_tokens` were used up)."""
    prompt_tokens: int
    new_tokens: int


class LikelihoodRequest(NamedTuple):
    """Ask how likely each continuation is as the next message of a context."""

    context: Sequence[Message]
    continuations: Sequence[Message]
    max_tokens: int = 2048
    """Bound on context and continuation together; older messages are left out, whole."""


class HiddenRequest(NamedTuple):
    """Ask for the sums of final hidden states that CHES is made of."""

    prompt: Sequence[Message]
    responses: Sequence[str]
    max_tokens: int = 2048


class HiddenSum(NamedTuple):
    """Sum of the final hidden states that predict a response and its end-of-sequence token.

    `total` runs over the last prompt token and every response token (CHES, section 3.1 with
    y' = y + EOS); `terms` is the number of summed positions, |y| + 1.
    """

    total: Sequence[float]
    terms: int


class JointRequest(NamedTuple):
    """Ask for follow-up likelihoods and hidden sums of the same responses at once."""

    prompt: Sequence[Message]
    responses: Sequence[str]
    follow_ups: Sequence[str]
    """User turns put after each response; empty asks for no likelihood."""
    hidden: bool = True
    max_tokens: int = 2048


class JointResult(NamedTuple):
    """Answer to a `JointRequest`: one entry a response, in the order asked."""

    follow_ups: Sequence[Sequence[Sequence[float]]]
    """Log-probability (nats) of each token of each follow-up, for each response."""
    hidden: Sequence[HiddenSum]
    tokens: int
    """Tokens that went through the model, shared prefixes counted once."""


@runtime_checkable
class Generator(Protocol):
    """A model that writes."""

    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request; a request's answer depends on no other."""
        ...


@runtime_checkable
class LikelihoodScorer(Protocol):
    """A model that tells how likely a text is."""

    def score(self, requests: Sequence[LikelihoodRequest]) -> list[list[list[float]]]:
        """Give the log-probability (nats) of each token of each continuation."""
        ...


@runtime_checkable
class HiddenStateEncoder(Protocol):
    """A model whose final hidden states can be read."""

    def encode(self, requests: Sequence[HiddenRequest]) -> list[list[HiddenSum]]:
        """Give the hidden sum of each response, accumulated in float64."""
        ...


@runtime_checkable
class JointScorer(LikelihoodScorer, HiddenStateEncoder, Protocol):
    """A model that shares one forward pass between likelihoods and hidden states."""

    def measure(self, requests: Sequence[JointRequest]) -> list[JointResult]:
        """Give what `score` and `encode` would, with every shared prefix computed once."""
        ...
