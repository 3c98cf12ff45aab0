"""The stages of the funnel, in the order of the graph, and which of them a recipe has work for."""

from pipelines.measure_settings import labels
from pipelines.recipe import Recipe

STAGES = (
    "ingest",
    "deduplicate",
    "clean",
    "mine",
    "clean_documents",
    "votes",
    "deduplicate_candidates",
    "construct",
    "pairs",
    "budget",
    "preference",
    "safety",
    "safety_judge",
    "synthesize",
    "checklist",
    "rank",
    "deduplicate_documents",
    "ugc_budget",
    "question",
    "relevance",
    "responses",
    "reference_judge",
    "similarity",
    "rubric_budget",
    "rubric_draw",
    "rubric_condense",
    "rubric_responses",
    "rubric_verify",
    "attribute_budget",
    "attribute_exchange",
    "attribute_rewrite",
    "attribute_check",
    "reasoning",
    "judgment_budget",
    "judgments",
    "context_budget",
    "context_criteria",
    "context_check",
    "instructions",
    "made",
    "rubric_score",
    "score",
    "judge_consistency",
    "bald",
    "predictive_entropy",
    "implicit_policy",
    "implicit_reference",
    "clusters",
    "measure",
    "labels",
    "select",
    "rationales",
    "rationale_check",
    "write",
)
"""Stages of the funnel, in order."""


def stages_of(recipe: Recipe) -> tuple[str, ...]:
    """The stages that a recipe has work for, in order.

    >>> "rank" in stages_of(Recipe(name="x"))
    False
    """
    miners, synthesis = recipe.mine.miners, recipe.synthesize
    sources, ugc, attributes = recipe.sources, synthesis.ugc, synthesis.attributes
    candidates = sources.candidates
    chats = bool(sources.conversations or sources.pairs or not (sources.documents or candidates))
    drafts = chats or recipe.mine.votes or candidates
    sure = recipe.score.uncertainty
    ranked = "followup_likelihood" in miners
    hinted = "expert" in miners or "on_policy" in miners
    has_work = {
        "deduplicate": chats,
        "clean": chats,
        "mine": chats,
        "deduplicate_documents": ugc and recipe.deduplicate.exact,
        "clean_documents": bool(sources.documents),
        "votes": recipe.mine.votes,
        "deduplicate_candidates": candidates and recipe.deduplicate.exact,
        "construct": candidates,
        "pairs": drafts,
        "budget": drafts,
        "synthesize": drafts,
        "preference": hinted and synthesis.preference == "model",
        "safety": hinted,
        "safety_judge": hinted and synthesis.safety == "model",
        "checklist": "on_policy" in miners,
        "rank": ranked or (ugc and "follow_up_likelihood" in ugc.signals),
        "ugc_budget": ugc and ugc.max_documents,
        "question": ugc,
        "relevance": ugc,
        "responses": ugc,
        "reference_judge": ugc and "judge" in ugc.signals,
        "similarity": ugc and "similarity" in ugc.signals,
        "rubric_budget": synthesis.rubric_pairs and synthesis.rubric_pairs.max_conversations,
        "rubric_condense": synthesis.rubric_pairs and synthesis.rubric_pairs.condense == "model",
        "rubric_draw": synthesis.rubric_pairs,
        "rubric_responses": synthesis.rubric_pairs,
        "rubric_verify": synthesis.rubric_pairs and synthesis.rubric_pairs.verify,
        "attribute_budget": attributes and attributes.max_conversations,
        "attribute_exchange": attributes,
        "attribute_rewrite": attributes,
        "attribute_check": attributes and attributes.verify != "none",
        "reasoning": synthesis.reasoning,
        "judgment_budget": synthesis.judgments and synthesis.judgments.max_pairs,
        "judgments": synthesis.judgments,
        "context_budget": synthesis.context_reversals and synthesis.context_reversals.max_pairs,
        "context_criteria": synthesis.context_reversals,
        "context_check": synthesis.context_reversals and synthesis.context_reversals.check,
        "instructions": synthesis.instructions,
        "made": synthesis.makes,
        "rubric_score": recipe.score.rubric,
        "score": recipe.score.follow_up_likelihood or recipe.score.ches,
        "judge_consistency": sure.judge_consistency,
        "bald": sure.bald,
        "predictive_entropy": sure.predictive_entropy,
        "implicit_policy": sure.implicit_margin,
        "implicit_reference": sure.implicit_margin,
        "clusters": recipe.score.clusters,
        "labels": labels(recipe),
        "rationales": synthesis.rationales,
        "rationale_check": synthesis.rationales and synthesis.rationales.check,
    }
    return tuple(stage for stage in STAGES if has_work.get(stage, True))
