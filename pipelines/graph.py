"""The whole pipeline as one graph, read from top to bottom as in the README's picture."""

from typing import NamedTuple

import apache_beam as beam

import schemas.coders  # noqa: F401 (registers the records' coders)
from pipelines import select_settings, settings
from pipelines.graph_candidates import pairs_of_candidates
from pipelines.graph_documents import pairs_of_documents
from pipelines.graph_made import pairs_of_conversations, pairs_of_pairs, with_rationales
from pipelines.graph_measure import measured
from pipelines.graph_parts import Plan, Rereading, Taken, flattened, gates_of, read_sources
from pipelines.model_roles import ModelNames
from pipelines.recipe import Recipe
from schemas.records import PairDraft, PreferencePair
from transforms.budget import KeepWithinBudget
from transforms.clean import CleanConversations
from transforms.deduplicate import DropDuplicateConversations, DropDuplicateDrafts
from transforms.distil import PreparePreferences
from transforms.memo import Memo
from transforms.mine import Mined, MinePairs
from transforms.select import AssignSplit, SelectPairs
from transforms.synthesize import SynthesizePairs


class Delivery(NamedTuple):
    """All that a run delivers, as `sinks.snapshot.WriteSnapshot` takes it."""

    pairs: beam.PCollection
    pool: beam.PCollection
    rankings: beam.PCollection
    signals: beam.PCollection
    rejects: beam.PCollection
    drops: beam.PCollection
    counts: beam.PCollection


def build_graph(
    pipeline: beam.Pipeline,
    recipe: Recipe,
    models: ModelNames,
    code_version: str,
    *,
    memo: Memo | None = None,
) -> Delivery:
    """Lay a recipe's graph into a pipeline.

    Input: an empty pipeline, the recipe, the names that its models have, the version of the
    code for provenance, the place where models' answers are kept (None: nowhere). Output: the
    PCollections to be written.
    """
    taken = Taken(pipeline)
    plan = Plan(pipeline, recipe, models, memo, taken)
    again = Rereading(pipeline, recipe)

    read = [taken.by(records) for records in read_sources(pipeline, recipe)]
    conversations = flattened(pipeline, [r.conversations for r in read], "Conversations")
    if recipe.deduplicate.exact:
        once = DropDuplicateConversations(again.for_ids)
        conversations = taken.copies(conversations | "Deduplicate" >> once)
    cleaned = taken.by(conversations | "Clean" >> CleanConversations(gates_of(recipe)))
    mined = _mine(plan, cleaned.conversations, again)
    documented = pairs_of_documents(plan)
    constructed = pairs_of_candidates(plan, code_version)

    existing = flattened(pipeline, [r.pairs for r in read], "Existing pairs")
    found = [mined.drafts, existing | "As drafts" >> _as_drafts()]
    found += [*documented.drafts, *constructed.drafts]
    drafts = flattened(pipeline, found, "Drafts")
    distinct = taken.surplus(drafts | "One of each pair" >> DropDuplicateDrafts())
    budget = KeepWithinBudget(recipe.mine.max_pairs, recipe.seed, counter="drafts")
    pairs = _complete(plan, taken.surplus(distinct | "Budget" >> budget))

    made = [*documented.pairs, *pairs_of_conversations(plan, cleaned.conversations, again)]
    pairs = flattened(pipeline, [pairs, *made], "Pairs")
    made += (derived := pairs_of_pairs(plan, pairs))
    if made:
        pairs = flattened(pipeline, [pairs, *derived], "All pairs")
        alike = pairs | "Made as drafts" >> _as_drafts()
        one = taken.surplus(alike | "One of each" >> DropDuplicateDrafts("made"))
        pairs = one | "As pairs" >> beam.Map(_pair_of).with_output_types(PreferencePair)

    select = SelectPairs(select_settings.selection(recipe), recipe.seed)
    selected = taken.by(measured(plan, pairs) | "Select" >> select)
    pairs = with_rationales(plan, selected.pairs)
    pool = _finished(selected.pool, "of the pool", recipe, code_version)
    pairs = _finished(pairs, "of the pairs", recipe, code_version)
    rankings = flattened(pipeline, constructed.rankings, "Rankings")
    return Delivery(pairs, pool, rankings, mined.signals, taken.rejects, taken.drops, taken.counts)


def _finished(
    pairs: beam.PCollection, which: str, recipe: Recipe, code_version: str
) -> beam.PCollection:
    stamped = pairs | f"Stamp {which}" >> beam.Map(stamp, code_version).with_output_types(
        PreferencePair
    )
    return stamped | f"Split {which}" >> AssignSplit(recipe.split.test, recipe.seed)


def _mine(plan: Plan, conversations: beam.PCollection, again: Rereading) -> Mined:
    recipe = plan.recipe
    mine = MinePairs(
        recipe.mine.detector,
        settings.builders(recipe),
        judge=settings.turn_judge(recipe, plan.models, plan.memo),
        again=again.mined if recipe.mine.detector == "cascade" else None,
        batch_size=recipe.mine.batch_size,
    )
    mined: Mined = plan.taken.by(conversations | "Mine" >> mine)
    return mined


def _complete(plan: Plan, drafts: beam.PCollection) -> beam.PCollection:
    """Complete pairs out of drafts: preferences first, then what is missing is written."""
    recipe, models, memo = plan.recipe, plan.models, plan.memo
    prepare = PreparePreferences(
        settings.role(recipe, models, "judge"),
        settings.distilling(recipe),
        recipe.synthesize.safety == "model",
        memo,
    )
    write = SynthesizePairs(settings.writers(recipe, models), settings.methods(recipe), memo)
    prepared = plan.taken.by(drafts | "Prepare preferences" >> prepare)
    return plan.taken.by(prepared.drafts | "Synthesize" >> write).pairs


def stamp(pair: PreferencePair, code_version: str) -> PreferencePair:
    """The pair with the version of the code in its provenance."""
    return pair._replace(provenance=pair.provenance._replace(code_version=code_version))


def _as_drafts() -> beam.PTransform:
    return beam.Map(PairDraft, None).with_output_types(PairDraft)


def _pair_of(draft: PairDraft) -> PreferencePair:
    return draft.pair
