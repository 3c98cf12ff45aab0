"""Measuring preference pairs with a language model: scores are stored, never decided on here."""

from functools import cache
from typing import NamedTuple

from curation.models.protocols import JointRequest, JointResult, JointScorer
from curation.scoring.ches import pair_similarity
from curation.scoring.follow_up_inventory import Inventory
from curation.scoring.follow_up_likelihood import FollowUps, choose_follow_ups, follow_up_reward
from schemas.ids import content_id
from schemas.records import PreferencePair


class PairScoring(NamedTuple):
    """What to measure of each pair.

    Parameters: `dimensions`, `per_side`, `language` and `inventory` choose the follow-ups of
    FLR (`choose_follow_ups`), no dimensions means no FLR; `calibrate` subtracts the reward of an
    empty reply; `ches` asks for CHES, lnCHES and the other two of `curation.scoring.ches`;
    `max_tokens` bounds prompt and response.
    """

    dimensions: tuple[str, ...] = ("understanding", "engagingness", "following")
    per_side: int = 4
    language: str = "en"
    calibrate: bool = False
    ches: bool = True
    max_tokens: int = 2048
    inventory: Inventory | None = None


def pair_request(pair: PreferencePair, settings: PairScoring = PairScoring()) -> JointRequest:
    """What a scorer is asked of a pair: both sides and all follow-ups in one forward pass.

    Parameters: `settings`; with `calibrate` an empty reply is measured as a third side.
    """
    sides = [pair.chosen[0].content, pair.rejected[0].content]
    follow_ups = chosen_follow_ups(settings).sentences
    if settings.calibrate and follow_ups:
        sides.append("")
    return JointRequest(pair.prompt, sides, follow_ups, settings.ches, settings.max_tokens)


def with_scores(
    pair: PreferencePair, result: JointResult, settings: PairScoring = PairScoring()
) -> PreferencePair:
    """The pair with what the scorer has answered.

    Input: the pair, the answer to its `pair_request`. Output: the pair with `chosen_score`,
    `rejected_score`, `margin`, the similarity scores and `cut_messages` filled as the settings
    ask; a pair of the method `edits` keeps its margin, which is an edit distance.
    """
    follow_ups = chosen_follow_ups(settings)
    if follow_ups.sentences:
        rewards = [follow_up_reward(means, follow_ups) for means in result.follow_ups]
        empty = rewards[2] if len(rewards) > 2 else 0.0
        margin = pair.margin if pair.method == "edits" else rewards[0] - rewards[1]
        pair = pair._replace(
            chosen_score=rewards[0] - empty, rejected_score=rewards[1] - empty, margin=margin
        )
    if result.similarity:
        pair = pair._replace(**pair_similarity(result.similarity)._asdict())
    return pair._replace(cut_messages=max(pair.cut_messages or 0, result.cut_messages))


def score_pair(
    pair: PreferencePair, model: JointScorer, settings: PairScoring = PairScoring()
) -> PreferencePair:
    """Measure one pair.

    Output: as `with_scores`.

    Raises: PromptTooLongError when the last turn and a response exceed `max_tokens`.
    """
    [result] = model.measure([pair_request(pair, settings)])
    return with_scores(pair, result, settings)


def follow_ups_name(settings: PairScoring) -> str | None:
    """What provenance calls the chosen follow-ups: `follow_ups@` and their hash; None without.

    >>> follow_ups_name(PairScoring(dimensions=())) is None
    True
    """
    sentences = chosen_follow_ups(settings).sentences
    return f"follow_ups@{content_id(sentences)[:12]}" if sentences else None


def chosen_follow_ups(settings: PairScoring) -> FollowUps:
    """The follow-ups that the settings choose; empty without dimensions.

    >>> chosen_follow_ups(PairScoring(dimensions=("relevance",), per_side=1)).weights
    (1.0, -1.0)
    """
    chosen = settings.dimensions, settings.per_side, settings.language
    if settings.inventory is None:
        return _own_follow_ups(*chosen)
    return choose_follow_ups(*chosen, settings.inventory)


@cache
def _own_follow_ups(dimensions: tuple[str, ...], per_side: int, language: str) -> FollowUps:
    return choose_follow_ups(dimensions, per_side, language)
