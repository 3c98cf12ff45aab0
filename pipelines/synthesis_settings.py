"""What a recipe says about made pairs, as the settings of the synthesizers."""

from collections.abc import Callable
from functools import partial

from curation.documents.gates import DocumentGates
from curation.documents.votes import VoteSettings
from curation.scoring.rubric_scoring import RubricScoring
from curation.synthesis.attributes_rewrite import AttributeSettings
from curation.synthesis.attributes_rewrite import check_settings as check_attributes
from curation.synthesis.context_reversal import ContextSettings
from curation.synthesis.instructions import InstructionSettings
from curation.synthesis.instructions import check_settings as check_instructions
from curation.synthesis.judgments import JudgmentSettings
from curation.synthesis.meaning import MeaningSettings
from curation.synthesis.rationales import RationaleSettings
from curation.synthesis.reasoning import ReasoningSettings
from curation.synthesis.reply import ReplySampling
from curation.synthesis.rubric_drafts import RubricPairSettings
from curation.synthesis.ugc import UgcSettings
from curation.synthesis.ugc import checked as check_ugc
from pipelines.candidate_settings import pairing
from pipelines.model_roles import has_likelihoods
from pipelines.recipe import Recipe
from pipelines.recipe_mining import Votes
from pipelines.recipe_synthesis import (
    Attributes,
    ContextReversals,
    Instructions,
    Judgments,
    Rationales,
    Reasoning,
    RubricPairs,
    Ugc,
)
from pipelines.settings import ranking, sampling
from schemas.errors import UsageError


def problems(recipe: Recipe) -> dict[str, str]:
    """What is wrong with the sections of made pairs beyond types and ranges, by section."""
    made = recipe.synthesize
    checks: dict[str, Callable[[], object]] = {}
    if recipe.mine.votes:
        checks["mine.votes"] = votes(recipe.mine.votes).check
    if made.ugc:
        checks["synthesize.ugc"] = partial(check_ugc, ugc(recipe, made.ugc))
    if made.attributes:
        edits = attributes(recipe, made.attributes)
        checks["synthesize.attributes"] = partial(check_attributes, edits)
    if made.instructions:
        chosen = instructions(recipe, made.instructions)
        checks["synthesize.instructions"] = partial(check_instructions, chosen)
    found = {}
    for section, check in checks.items():
        try:
            check()
        except UsageError as error:
            found[section] = str(error)
    return found


def judge_form(recipe: Recipe) -> str:
    """How the judge is asked to choose: by likelihood where its backend can."""
    return "likelihood" if has_likelihoods(recipe.models.judge) else "words"


def document_gates(recipe: Recipe) -> DocumentGates:
    """Which documents are worth working on."""
    return DocumentGates(**recipe.clean.documents.model_dump())


def votes(asked: Votes) -> VoteSettings:
    """Which votes make a pair."""
    return VoteSettings(**asked.model_dump())


def ugc(recipe: Recipe, asked: Ugc) -> UgcSettings:
    """How pairs are made of documents."""
    return UgcSettings(
        questions=asked.questions,
        max_shared_words=asked.max_shared_words,
        relevance=asked.relevance,
        samples=asked.responses,
        least=asked.min_responses,
        sampling=sampling(recipe),
        signals=asked.signals,
        judge_form=judge_form(recipe),
        repeats=asked.repeats,
        scoring=ranking(recipe),
        min_gap=asked.min_gap,
        pairing=pairing(recipe),
    )


def rubric_pairs(recipe: Recipe, asked: RubricPairs) -> RubricPairSettings:
    """How mirrored pairs are written."""
    return RubricPairSettings(
        rubrics=asked.rubrics or (),
        min_level_distance=asked.min_level_distance,
        condense=asked.condense,
        sampling=sampling(recipe),
        verify=asked.verify,
        verification=RubricScoring(form=judge_form(recipe), seed=recipe.seed),
    )


def rubric_scoring(recipe: Recipe, rubrics: tuple[str, ...]) -> RubricScoring:
    """How pairs are scored by rubrics."""
    return RubricScoring(
        rubrics=rubrics,
        form=judge_form(recipe),
        seed=recipe.seed,
        max_prompt_tokens=recipe.score.max_tokens,
    )


def attributes(recipe: Recipe, asked: Attributes) -> AttributeSettings:
    """How replies are rewritten."""
    settings = AttributeSettings(
        attributes_per_exchange=asked.attributes_per_exchange,
        sampling=sampling(recipe),
        meaning=MeaningSettings(similarity=asked.similarity),
        verify=asked.verify,
        form=judge_form(recipe),
    )
    return settings._replace(attributes=asked.attributes) if asked.attributes else settings


def reasoning(recipe: Recipe, asked: Reasoning) -> ReasoningSettings:
    """How solutions are corrupted."""
    return ReasoningSettings(seed=recipe.seed, max_per_exchange=asked.max_per_exchange)


def judgments(recipe: Recipe, asked: Judgments) -> JudgmentSettings:
    """How verdicts are sampled."""
    default = JudgmentSettings()
    return default._replace(
        samples=asked.samples,
        sampling=_seeded(default.sampling, recipe, asked.max_new_tokens),
        max_pairs=asked.max_per_pair,
    )


def context_reversals(recipe: Recipe, asked: ContextReversals) -> ContextSettings:
    """How criteria are written and checked."""
    default = ContextSettings()
    return default._replace(
        sampling=_seeded(default.sampling, recipe, asked.max_new_tokens),
        check=asked.check,
        form=judge_form(recipe),
    )


def instructions(recipe: Recipe, asked: Instructions) -> InstructionSettings:
    """How instructions are chosen."""
    settings = InstructionSettings(
        seed=recipe.seed,
        max_instructions=asked.max_instructions,
        require_both=asked.require_both,
        intra=asked.intra,
    )
    return settings._replace(kinds=asked.kinds) if asked.kinds else settings


def rationales(recipe: Recipe, asked: Rationales) -> RationaleSettings:
    """How rationales are written and checked."""
    default = RationaleSettings()
    return default._replace(
        kinds=asked.kinds,
        sampling=_seeded(default.sampling, recipe, asked.max_new_tokens),
        check=asked.check,
        form=judge_form(recipe),
    )


def _seeded(sampling: ReplySampling, recipe: Recipe, max_new_tokens: int) -> ReplySampling:
    return sampling._replace(seed=recipe.seed, max_new_tokens=max_new_tokens)
