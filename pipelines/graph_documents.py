"""The part of the graph that makes pairs from documents."""

from typing import Any, NamedTuple

import apache_beam as beam

from pipelines import synthesis_settings as settings
from pipelines.graph_parts import Plan, document_id_of, reader
from pipelines.recipe import DocumentSource
from pipelines.settings import role
from schemas.records import Document, PairDraft
from transforms.budget import KeepWithinBudget
from transforms.clean import CleanDocuments
from transforms.deduplicate import DropDuplicateDocuments
from transforms.ugc import SynthesizeFromUserContent
from transforms.votes import PairVotes


class FromDocuments(NamedTuple):
    """What documents give."""

    drafts: list[beam.PCollection]
    """`PairDraft`: complete pairs that no model has worked on."""
    pairs: list[beam.PCollection]
    """`PreferencePair`: pairs that models have made."""


def pairs_of_documents(plan: Plan) -> FromDocuments:
    """Read the documents, clean them, and make pairs of them."""
    recipe, taken = plan.recipe, plan.taken
    source = recipe.sources.documents
    if not source:
        return FromDocuments([], [])
    gates = settings.document_gates(recipe)
    read = taken.by(_read(plan, source, "")).documents
    again = None
    if recipe.deduplicate.exact:
        once = DropDuplicateDocuments(_read(plan, source, " for ids").documents)
        read = taken.copies(read | "Deduplicate documents" >> once)
    documents = taken.by(read | "Clean documents" >> CleanDocuments(gates)).documents
    found = FromDocuments([], [])
    if recipe.mine.votes:
        voted = documents | "Pair votes" >> PairVotes(settings.votes(recipe.mine.votes))
        pairs = taken.by(voted).pairs
        found.drafts.append(
            pairs | "Votes as drafts" >> beam.Map(PairDraft, None).with_output_types(PairDraft)
        )
    asked = recipe.synthesize.ugc
    if asked:
        if asked.max_documents:
            again = _read(
                plan, source, " to draw"
            ).documents | "Clean what is drawn" >> CleanDocuments(gates)
            draw = KeepWithinBudget(
                asked.max_documents,
                recipe.seed,
                stage="ugc_budget",
                identify=document_id_of,
                record=Document,
                again=again.documents,
            )
            documents = taken.surplus(documents | "Draw documents" >> draw)
        made = documents | "Pairs from user content" >> SynthesizeFromUserContent(
            role(recipe, plan.models, "policy"),
            role(recipe, plan.models, "judge"),
            role(recipe, plan.models, "scorer"),
            settings.ugc(recipe, asked),
            plan.memo,
        )
        found.pairs.append(taken.by(made).pairs)
    return found


def _read(plan: Plan, source: DocumentSource, purpose: str) -> Any:
    return plan.pipeline | f"Read documents{purpose}" >> reader(
        source, bool(purpose), kind="documents"
    )
