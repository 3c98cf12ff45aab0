"""Judging two replies: asked in both orders, since judges favour a place over a reply.

The logit judge compares how likely the two labels are as its next message. It answers in form
however small the model is, and it costs two forward passes and no writing:

    P(A) = softmax over the labels of log p(label | question)

The order's own preference cancels in the mean over both orders.
"""

from collections.abc import Sequence
from math import fsum, isnan

from curation.models.protocols import (
    Dropout,
    LikelihoodRequest,
    LikelihoodResult,
    LikelihoodScorer,
)
from curation.prompts.judge import LOGIT_JUDGE, JudgePrompt
from curation.scoring.judge_prompt import LABELS, Comparison
from curation.scoring.judgement import Judgement, combine_orders
from curation.scoring.logistic import sigmoid
from schemas.errors import ModelError
from schemas.records import Message


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
