"""The part of the graph that makes pairs on purpose, and gives reasons for pairs."""

from typing import Any

import apache_beam as beam

from pipelines import synthesis_settings as settings
from pipelines.graph_parts import Plan, Rereading, conversation_id_of
from pipelines.settings import role
from schemas.records import Conversation, PreferencePair
from transforms.attributes import SynthesizeAttributeEdits
from transforms.budget import KeepWithinBudget
from transforms.context_reversal import SynthesizeContextReversals
from transforms.instructions import SynthesizeInstructions
from transforms.judgments import SynthesizeJudgments
from transforms.rationales import SynthesizeRationales
from transforms.reasoning import SynthesizeCorruptedReasoning
from transforms.rubrics import SynthesizeRubricPairs


def pairs_of_conversations(
    plan: Plan, conversations: beam.PCollection, again: Rereading
) -> list[beam.PCollection]:
    """Pairs made from the first exchanges of conversations, a PCollection for each kind."""
    recipe, made = plan.recipe, []
    synthesize = recipe.synthesize

    if synthesize.rubric_pairs:
        writes = SynthesizeRubricPairs(
            _writer(plan),
            settings.rubric_pairs(recipe, synthesize.rubric_pairs),
            plan.memo,
            judge=_judge(plan) if synthesize.rubric_pairs.verify else None,
        )
        some = _some_conversations(
            plan, conversations, again, synthesize.rubric_pairs.max_conversations, "rubric_budget"
        )
        made.append(plan.taken.by(some | "Rubric pairs" >> writes).pairs)
    if synthesize.attributes:
        edits = SynthesizeAttributeEdits(
            _writer(plan),
            _judge(plan),
            settings.attributes(recipe, synthesize.attributes),
            plan.memo,
        )
        some = _some_conversations(
            plan, conversations, again, synthesize.attributes.max_conversations, "attribute_budget"
        )
        made.append(plan.taken.by(some | "Attribute edits" >> edits).pairs)
    if synthesize.reasoning:
        corrupts = SynthesizeCorruptedReasoning(settings.reasoning(recipe, synthesize.reasoning))
        made.append(plan.taken.by(conversations | "Corrupted reasoning" >> corrupts).pairs)
    return made


def pairs_of_pairs(plan: Plan, pairs: beam.PCollection) -> list[beam.PCollection]:
    """New pairs made out of pairs, a PCollection for each kind."""
    recipe, made = plan.recipe, []
    synthesize = recipe.synthesize

    if synthesize.judgments:
        judges = SynthesizeJudgments(
            _judge(plan), settings.judgments(recipe, synthesize.judgments), plan.memo
        )
        some = _some_pairs(plan, pairs, synthesize.judgments.max_pairs, "judgment_budget")
        made.append(plan.taken.by(some | "Judgments" >> judges).pairs)
    if synthesize.context_reversals:
        reverses = SynthesizeContextReversals(
            _writer(plan),
            _judge(plan),
            settings.context_reversals(recipe, synthesize.context_reversals),
            plan.memo,
        )
        some = _some_pairs(plan, pairs, synthesize.context_reversals.max_pairs, "context_budget")
        made.append(plan.taken.by(some | "Context reversals" >> reverses).pairs)
    if synthesize.instructions:
        instructs = SynthesizeInstructions(settings.instructions(recipe, synthesize.instructions))
        made.append(plan.taken.by(pairs | "Instructions" >> instructs).pairs)
    return made


def with_rationales(plan: Plan, pairs: beam.PCollection) -> beam.PCollection:
    """The pairs with reasons, where the recipe wants them."""
    asked = plan.recipe.synthesize.rationales
    if not asked:
        return pairs
    explain = SynthesizeRationales(
        _writer(plan), _judge(plan), settings.rationales(plan.recipe, asked), plan.memo
    )
    return plan.taken.by(pairs | "Rationales" >> explain).pairs


def _some_conversations(
    plan: Plan, conversations: beam.PCollection, again: Rereading, most: int | None, stage: str
) -> beam.PCollection:
    if most is None:
        return conversations
    draw = KeepWithinBudget(
        most,
        plan.recipe.seed,
        stage=stage,
        identify=conversation_id_of,
        record=Conversation,
        again=again.mined,
    )
    return plan.taken.surplus(conversations | f"Draw for {stage}" >> draw)


def _some_pairs(
    plan: Plan, pairs: beam.PCollection, most: int | None, stage: str
) -> beam.PCollection:
    if most is None:
        return pairs
    seed = plan.recipe.seed
    draw = KeepWithinBudget(most, seed, stage=stage, identify=_pair_id, record=PreferencePair)
    return plan.taken.surplus(pairs | f"Draw for {stage}" >> draw)


def _writer(plan: Plan) -> Any:
    return role(plan.recipe, plan.models, "expert")


def _judge(plan: Plan) -> Any:
    return role(plan.recipe, plan.models, "judge")


def _pair_id(pair: PreferencePair) -> str:
    return pair.id
