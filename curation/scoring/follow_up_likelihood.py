"""Follow-up likelihood (FLR): a reply is good when a pleased user is likely to speak next.

A response y to a context c is scored by how likely positive follow-ups F+ are after it, and
how likely negative ones F-:

    s(f | c, y) = mean over the tokens of f of log p(f_t | c, y, f_<t)
    r(c, y)     = mean over dimensions of (mean of s over F+ - mean of s over F-)

Calibrated, the reward of an empty reply is subtracted: what a model thinks of the follow-ups
before it has read anything.

Reference: Zhang et al., Aligning Language Models Using Follow-up Likelihood as Reward
Signal (arXiv 2409.13948), section 3.
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from curation.models.protocols import JointRequest, JointResult, JointScorer
from curation.scoring.follow_up_inventory import (
    DIMENSIONS,
    Inventory,
    check_follow_ups,
    own_follow_ups,
)
from schemas.errors import UsageError
from schemas.records import Message


class FollowUps(NamedTuple):
    """Follow-ups of the chosen dimensions, flat, with the weight of each in the reward."""

    sentences: tuple[str, ...]
    weights: tuple[float, ...]
    """Signed; the positive ones sum to 1, the negative ones to -1."""
    dimensions: tuple[str, ...]
    """The dimension that each sentence belongs to."""


class CandidateRewards(NamedTuple):
    """The rewards of a list of candidates, in the order asked."""

    rewards: list[float]
    """Nats per token."""
    by_dimension: list[dict[str, float]]
    """The same for each dimension; their mean is the reward."""
    cut_messages: int
    """Older messages that were left out, the same for all candidates."""
    tokens: int
    """Tokens that went through the model."""


def choose_follow_ups(
    dimensions: Sequence[str] = DIMENSIONS,
    per_side: int = 4,
    language: str = "en",
    inventory: Inventory | None = None,
) -> FollowUps:
    """Choose follow-ups of some dimensions, the first `per_side` of each polarity.

    Parameters: `inventory`, the user's own (`follow_up_inventory.load_follow_ups`) instead of
    the package's. A dimension named twice counts once.

    Raises: UsageError when the inventory does not hold what is asked for, or is none.

    >>> chosen = choose_follow_ups(["understanding"], per_side=1)
    >>> chosen.sentences
    ('Yes, that is exactly what I meant.', 'No, that is not what I meant.')
    >>> chosen.weights
    (1.0, -1.0)
    """
    languages = own_follow_ups() if inventory is None else check_follow_ups(inventory, "follow-ups")
    by_dimension = languages.get(language)
    if by_dimension is None:
        raise UsageError(f"no follow-ups in {language!r}; there are: {', '.join(languages)}")
    if per_side < 1:
        raise UsageError(f"{per_side} follow-ups a side asked for: at least 1 is needed")
    asked = tuple(dict.fromkeys(dimensions))
    sentences: list[str] = []
    weights: list[float] = []
    for dimension in asked:
        if dimension not in by_dimension:
            raise UsageError(f"no dimension {dimension!r}; there are: {', '.join(by_dimension)}")
        for polarity, sign in (("positive", 1.0), ("negative", -1.0)):
            listed = by_dimension[dimension][polarity]
            if per_side > len(listed):
                raise UsageError(
                    f"{per_side} follow-ups a side asked for, {dimension} has {len(listed)} "
                    f"{polarity} ones in {language!r}"
                )
            sentences += listed[:per_side]
            weights += [sign / (per_side * len(asked))] * per_side
    owners = tuple(dimension for dimension in asked for _ in range(2 * per_side))
    return FollowUps(tuple(sentences), tuple(weights), owners)


def follow_up_reward(
    means: Sequence[float], follow_ups: FollowUps, empty: Sequence[float] | None = None
) -> float:
    """The reward of a response, nats per token.

    Input: for each follow-up, its mean log-probability (nats per token) after the response,
    in the order of `follow_ups.sentences`. Parameters: `empty`, the same after an empty
    reply, calibrates.

    >>> chosen = choose_follow_ups(["understanding"], per_side=1)
    >>> follow_up_reward([-1.5, -4.0], chosen)
    2.5
    >>> follow_up_reward([-1.5, -4.0], chosen, empty=[-2.0, -3.0])
    1.5
    """
    reward = fsum(w * s for w, s in zip(follow_ups.weights, means, strict=True))
    return reward if empty is None else reward - follow_up_reward(empty, follow_ups)


def dimension_rewards(
    means: Sequence[float], follow_ups: FollowUps, empty: Sequence[float] | None = None
) -> dict[str, float]:
    """The reward of a response in each dimension; arguments as of `follow_up_reward`.

    >>> chosen = choose_follow_ups(["relevance", "following"], per_side=1)
    >>> dimension_rewards([-1.0, -2.0, -5.0, -3.0], chosen)
    {'relevance': 1.0, 'following': -2.0}
    """
    names = tuple(dict.fromkeys(follow_ups.dimensions))
    rewards = {}
    for name in names:
        weights = tuple(
            w * len(names) if owner == name else 0.0
            for w, owner in zip(follow_ups.weights, follow_ups.dimensions, strict=True)
        )
        rewards[name] = follow_up_reward(means, follow_ups._replace(weights=weights), empty)
    return rewards


def candidates_request(
    prompt: Sequence[Message],
    responses: Sequence[str],
    follow_ups: FollowUps,
    calibrate: bool = False,
    max_tokens: int = 2048,
) -> JointRequest:
    """Ask for the follow-ups after each candidate, and last after an empty reply to calibrate."""
    asked = [*responses, ""] if calibrate else list(responses)
    return JointRequest(prompt, asked, follow_ups.sentences, False, max_tokens)


def candidate_rewards(
    result: JointResult, follow_ups: FollowUps, calibrate: bool = False
) -> CandidateRewards:
    """Read the answer to a `candidates_request` that was made with the same arguments."""
    measured = list(result.follow_ups)
    empty = measured.pop() if calibrate else None
    return CandidateRewards(
        [follow_up_reward(means, follow_ups, empty) for means in measured],
        [dimension_rewards(means, follow_ups, empty) for means in measured],
        result.cut_messages,
        result.tokens,
    )


def rank_candidates(
    prompt: Sequence[Message],
    responses: Sequence[str],
    model: JointScorer,
    *,
    follow_ups: FollowUps | None = None,
    calibrate: bool = False,
    max_tokens: int = 2048,
) -> CandidateRewards:
    """Score a whole list of candidates in one request, which all see the same history.

    Input: a prompt that ends with a user turn, and replies to it. Output: their rewards, in
    the order of the replies. Parameters: `follow_ups`, by default the first four a side of
    all dimensions in English; `calibrate` subtracts the reward of an empty reply;
    `max_tokens` bounds prompt, reply and follow-up.

    Raises: PromptTooLongError when the last turn and a reply exceed `max_tokens`.
    """
    if not responses:
        return CandidateRewards([], [], 0, 0)
    chosen = choose_follow_ups() if follow_ups is None else follow_ups
    request = candidates_request(prompt, responses, chosen, calibrate, max_tokens)
    [result] = model.measure([request])
    return candidate_rewards(result, chosen, calibrate)
