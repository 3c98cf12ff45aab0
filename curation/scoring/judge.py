"""Judging two replies: asked in both orders, since judges favour a place over a reply.

The logit judge compares how likely the two labels are as its next message. It answers in form
however small the model is, and it costs two forward passes and no writing:

    P(A) = softmax over the labels of log p(label | question)

The order's own preference cancels in the mean over both orders. Orders that disagree on the
winner make a tie, marked as not consistent.
"""

from collections.abc import Sequence
from math import fsum, isnan
from typing import NamedTuple

from curation.models.protocols import (
    Dropout,
    LikelihoodRequest,
    LikelihoodResult,
    LikelihoodScorer,
)
from curation.scoring.judge_prompt import LABELS, Comparison, JudgePrompt
from curation.scoring.logistic import sigmoid
from schemas.errors import ModelError
from schemas.records import Message

FIRST, SECOND, TIE, UNPARSABLE = "first", "second", "tie", "unparsable"
"""Verdicts on a comparison."""

LOGIT_JUDGE = JudgePrompt(
    "logit_judge",
    "You compare two replies to a conversation and say which one serves the user better: more "
    "correct, more helpful, safer, closer to what was asked. Length and order do not matter.",
    "Which reply is better, A or B? Answer with the letter alone.",
)
"""The template of the logit judge."""


class Judgement(NamedTuple):
    """What a judge says of a comparison."""

    verdict: str
    """`first`, `second`, `tie`, or `unparsable` where an answer was not in form."""
    consistent: bool
    """Whether both orders say the same; False where one is not in form."""
    probability: float | None
    """That the first reply is better, mean of both orders; None where one is not in form."""
    by_order: tuple[float | None, float | None]
    """The same with the first reply shown as A, and shown as B."""


def combine_orders(first_as_a: float | None, first_as_b: float | None) -> Judgement:
    """Put the two orders together.

    Input: the probability that the first reply is better, as judged when it was shown as A and
    as B; None for an answer that was not in form.

    >>> combine_orders(0.75, 0.5625)
    Judgement(verdict='first', consistent=True, probability=0.65625, by_order=(0.75, 0.5625))
    >>> combine_orders(0.75, 0.25)
    Judgement(verdict='tie', consistent=False, probability=0.5, by_order=(0.75, 0.25))
    >>> combine_orders(1.0, None).verdict
    'unparsable'
    """
    by_order = (first_as_a, first_as_b)
    if first_as_a is None or first_as_b is None:
        return Judgement(UNPARSABLE, False, None, by_order)
    one, other = _winner(first_as_a), _winner(first_as_b)
    verdict = one if one == other else TIE
    return Judgement(verdict, one == other, (first_as_a + first_as_b) / 2, by_order)


def logit_requests(
    comparison: Comparison,
    prompt: JudgePrompt = LOGIT_JUDGE,
    max_tokens: int = 4096,
    dropout: Dropout | None = None,
) -> tuple[LikelihoodRequest, LikelihoodRequest]:
    """Ask for the likelihood of both labels, in both orders.

    Parameters: `max_tokens` bounds the conversation, both replies and the template together;
    `dropout` asks a thinned network (`curation.scoring.bald`).

    >>> question = Comparison([Message("user", "2 + 2?")], "4", "5")
    >>> [m.content for m in logit_requests(question)[0].continuations]
    ['A', 'B']
    """
    labels = [Message("assistant", label) for label in LABELS]
    one, other = (
        LikelihoodRequest(messages, labels, max_tokens, dropout)
        for messages in prompt.orders(comparison)
    )
    return one, other


def label_probability(result: LikelihoodResult) -> float:
    """The probability of label A against B, from the likelihoods of both.

    Raises: ModelError when the answer is not of two labels, or compares no numbers.

    >>> label_probability(LikelihoodResult([[-1.0], [-1.0]], 0, 100))
    0.5
    """
    if len(result.continuations) != len(LABELS):
        raise ModelError(f"{len(result.continuations)} labels scored, expected {len(LABELS)}")
    a, b = (fsum(tokens) for tokens in result.continuations)
    if isnan(a - b):
        raise ModelError(f"the labels' likelihoods are {a} and {b}: the model is broken")
    return sigmoid(a - b)


def logit_judgement(results: Sequence[LikelihoodResult]) -> Judgement:
    """Read the answers to the two `logit_requests` of one comparison.

    >>> sure, unsure = [[-0.1], [-3.0]], [[-2.0], [-0.5]]
    >>> results = [LikelihoodResult(sure, 0, 100), LikelihoodResult(unsure, 0, 100)]
    >>> logit_judgement(results).verdict
    'first'
    """
    first_as_a, first_as_b = results
    a_first, a_second = label_probability(first_as_a), label_probability(first_as_b)
    judged = combine_orders(a_first, 1 - a_second)
    # Exactly 1/2 for equal replies, which p + (1 - p) is not always.
    return judged._replace(probability=0.5 + (a_first - a_second) / 2)


def judge_by_logits(
    comparisons: Sequence[Comparison],
    model: LikelihoodScorer,
    prompt: JudgePrompt = LOGIT_JUDGE,
    max_tokens: int = 4096,
) -> list[Judgement]:
    """Judge comparisons by the likelihood of the two labels, each in both orders.

    Raises: PromptTooLongError when a comparison exceeds `max_tokens`.
    """
    requests = [r for c in comparisons for r in logit_requests(c, prompt, max_tokens)]
    results = model.score(requests)
    return [logit_judgement(results[i : i + 2]) for i in range(0, len(results), 2)]


def _winner(probability: float) -> str:
    if probability == 0.5:
        return TIE
    return FIRST if probability > 0.5 else SECOND
