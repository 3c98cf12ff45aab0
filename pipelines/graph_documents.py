"""The part of the graph that makes pairs from documents."""

from typing import NamedTuple

import apache_beam as beam

from curation.documents.gates import DocumentGates, refuse_document
from pipelines import synthesis_settings as settings
from pipelines.graph_parts import Plan, document_id_of, reader
from pipelines.recipe import DocumentSource
from pipelines.settings import role
from schemas.records import Document, PairDraft
from transforms.budget import KeepWithinBudget
from transforms.clean import CleanDocuments
from transforms.deduplicate import DropDuplicateDocuments
from transforms.ingest import Records
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
    source, votes = plan.recipe.sources.documents, plan.recipe.mine.votes
    found = FromDocuments([], [])
    if not source:
        return found
    ugc, gates = plan.recipe.synthesize.ugc, settings.document_gates(plan.recipe)
    read = plan.taken.by(_read(plan, source, "")).documents
    documents = plan.taken.by(read | "Clean documents" >> CleanDocuments(gates)).documents
    if votes:
        # Copies stay: an answer that stands in two threads belongs to both.
        voted = plan.taken.by(documents | "Pair votes" >> PairVotes(settings.votes(votes)))
        found.drafts.append(
            voted.pairs
            | "Votes as drafts" >> beam.Map(PairDraft, None).with_output_types(PairDraft)
        )
    if ugc:
        chosen = _chosen(plan, source, documents, ugc.max_documents)
        make = SynthesizeFromUserContent(
            role(plan.recipe, plan.models, "policy"),
            role(plan.recipe, plan.models, "judge"),
            role(plan.recipe, plan.models, "scorer"),
            settings.ugc(plan.recipe, ugc),
            plan.memo,
        )
        found.pairs.append(plan.taken.by(chosen | "Pairs from user content" >> make).pairs)
    return found


def _chosen(
    plan: Plan, source: DocumentSource, documents: beam.PCollection, most: int | None
) -> beam.PCollection:
    """One of each document, and no more than a number of them.

    What must be known of all documents first is read again, which is cheaper than keeping them.
    """
    taken, ids = plan.taken, None
    if plan.recipe.deduplicate.exact:
        ids = _again(plan, source, "for ids")
        once = DropDuplicateDocuments(ids)
        documents = taken.copies(documents | "Deduplicate documents" >> once)
    if most is None:
        return documents
    again = _again(plan, source, "to draw")
    if ids is not None:
        again = (again | "Deduplicate what is drawn" >> DropDuplicateDocuments(ids)).kept
    draw = KeepWithinBudget(
        most,
        plan.recipe.seed,
        stage="ugc_budget",
        identify=document_id_of,
        record=Document,
        again=again,
    )
    return taken.surplus(documents | "Draw documents" >> draw)


def _again(plan: Plan, source: DocumentSource, purpose: str) -> beam.PCollection:
    gates = settings.document_gates(plan.recipe)
    read = _read(plan, source, f" {purpose}").documents
    return read | f"Clean documents {purpose}" >> beam.Filter(_is_kept, gates)


def _is_kept(document: Document, gates: DocumentGates) -> bool:
    return refuse_document(document, gates) is None


def _read(plan: Plan, source: DocumentSource, purpose: str) -> Records:
    read = reader(source, silent=bool(purpose), kind="documents")
    records: Records = plan.pipeline | f"Read documents{purpose}" >> read
    return records
