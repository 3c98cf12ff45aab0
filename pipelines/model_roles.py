"""Which models a recipe needs, and what it asks of each."""

from typing import NamedTuple

from curation.models.naming import (
    CAPABILITIES,
    DROPOUT,
    GENERATE,
    HIDDEN,
    LIKELIHOOD,
    parse_model_name,
)
from pipelines.recipe import ModelSpec, Recipe


class ModelNames(NamedTuple):
    """`name@revision` of the models of a run, by role, for provenance; empty without work."""

    policy: str = ""
    expert: str = ""
    judge: str = ""
    scorer: str = ""


def asked_of(recipe: Recipe, role: str) -> set[str]:
    """What a recipe asks of a role's model, in the words of `curation.models.naming`.

    >>> asked_of(Recipe(name="x"), "policy")
    set()
    """
    asked = {"policy": _policy, "expert": _expert, "judge": _judge, "scorer": _scorer}
    return asked[role](recipe)


def _policy(recipe: Recipe) -> set[str]:
    sure = recipe.score.uncertainty
    writes = (
        recipe.mine.on_policy
        or recipe.mine.followup_likelihood
        or recipe.synthesize.ugc
        or sure.predictive_entropy
    )
    return ({GENERATE} if writes else set()) | ({LIKELIHOOD} if sure.implicit_margin else set())


def _expert(recipe: Recipe) -> set[str]:
    made = recipe.synthesize
    writes = made.rubric_pairs or made.attributes or made.context_reversals or made.rationales
    return {GENERATE} if recipe.mine.expert or writes else set()


def _judge(recipe: Recipe) -> set[str]:
    mine, made = recipe.mine, recipe.synthesize
    hinted = mine.expert or mine.on_policy
    checks = (
        mine.miners and mine.detector in ("judge", "cascade"),
        mine.on_policy,
        hinted and "model" in (made.preference, made.safety),
        made.ugc,
        made.rubric_pairs and made.rubric_pairs.verify,
        made.attributes and made.attributes.verify != "none",
        made.judgments,
        made.context_reversals and made.context_reversals.check,
        made.rationales and made.rationales.check,
        recipe.score.rubric,
        recipe.score.uncertainty.judge_consistency,
    )
    thinned = {DROPOUT} if recipe.score.uncertainty.bald else set()
    return ({GENERATE} if any(checks) else set()) | thinned


def _scorer(recipe: Recipe) -> set[str]:
    score, ugc = recipe.score, recipe.synthesize.ugc
    likelihood = (
        score.follow_up_likelihood
        or recipe.mine.followup_likelihood
        or (ugc and "follow_up_likelihood" in ugc.signals)
        or score.uncertainty.implicit_margin
    )
    return ({LIKELIHOOD} if likelihood else set()) | ({HIDDEN} if score.ches else set())


def lacking(recipe: Recipe, role: str) -> list[str]:
    """What a recipe asks of a role's model that its backend cannot give, in order."""
    backend = parse_model_name(spec_of(recipe, role).name).backend
    return sorted(asked_of(recipe, role) - CAPABILITIES[backend])


def spec_of(recipe: Recipe, role: str) -> ModelSpec:
    """The model of a role."""
    spec: ModelSpec = getattr(recipe.models, role)
    return spec


def has_likelihoods(spec: ModelSpec) -> bool:
    """Whether a judge can be asked for likelihoods; else it answers in words."""
    return LIKELIHOOD in CAPABILITIES[parse_model_name(spec.name).backend]


def holds_to_json(spec: ModelSpec) -> bool:
    """Whether a model's answer can be held to a JSON schema while it is written."""
    return parse_model_name(spec.name).backend in ("vllm", "openai")
