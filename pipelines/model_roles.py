"""Which models a recipe needs, and what it asks of each."""

from typing import NamedTuple

from curation.models.naming import CAPABILITIES, GENERATE, HIDDEN, LIKELIHOOD, parse_model_name
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
    mine, score = recipe.mine, recipe.score
    if role == "policy":
        return {GENERATE} if mine.on_policy or mine.followup_likelihood else set()
    if role == "expert":
        return {GENERATE} if mine.expert else set()
    if role == "judge":
        hinted = mine.expert or mine.on_policy
        by_model = "model" in (recipe.synthesize.preference, recipe.synthesize.safety)
        judged = mine.miners and mine.detector in ("judge", "cascade")
        return {GENERATE} if judged or mine.on_policy or (hinted and by_model) else set()
    likelihood = score.follow_up_likelihood or mine.followup_likelihood
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
