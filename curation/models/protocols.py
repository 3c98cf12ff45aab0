"""What a language model can be asked: four small protocols, and the records they exchange.

A backend implements the protocols it can. Everything above them (follow-up likelihood,
CHES, judges, synthesis) is written against these and never against a backend. Requests and
answers are plain values: they travel between processes, and `curation.memo` keys and keeps
them.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from schemas.records import Message


class Guide(NamedTuple):
    """The form that an answer is held to while it is written; one of the two is given."""

    choices: Sequence[str] = ()
    """The answer is one of these texts."""
    json_schema: str | None = None
    """The answer is a JSON document that this JSON schema (as JSON text) allows; one that was cut
    at `max_new_tokens` is the beginning of such a document, and its finish reason says so."""


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
    guide: Guide | None = None
    """Form of the answer, where the backend can hold one to it."""


class Completion(NamedTuple):
    """One generated reply."""

    text: str
    finish_reason: str
    """`stop` (the model ended its turn) or `length` (`max_new_tokens` were used up)."""
    prompt_tokens: int
    new_tokens: int
    log_probability: float | None = None
    """Log-probability (nats) of the reply and of its end, where it ended, under the model
    itself: at temperature 1, over all words. None where the backend does not tell."""
    cut_messages: int = 0
    """Older messages that were left out because the prompt did not fit."""


class Dropout(NamedTuple):
    """A thinned network: the same units are left out at every position of every request.

    Reference: Gal & Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent
    Neural Networks (arXiv 1512.05287), section 4: one mask for all steps of a sequence.
    """

    rate: float
    """Share of units left out, in [0, 1)."""
    seed: int
    """Which units."""


class LikelihoodRequest(NamedTuple):
    """Ask how likely each continuation is as the next message of a context."""

    context: Sequence[Message]
    continuations: Sequence[Message]
    """All of one role: the assistant's, or the user's after a context that ends with a reply."""
    max_tokens: int = 2048
    """Bound on context and continuation together; older messages are left out, whole."""
    dropout: Dropout | None = None
    """Ask a thinned network instead of the whole one."""


class LikelihoodResult(NamedTuple):
    """Answer to a `LikelihoodRequest`: one entry a continuation, in the order asked."""

    continuations: Sequence[Sequence[float]]
    """Log-probability (nats) of each token of each continuation's text; role headers and the
    end of the turn are not counted."""
    cut_messages: int
    """Older messages that were left out, the same for all continuations."""
    tokens: int
    """Tokens that went through the model, shared prefixes counted once."""


class HiddenRequest(NamedTuple):
    """Ask for the sums of final hidden states that CHES is made of."""

    prompt: Sequence[Message]
    responses: Sequence[str]
    max_tokens: int = 2048


class HiddenSum(NamedTuple):
    """Final hidden states of a response, summed up in float64.

    `total` runs over the positions that predict the response and its end-of-sequence token:
    the last prompt token and every response token (CHES, section 3.1 with y' = y + EOS);
    `terms` is their number, |y| + 1; `last` is the state at the response's last token.
    """

    total: Sequence[float]
    terms: int
    last: Sequence[float]


class HiddenResult(NamedTuple):
    """Answer to a `HiddenRequest`: one sum a response, in the order asked."""

    responses: Sequence[HiddenSum]
    cut_messages: int
    tokens: int


class JointRequest(NamedTuple):
    """Ask for follow-up likelihoods of responses, and for how alike they are, at once."""

    prompt: Sequence[Message]
    responses: Sequence[str]
    follow_ups: Sequence[str]
    """User turns put after each response; empty asks for no likelihood."""
    similarity: bool = True
    max_tokens: int = 2048


class Similarity(NamedTuple):
    """How alike the responses of one request are: a row and a column for each response."""

    terms: Sequence[int]
    """`HiddenSum.terms` of each response."""
    sums: Sequence[Sequence[float]]
    """Inner products of the hidden sums, in float64."""
    last: Sequence[Sequence[float]]
    """Inner products of the states at the last tokens."""
    edits: Sequence[Sequence[float]]
    """Edit distance of the token ids, divided by the longer length: 0 (equal) to 1."""


class JointResult(NamedTuple):
    """Answer to a `JointRequest`: one entry a response, in the order asked."""

    follow_ups: Sequence[Sequence[float]]
    """Mean log-probability (nats per token) of each follow-up after each response."""
    similarity: Similarity | None
    cut_messages: int
    tokens: int


class Generator(Protocol):
    """A model that writes."""

    def generate(self, requests: Sequence[GenerationRequest]) -> list[list[Completion]]:
        """Give `n` completions for each request; a request's answer depends on no other."""
        ...


class LikelihoodScorer(Protocol):
    """A model that tells how likely a text is."""

    def score(self, requests: Sequence[LikelihoodRequest]) -> list[LikelihoodResult]:
        """Give the log-probability (nats) of each token of each continuation."""
        ...


class HiddenStateEncoder(Protocol):
    """A model whose final hidden states can be read."""

    def encode(self, requests: Sequence[HiddenRequest]) -> list[HiddenResult]:
        """Give the hidden sum of each response, accumulated in float64."""
        ...


class JointScorer(Protocol):
    """A model that shares one forward pass between follow-up likelihoods and similarity.

    A model without hidden states implements it for requests with `similarity=False`.
    """

    def measure(self, requests: Sequence[JointRequest]) -> list[JointResult]:
        """Give what `score` and `encode` would, with every shared prefix computed once."""
        ...
