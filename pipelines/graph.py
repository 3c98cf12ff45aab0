"""The whole pipeline as one graph, read from top to bottom as in the README's picture."""

from typing import Any, NamedTuple

import apache_beam as beam

import schemas.coders  # noqa: F401 (registers the records' coders)
from curation.cleaning import Gates
from curation.feedback.pairs import (
    RankedSiblingSettings,
    RevisionSettings,
    WildFeedbackSettings,
)
from curation.scoring.follow_up_inventory import load_follow_ups
from curation.scoring.pairs import PairScoring
from curation.selection.thresholds import SCORES, Bounds, Selection
from curation.synthesis.reply import ReplySampling
from pipelines.recipe import ModelSpec, Recipe, Source
from schemas.records import Drop, PairDraft, Reject
from transforms.clean import CleanConversations
from transforms.deduplicate import (
    DropDuplicateConversations,
    DropDuplicateDrafts,
    KeepWithinBudget,
)
from transforms.inference import ModelSettings
from transforms.ingest import ReadRecords, Records
from transforms.memo import Memo
from transforms.mine import MinePairs
from transforms.score import ScorePairs
from transforms.select import AssignSplit, SelectPairs
from transforms.synthesize import SynthesizeReplies

STAGES = (
    "ingest",
    "deduplicate",
    "clean",
    "mine",
    "pairs",
    "budget",
    "synthesize",
    "score",
    "select",
    "write",
)
"""Stages of the funnel, in order."""


class ModelNames(NamedTuple):
    """`name@revision` of the models of a run, for provenance."""

    policy: str
    scorer: str


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
    if recipe.deduplicate.exact:
        # Reading twice is cheaper than keeping every conversation until all ids are known.
        again = _read_all(pipeline, recipe, " for ids", silent=True)
        ids = [r.conversations for r in again] | "Conversations for ids" >> beam.Flatten()
        unique = conversations | "Deduplicate" >> DropDuplicateConversations(ids)
        conversations = unique.kept
        rejects.append(unique.removed)
        counts.append(unique.counts)

    cleaned = conversations | "Clean" >> CleanConversations(Gates(**recipe.clean.model_dump()))
    mined = cleaned.conversations | "Mine" >> _miner(recipe)

    existing = [r.pairs for r in read] | "Existing pairs" >> beam.Flatten()
    found = existing | "As drafts" >> beam.Map(PairDraft, None).with_output_types(PairDraft)
    drafts = (mined.drafts, found) | "Drafts" >> beam.Flatten()
    stamped = drafts | "Stamp" >> beam.Map(stamp, code_version).with_output_types(PairDraft)
    distinct = stamped | "One of each pair" >> DropDuplicateDrafts()
    budgeted = distinct.kept | "Budget" >> KeepWithinBudget(recipe.mine.max_pairs, recipe.seed)

    written = budgeted.kept | "Synthesize" >> SynthesizeReplies(
        _model(recipe.models.policy), models.policy, _sampling(recipe), memo
    )
    pairs = written.pairs
    scoring = _scoring(recipe)
    if scoring.dimensions or scoring.ches:
        scored = pairs | "Score" >> ScorePairs(
            _model(recipe.models.scorer), models.scorer, scoring, memo
        )
        pairs = scored.pairs
        rejects.append(scored.rejects)
        counts.append(scored.counts)

    selected = pairs | "Select" >> SelectPairs(_selection(recipe))
    split = selected.pairs | "Split" >> AssignSplit(recipe.split.test, recipe.seed)

    rejects += [cleaned.rejects, written.rejects]
    drops = [distinct.removed, budgeted.removed, written.drops, selected.drops]
    counts += [stage.counts for stage in (cleaned, mined, distinct, budgeted, written, selected)]
    return Delivery(
        split,
        mined.signals,
        rejects | "All rejects" >> beam.Flatten() | "Rejects" >> _typed(Reject),
        drops | "All drops" >> beam.Flatten() | "Drops" >> _typed(Drop),
        counts | "All counts" >> beam.Flatten(),
    )


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


def _miner(recipe: Recipe) -> MinePairs:
    mine = recipe.mine
    sure = mine.min_confidence
    wild, revised, ranked = mine.wildfeedback, mine.revisions, mine.ranked_siblings
    return MinePairs(
        detector=mine.detector,
        wildfeedback=WildFeedbackSettings(sure, wild.max_per_conversation) if wild else None,
        revisions=RevisionSettings(sure, revised.accept_silence) if revised else None,
        ranked_siblings=RankedSiblingSettings(ranked.max_pairs_per_prompt) if ranked else None,
        batch_size=mine.batch_size,
    )


def _model(spec: ModelSpec) -> ModelSettings:
    return ModelSettings(**spec.model_dump())


def _sampling(recipe: Recipe) -> ReplySampling:
    return ReplySampling(seed=recipe.seed, **recipe.synthesize.reply.model_dump())


def _scoring(recipe: Recipe) -> PairScoring:
    score = recipe.score
    flr = score.follow_up_likelihood
    asked: dict[str, Any] = flr.model_dump() if flr else {"dimensions": ()}
    if asked.get("inventory"):
        asked["inventory"] = load_follow_ups(asked["inventory"])
    return PairScoring(**asked, ches=score.ches, max_tokens=score.max_tokens)


def _selection(recipe: Recipe) -> Selection:
    select = recipe.select
    bounded = {name: getattr(select, name) for name in SCORES}
    return Selection(
        {name: Bounds(b.min, b.max) for name, b in bounded.items() if b},
        select.min_chosen_chars,
        select.max_chars_ratio,
        select.keep_unscored,
    )


def _typed(record: type) -> beam.PTransform:
    return beam.Map(lambda row: row).with_output_types(record)
