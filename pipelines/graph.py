"""The whole pipeline as one graph, read from top to bottom as in the README's picture."""

from typing import NamedTuple

import apache_beam as beam

import schemas.coders  # noqa: F401 (registers the records' coders)
from curation.cleaning import Gates, refuse
from pipelines import settings
from pipelines.model_roles import ModelNames
from pipelines.recipe import Recipe, Source
from schemas.records import Conversation, Drop, PairDraft, Reject
from transforms.clean import CleanConversations
from transforms.deduplicate import (
    DropDuplicateConversations,
    DropDuplicateDrafts,
    KeepWithinBudget,
)
from transforms.distil import PreparePreferences
from transforms.ingest import ReadRecords, Records
from transforms.memo import Memo
from transforms.mine import MinePairs
from transforms.score import ScorePairs
from transforms.select import AssignSplit, SelectPairs
from transforms.synthesize import SynthesizePairs

STAGES = (
    "ingest",
    "deduplicate",
    "clean",
    "mine",
    "pairs",
    "budget",
    "preference",
    "safety",
    "safety_judge",
    "synthesize",
    "checklist",
    "rank",
    "score",
    "select",
    "write",
)
"""Stages of the funnel, in order."""


def stages_of(recipe: Recipe) -> tuple[str, ...]:
    """The stages that a recipe has work for, in order.

    >>> "rank" in stages_of(Recipe(name="x"))
    False
    """
    miners, synthesis = recipe.mine.miners, recipe.synthesize
    hinted = "expert" in miners or "on_policy" in miners
    has_work = {
        "preference": hinted and synthesis.preference == "model",
        "safety": hinted,
        "safety_judge": hinted and synthesis.safety == "model",
        "checklist": "on_policy" in miners,
        "rank": "followup_likelihood" in miners,
    }
    return tuple(stage for stage in STAGES if has_work.get(stage, True))


class Delivery(NamedTuple):
    """All that a run delivers, as `sinks.snapshot.WriteSnapshot` takes it."""

    pairs: beam.PCollection
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
    read = _read_all(pipeline, recipe)
    rejects = [records.rejects for records in read]
    counts = [records.counts for records in read]

    conversations = [r.conversations for r in read] | "Conversations" >> beam.Flatten()
    again = None
    if recipe.deduplicate.exact:
        # Reading twice is cheaper than keeping every conversation until all ids are known.
        again = _conversations_again(pipeline, recipe, "for ids")
    if recipe.deduplicate.exact:
        unique = conversations | "Deduplicate" >> DropDuplicateConversations(again)
        conversations = unique.kept
        rejects.append(unique.removed)
        counts.append(unique.counts)

    gates = Gates(**recipe.clean.model_dump())
    cleaned = conversations | "Clean" >> CleanConversations(gates)
    mined = cleaned.conversations | "Mine" >> MinePairs(
        recipe.mine.detector,
        settings.builders(recipe),
        judge=settings.turn_judge(recipe, models, memo),
        again=_surveyed(pipeline, recipe, gates, again),
        batch_size=recipe.mine.batch_size,
    )

    existing = [r.pairs for r in read] | "Existing pairs" >> beam.Flatten()
    found = existing | "As drafts" >> beam.Map(PairDraft, None).with_output_types(PairDraft)
    drafts = (mined.drafts, found) | "Drafts" >> beam.Flatten()
    stamped = drafts | "Stamp" >> beam.Map(stamp, code_version).with_output_types(PairDraft)
    distinct = stamped | "One of each pair" >> DropDuplicateDrafts()
    budgeted = distinct.kept | "Budget" >> KeepWithinBudget(recipe.mine.max_pairs, recipe.seed)

    prepared = budgeted.kept | "Prepare preferences" >> PreparePreferences(
        settings.role(recipe, models, "judge"),
        settings.distilling(recipe),
        recipe.synthesize.safety == "model",
        memo,
    )
    written = prepared.drafts | "Synthesize" >> SynthesizePairs(
        settings.writers(recipe, models), settings.methods(recipe), memo
    )
    pairs = written.pairs
    scoring = settings.scoring(recipe)
    if scoring.dimensions or scoring.ches:
        scorer = settings.role(recipe, models, "scorer")
        scored = pairs | "Score" >> ScorePairs(scorer, scoring, memo)
        pairs = scored.pairs
        rejects.append(scored.rejects)
        counts.append(scored.counts)

    selected = pairs | "Select" >> SelectPairs(settings.selection(recipe))
    split = selected.pairs | "Split" >> AssignSplit(recipe.split.test, recipe.seed)

    rejects += [cleaned.rejects, prepared.rejects, written.rejects]
    drops = [distinct.removed, budgeted.removed, prepared.drops, written.drops, selected.drops]
    stages = (cleaned, mined, distinct, budgeted, prepared, written, selected)
    counts += [stage.counts for stage in stages]
    return Delivery(
        split,
        mined.signals,
        rejects | "All rejects" >> beam.Flatten() | "Rejects" >> _typed(Reject),
        drops | "All drops" >> beam.Flatten() | "Drops" >> _typed(Drop),
        counts | "All counts" >> beam.Flatten(),
    )


def _surveyed(
    pipeline: beam.Pipeline, recipe: Recipe, gates: Gates, ids: beam.PCollection | None
) -> beam.PCollection | None:
    """What is mined, read once more for the budget of the judge; None where there is none."""
    if recipe.mine.detector != "cascade":
        return None
    read = _conversations_again(pipeline, recipe, "to survey")
    if ids is not None:
        read = (read | "Deduplicate the survey" >> DropDuplicateConversations(ids)).kept
    return read | "Clean the survey" >> beam.Filter(_is_kept, gates)


def _is_kept(conversation: Conversation, gates: Gates) -> bool:
    return refuse(conversation, gates) is None


def _conversations_again(pipeline: beam.Pipeline, recipe: Recipe, purpose: str) -> beam.PCollection:
    read = _read_all(pipeline, recipe, f" {purpose}", silent=True)
    return [r.conversations for r in read] | f"Conversations {purpose}" >> beam.Flatten()


def stamp(draft: PairDraft, code_version: str) -> PairDraft:
    """The draft with the version of the code in its provenance."""
    provenance = draft.pair.provenance._replace(code_version=code_version)
    return draft._replace(pair=draft.pair._replace(provenance=provenance))


def _read_all(
    pipeline: beam.Pipeline, recipe: Recipe, purpose: str = "", silent: bool = False
) -> list[Records]:
    sources = {"conversations": recipe.sources.conversations, "pairs": recipe.sources.pairs}
    return [
        pipeline | f"Read {kind}{purpose}" >> _reader(source, silent)
        for kind, source in sources.items()
        if source
    ]


def _reader(source: Source, silent: bool) -> ReadRecords:
    return ReadRecords(
        source.paths,
        format=source.format,
        source=source.name,
        limit=source.limit,
        max_turn_chars=source.max_turn_chars,
        user_salt=source.user_salt,
        silent=silent,
    )


def _typed(record: type) -> beam.PTransform:
    return beam.Map(lambda row: row).with_output_types(record)
