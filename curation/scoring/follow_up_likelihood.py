"""Follow-up likelihood (FLR): a reply is good when a pleased user is likely to speak next.

A response y to a context c is scored by how likely positive follow-ups F+ are after it, and
how likely negative ones F-:

    s(f | c, y) = mean over the tokens of f of log p(f_t | c, y, f_<t)
    r(c, y)     = mean over dimensions of (mean of s over F+ - mean of s over F-)

Reference: Zhang et al., Aligning Language Models Using Follow-up Likelihood as Reward
Signal (arXiv 2409.13948), section 3.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

import yaml

from schemas.errors import UsageError

DIMENSIONS = (
    "understanding",
    "relevance",
    "correctness",
    "engagingness",
    "informativeness",
    "following",
)
"""The six dimensions of follow-ups."""


class FollowUps(NamedTuple):
    """Follow-ups of the chosen dimensions, flat, with the weight of each in the reward."""

    sentences: tuple[str, ...]
    weights: tuple[float, ...]
    """Signed; the positive ones sum to 1, the negative ones to -1."""


@cache
def _inventory() -> Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]:
    text = resources.files(__package__).joinpath("follow_ups.yaml").read_text("utf-8")
    return yaml.safe_load(text)


def choose_follow_ups(
    dimensions: Sequence[str] = DIMENSIONS, per_side: int = 4, language: str = "en"
) -> FollowUps:
    """Choose follow-ups of some dimensions, the first `per_side` of each polarity.

    Raises: UsageError when the inventory does not hold what is asked for.

    >>> chosen = choose_follow_ups(["understanding"], per_side=1)
    >>> chosen.sentences
    ('Yes, that is exactly what I meant.', 'No, that is not what I meant.')
    >>> chosen.weights
    (1.0, -1.0)
    """
    by_dimension = _inventory().get(language)
    if by_dimension is None:
        raise UsageError(f"no follow-ups in {language!r}; there are: {', '.join(_inventory())}")
    sentences: list[str] = []
    weights: list[float] = []
    for dimension in dimensions:
        if dimension not in by_dimension:
            raise UsageError(f"no dimension {dimension!r}; there are: {', '.join(by_dimension)}")
        for polarity, sign in (("positive", 1.0), ("negative", -1.0)):
            listed = by_dimension[dimension][polarity]
            if per_side > len(listed):
                raise UsageError(
                    f"{per_side} follow-ups a side asked for, {dimension} has {len(listed)}"
                )
            sentences += listed[:per_side]
            weights += [sign / (per_side * len(dimensions))] * per_side
    return FollowUps(tuple(sentences), tuple(weights))


def follow_up_reward(likelihoods: Sequence[Sequence[float]], follow_ups: FollowUps) -> float:
    """The reward of a response, nats per token.

    Input: for each follow-up, the log-probability (nats) of each of its tokens after the
    response, in the order of `follow_ups.sentences`.

    >>> chosen = choose_follow_ups(["understanding"], per_side=1)
    >>> follow_up_reward([[-1.0, -2.0], [-4.0]], chosen)
    2.5
    """
    means = (sum(tokens) / len(tokens) for tokens in likelihoods)
    return sum(w * s for w, s in zip(follow_ups.weights, means, strict=True))
