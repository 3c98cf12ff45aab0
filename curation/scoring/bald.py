"""BALD: what a judge does not know of a pair, apart from what nobody can know.

With p_t the probability that the chosen side is better under the t-th thinned network,

    BALD = H(mean of p_t) - mean of H(p_t),   H(p) = -p log p - (1 - p) log(1 - p)

in nats, between 0 (the networks agree, be it on a coin's toss) and log 2 (half of them are sure
of one side, half of the other). The networks of pass t are the same for all pairs.

References: Houlsby et al., Bayesian Active Learning for Classification and Preference Learning
(arXiv 1112.5745); Wang et al., UPO (arXiv 2409.11212), which drops the pairs whose rejected
side wins the majority.
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from curation.models.protocols import Dropout, LikelihoodRequest, LikelihoodResult
from curation.prompts.judge import LOGIT_JUDGE, JudgePrompt
from curation.scoring.judge import logit_judgement, logit_requests
from curation.scoring.judge_prompt import compared
from curation.scoring.logistic import coin_entropy
from schemas.errors import ModelError, UsageError
from schemas.ids import seed_from
from schemas.records import PreferencePair


class DropoutJudgement(NamedTuple):
    """What thinned networks say of a pair."""

    uncertainty: float
    """BALD, nats."""
    probability: float
    """That the chosen side is better, mean of the passes."""
    majority: float
    """Share of the passes that prefer the chosen side; a tie is half a vote."""
    noise: bool
    """Whether the majority prefers the rejected side."""
    passes: tuple[float, ...]
    """The probability in each pass, mean of both orders."""


def bald(passes: Sequence[float]) -> float:
    """Mutual information (nats) between a judgement and the network that gave it.

    Input: a probability for each pass. Output: between 0 and log 2; exactly 0 for equal passes.

    Raises: ModelError for no passes, or what is no probability.

    >>> round(bald([0.0, 1.0, 0.0, 1.0]), 4)
    0.6931
    >>> bald([0.3, 0.3, 0.3])
    0.0
    """
    if not passes or not all(0 <= p <= 1 for p in passes):
        raise ModelError(f"BALD needs probabilities of at least one pass, got {list(passes)}")
    entropies = [coin_entropy(p) for p in passes]
    return max(0.0, coin_entropy(_mean(passes)) - _mean(entropies))


def dropout_requests(
    pair: PreferencePair,
    *,
    passes: int = 10,
    rate: float = 0.1,
    seed: int = 0,
    prompt: JudgePrompt = LOGIT_JUDGE,
    max_tokens: int = 4096,
) -> list[LikelihoodRequest]:
    """Ask thinned networks to judge a pair, each of them in both orders.

    Parameters: `passes`, how many networks; `rate`, the share of units that each leaves out;
    `seed` of the run, which with the pass's number says which units.

    Raises: UsageError for an impossible number of passes or rate.
    """
    if passes < 1 or not 0 <= rate < 1:
        raise UsageError(f"{passes} passes at rate {rate}: at least 1, and a rate in [0, 1)")
    requests: list[LikelihoodRequest] = []
    for number in range(passes):
        dropout = Dropout(rate, seed_from(seed, f"dropout pass {number}"))
        requests += logit_requests(compared(pair), prompt, max_tokens, dropout)
    return requests


def dropout_judgement(results: Sequence[LikelihoodResult]) -> DropoutJudgement:
    """Read the answers to the `dropout_requests` of one pair.

    Raises: ModelError when they are not two for each pass.
    """
    if not results or len(results) % 2:
        raise ModelError(f"{len(results)} answers: expected two for each pass")
    judged = [logit_judgement(results[i : i + 2]) for i in range(0, len(results), 2)]
    passes = tuple(j.probability for j in judged if j.probability is not None)
    majority = fsum((p > 0.5) + 0.5 * (p == 0.5) for p in passes) / len(passes)
    return DropoutJudgement(bald(passes), _mean(passes), majority, majority < 0.5, passes)


def _mean(values: Sequence[float]) -> float:
    # Counted from the first one, the mean of equal values is that value to the last bit.
    return values[0] + fsum(value - values[0] for value in values) / len(values)
