"""Measuring preference pairs with a language model: scores are stored, never decided on here."""

from typing import NamedTuple

from curation import progress
from curation.models.protocols import JointRequest, JointScorer
from curation.scoring.ches import ches_score
from curation.scoring.follow_up_likelihood import choose_follow_ups, follow_up_reward
from schemas.records import PreferencePair


class PairScoring(NamedTuple):
    """What to measure of each pair.

    Parameters: `dimensions`, `per_side` and `language` choose the follow-ups of FLR, no
    dimensions means no FLR; `calibrate` subtracts the reward of an empty reply; `ches` asks for
    CHES and lnCHES; `max_tokens` bounds prompt and response.
    """

    dimensions: tuple[str, ...] = ("understanding", "engagingness", "following")
    per_side: int = 4
    language: str = "en"
    calibrate: bool = False
    ches: bool = True
    max_tokens: int = 2048


def score_pair(
    pair: PreferencePair, model: JointScorer, settings: PairScoring = PairScoring()
) -> PreferencePair:
    """Measure one pair; both sides and all follow-ups share one forward pass.

    Output: the pair with `chosen_score`, `rejected_score`, `margin`, `ches` and `ln_ches`
    filled as the settings ask.

    Raises: PromptTooLongError when the last turn and a response exceed `max_tokens`.
    """
    follow_ups = choose_follow_ups(settings.dimensions, settings.per_side, settings.language)
    sides = [pair.chosen[0].content, pair.rejected[0].content]
    request = JointRequest(
        pair.prompt, sides, follow_ups.sentences, settings.ches, settings.max_tokens
    )
    requests = [request]
    if settings.calibrate and follow_ups.sentences:
        requests.append(request._replace(responses=[""], hidden=False))
    results = model.measure(requests)
    progress.count("tokens", sum(result.tokens for result in results))
    if follow_ups.sentences:
        rewards = [follow_up_reward(tokens, follow_ups) for tokens in results[0].follow_ups]
        empty = follow_up_reward(results[1].follow_ups[0], follow_ups) if len(results) > 1 else 0.0
        chosen, rejected = rewards[0] - empty, rewards[1] - empty
        pair = pair._replace(
            chosen_score=chosen, rejected_score=rejected, margin=rewards[0] - rewards[1]
        )
    if settings.ches:
        pair = pair._replace(**ches_score(*results[0].hidden)._asdict())
    return pair
