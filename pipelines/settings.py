"""What a recipe's sections mean to the transforms: the recipe's words as their settings."""

from typing import Any

from curation.feedback.builders import Builders
from curation.feedback.distil import Distilling
from curation.feedback.edits import EditSettings
from curation.feedback.hindsight import HindsightSettings
from curation.feedback.pairs import (
    ExpertSettings,
    FollowUpLikelihoodSettings,
    OnPolicySettings,
    RankedSiblingSettings,
)
from curation.feedback.revisions import RevisionSettings
from curation.feedback.rubric import RUBRIC, load_rubric
from curation.feedback.turn_judge import TurnJudging
from curation.scoring.follow_up_inventory import load_follow_ups
from curation.scoring.pairs import PairScoring
from curation.synthesis.reply import ReplySampling
from pipelines.candidate_settings import pairing
from pipelines.model_roles import ModelNames, has_likelihoods, holds_to_json, spec_of
from pipelines.recipe import Recipe
from transforms.inference import ModelSettings
from transforms.label import JudgeTurns
from transforms.memo import Memo
from transforms.model_step import Role
from transforms.synthesize import METHODS, Writers


def role(recipe: Recipe, models: ModelNames, name: str) -> Role:
    """A model of the recipe in its role."""
    settings = ModelSettings(**spec_of(recipe, name).model_dump())
    return Role(settings, getattr(models, name))


def builders(recipe: Recipe) -> Builders:
    """The pair builders that are on."""
    mine, sure = recipe.mine, recipe.mine.min_confidence
    on: dict[str, Any] = {
        "expert": mine.expert and ExpertSettings(sure, mine.expert.max_per_conversation),
        "on_policy": mine.on_policy and OnPolicySettings(sure, mine.on_policy.max_per_conversation),
        "revisions": mine.revisions and RevisionSettings(sure, mine.revisions.accept_silence),
        "hindsight": mine.hindsight
        and HindsightSettings(min_confidence=sure, similarity=mine.hindsight.similarity),
        "followup_likelihood": mine.followup_likelihood
        and FollowUpLikelihoodSettings(**mine.followup_likelihood.model_dump()),
        "edits": mine.edits and EditSettings(max_distance=mine.edits.max_distance),
        "ranked_siblings": mine.ranked_siblings
        and RankedSiblingSettings(mine.ranked_siblings.max_pairs_per_prompt),
    }
    return Builders(**on)


def turn_judge(recipe: Recipe, models: ModelNames, memo: Memo | None) -> JudgeTurns | None:
    """The judge of user turns, where the detector is one that asks it."""
    if recipe.mine.detector not in ("judge", "cascade"):
        return None
    asked = recipe.mine.judge
    judging = TurnJudging(
        form="json" if holds_to_json(recipe.models.judge) else "likelihood",
        rubric=load_rubric(asked.rubric) if asked.rubric else RUBRIC,
        turns_per_window=asked.turns_per_window,
        overlap=asked.overlap,
        seed=recipe.seed,
    )
    judge = role(recipe, models, "judge")
    return JudgeTurns(judge, judging, asked.max_share, asked.max_tokens, memo)


def distilling(recipe: Recipe) -> Distilling | None:
    """How a model puts preferences into words; None for the rules."""
    if recipe.synthesize.preference == "rules":
        return None
    return Distilling(seed=recipe.seed, guided=holds_to_json(recipe.models.judge))


def sampling(recipe: Recipe) -> ReplySampling:
    """How replies are sampled."""
    return ReplySampling(seed=recipe.seed, **recipe.synthesize.reply.model_dump())


def writers(recipe: Recipe, models: ModelNames) -> Writers:
    """The models that complete drafts, and how they are asked."""
    ranked = recipe.mine.followup_likelihood
    return Writers(
        expert=role(recipe, models, "expert"),
        policy=role(recipe, models, "policy"),
        judge=role(recipe, models, "judge"),
        scorer=role(recipe, models, "scorer"),
        sampling=sampling(recipe),
        samples=ranked.samples if ranked else 1,
        judge_form="likelihood" if has_likelihoods(recipe.models.judge) else "words",
        scoring=ranking(recipe),
        pairing=pairing(recipe),
    )


def methods(recipe: Recipe) -> tuple[str, ...]:
    """Methods of the drafts that a model has to complete."""
    return tuple(name for name in METHODS if name in recipe.mine.miners)


def scoring(recipe: Recipe) -> PairScoring:
    """What is measured of each pair."""
    score = recipe.score
    flr = score.follow_up_likelihood
    asked: dict[str, Any] = flr.model_dump() if flr else {"dimensions": ()}
    if asked.get("inventory"):
        asked["inventory"] = load_follow_ups(asked["inventory"])
    return PairScoring(**asked, ches=score.ches, max_tokens=score.max_tokens)


def ranking(recipe: Recipe) -> PairScoring:
    """By what samples are ranked: as pairs are scored, with FLR's defaults where that is off."""
    wanted = scoring(recipe)
    return wanted if wanted.dimensions else PairScoring(max_tokens=wanted.max_tokens)
