"""Implicit reward: how much more likely a reply is under the policy than under its reference.

    r(x, y) = beta (log pi(y | x) - log ref(y | x)),   log p(y | x) = sum of log p(y_t | x, y_<t)

The policy is the model that preference training has made, the reference the one that it
started from. The mean form divides by the number of tokens of y.

References: Rafailov et al., Direct Preference Optimization (arXiv 2305.18290), section 4;
Muldrew et al., Active Preference Learning for Large Language Models (arXiv 2402.08114).
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from curation.models.protocols import LikelihoodRequest, LikelihoodResult
from curation.scoring.logistic import sigmoid
from schemas.errors import ModelError
from schemas.records import Message


class ImplicitReward(NamedTuple):
    """The implicit reward of a reply, or the margin of two, in nats times beta."""

    total: float
    """Summed over the tokens of the reply, as DPO defines it."""
    mean: float
    """Per token of the reply."""


def sides_request(
    prompt: Sequence[Message],
    chosen: Sequence[Message],
    rejected: Sequence[Message],
    max_tokens: int = 2048,
) -> LikelihoodRequest:
    """Ask how likely both sides of a pair are; for the policy, and for the reference.

    Input: a prompt that ends with a user turn, and the sides of a `PreferencePair`.
    """
    return LikelihoodRequest(prompt, [chosen[0], rejected[0]], max_tokens)


def implicit_reward(
    policy_logprobs: Sequence[float], reference_logprobs: Sequence[float], beta: float = 0.1
) -> ImplicitReward:
    """The implicit reward of one reply.

    Input: the log-probability (nats) of each token of the reply under the policy and under the
    reference. Parameters: `beta` of the policy's training. An empty reply has 0.

    Raises: ModelError when the two models do not part the reply into as many tokens.

    >>> implicit_reward([-1.0, -2.0], [-2.0, -3.0], beta=0.5)
    ImplicitReward(total=1.0, mean=0.5)
    """
    tokens = len(policy_logprobs)
    if tokens != len(reference_logprobs):
        raise ModelError(
            f"the policy makes {tokens} tokens of a reply and the reference "
            f"{len(reference_logprobs)}: an implicit reward needs models of one tokenizer"
        )
    total = beta * (fsum(policy_logprobs) - fsum(reference_logprobs))
    return ImplicitReward(total, total / tokens if tokens else 0.0)


def implicit_margin(
    policy: LikelihoodResult, reference: LikelihoodResult, beta: float = 0.1
) -> ImplicitReward:
    """The implicit reward of the chosen side less that of the rejected one.

    Input: what policy and reference answered to the `sides_request` of one pair.

    Raises: ModelError when the two have not seen the same tokens of prompt or replies.
    """
    if policy.cut_messages != reference.cut_messages:
        raise ModelError(
            f"the policy saw a prompt without its first {policy.cut_messages} messages and the "
            f"reference without {reference.cut_messages}: give both the same max_tokens"
        )
    chosen, rejected = (
        implicit_reward(ours, theirs, beta)
        for ours, theirs in zip(policy.continuations, reference.continuations, strict=True)
    )
    return ImplicitReward(chosen.total - rejected.total, chosen.mean - rejected.mean)


def margin_uncertainty(margin: float) -> float:
    """How open it is which side the policy prefers: 1 - 2 |sigmoid(margin) - 1/2|.

    Input: a margin of implicit rewards. Output: 1 where the sides are equal, towards 0 the
    further they are apart.

    Reference: Active Preference Learning (arXiv 2402.08114), which calls the opposite end
    certainty and keeps the surest pairs.

    >>> margin_uncertainty(0.0), round(margin_uncertainty(-2.0), 4)
    (1.0, 0.2384)
    """
    # The same, without the loss of digits where the sigmoid is close to 1.
    return 2 * sigmoid(-abs(margin))
