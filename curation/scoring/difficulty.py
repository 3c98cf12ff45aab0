"""How hard a pair is to learn: how much likelier the reference finds the rejected side.

    c = log ref(y_l | x) - log ref(y_w | x)

A reference model ranks a pair rightly when c < 0. Preference training moves likelihoods
little, so a large c says that the pair will stay ranked wrongly however low its loss.

Reference: Chen et al., Preference Learning Algorithms Do Not Learn Preference Rankings
(arXiv 2405.19534).
"""

from collections.abc import Sequence
from math import fsum, log
from typing import NamedTuple

from curation.scoring.logistic import log_sigmoid
from schemas.errors import UsageError

AGREEMENT_MARGIN = 0.001
"""How far an annotators' agreement is kept from 0 and 1, where its odds are not finite."""


class Difficulty(NamedTuple):
    """Log-likelihood of the rejected side less that of the chosen one, in nats."""

    total: float
    """Of the whole replies."""
    mean: float
    """Per token of each reply: the length-normalised form."""


def pair_difficulty(
    chosen_logprobs: Sequence[float], rejected_logprobs: Sequence[float]
) -> Difficulty:
    """The difficulty of a pair under a reference model.

    Input: the log-probability (nats) of each token of the chosen and the rejected reply, which
    `implicit_reward.sides_request` asks for. An empty reply has likelihood 1.

    >>> pair_difficulty([-1.0, -2.0], [-2.0, -2.0, -2.0, -2.0])
    Difficulty(total=-5.0, mean=-0.5)
    """
    chosen, rejected = fsum(chosen_logprobs), fsum(rejected_logprobs)
    means = rejected / (len(rejected_logprobs) or 1) - chosen / (len(chosen_logprobs) or 1)
    return Difficulty(rejected - chosen, means)


def ranked_correctly(difficulty: float) -> bool:
    """Whether a model of this difficulty finds the chosen side likelier; equal sides are not.

    >>> ranked_correctly(-0.1), ranked_correctly(0.0)
    (True, False)
    """
    return difficulty < 0


def dpo_loss_bound(difficulty: float, beta: float = 0.1) -> float:
    """The DPO loss of a pair at which its ranking turns: -log sigmoid(beta c).

    A policy trained from this reference finds the chosen side at least as likely as the
    rejected one when its loss is at most this, and only then (arXiv 2405.19534, the theorem on
    the loss and the ranking).

    >>> round(dpo_loss_bound(0.0), 4)
    0.6931
    """
    return -log_sigmoid(beta * difficulty)


def idealised_margin(difficulty: float, agreement: float = 0.75, beta: float = 0.1) -> float:
    """Log-likelihood margin (nats) of the pair under a policy that fits the preference fully.

        log(ref(y_w | x) / ref(y_l | x)) + log(alpha / (1 - alpha)) / beta

    Above 0, even perfect training with this reference and `beta` ranks the pair rightly.

    Parameters: `agreement` alpha, the share of annotators who prefer the chosen side; 0.75
    where it is not known, as in the paper.

    Raises: UsageError when the agreement is no share, or `beta` is not above 0.

    Reference: arXiv 2405.19534, idealised ranking accuracy.

    >>> round(idealised_margin(5.0, agreement=0.75, beta=0.1), 3)
    5.986
    >>> idealised_margin(5.0, agreement=0.5)
    -5.0
    """
    if not 0 <= agreement <= 1 or not beta > 0:
        raise UsageError(f"agreement {agreement} must be in [0, 1] and beta {beta} above 0")
    alpha = min(max(agreement, AGREEMENT_MARGIN), 1 - AGREEMENT_MARGIN)
    return log(alpha / (1 - alpha)) / beta - difficulty
