"""Cleaning: conversations and documents that are not worth their while leave with a reason."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.cleaning import Gates, refuse
from curation.documents.gates import DocumentGates, refuse_document
from schemas.records import Conversation, Document, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage


class Cleaned(NamedTuple):
    """Outputs of `CleanConversations`."""

    conversations: beam.PCollection
    """`Conversation`: those worth mining."""
    rejects: beam.PCollection
    """`Reject`: the others, each with its reason."""
    counts: beam.PCollection
    """Funnel counts of the stage `clean`."""


class CleanConversations(Stage):
    """Take out conversations that cannot give a pair.

    Input: PCollection[Conversation]. Output: `Cleaned`.

    Parameters: `gates`, see `curation.cleaning.Gates`.
    """

    def __init__(self, gates: Gates = Gates()) -> None:
        super().__init__()
        self._gates = gates

    def expand(self, conversations: beam.PCollection) -> Cleaned:
        """Look at each conversation."""
        parted = conversations | "Worth mining?" >> beam.ParDo(
            _Clean("clean", self._gates)
        ).with_outputs(COUNTS, "rejects", main="conversations")
        return Cleaned(parted.conversations, parted.rejects, parted[COUNTS])


@beam.typehints.with_output_types(Conversation, rejects=Reject, counts=Count)
class _Clean(CountingDoFn):
    def __init__(self, stage: str, gates: Gates) -> None:
        super().__init__(stage)
        self._gates = gates

    def process(self, conversation: Conversation) -> Iterator[Any]:
        self.tally["in"] += 1
        reject = refuse(conversation, self._gates)
        if reject:
            self.tally[f"drop:{reject.reason}"] += 1
            yield beam.pvalue.TaggedOutput("rejects", reject)
        else:
            self.tally["out"] += 1
            progress.count("conversations")
            yield conversation


class CleanedDocuments(NamedTuple):
    """Outputs of `CleanDocuments`."""

    documents: beam.PCollection
    """`Document`: those worth using."""
    rejects: beam.PCollection
    """`Reject`: the others, each with its reason."""
    counts: beam.PCollection
    """Funnel counts of the stage `clean_documents`."""


class CleanDocuments(Stage):
    """Take out documents that are too short, too long, too badly voted for or no prose.

    Input: PCollection[Document]. Output: `CleanedDocuments`.

    Parameters: `gates`, see `curation.documents.gates.DocumentGates`; for whole threads, in which
    questions may be short, `DocumentGates(min_chars=0)`.

    >>> short = Document("d", "Cheers!", None, None, 3, None, "demo", None, {})
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     cleaned = pipeline | beam.Create([short]) | CleanDocuments()
    ...     _ = cleaned.rejects | beam.Map(lambda reject: print(reject.reason))
    too_short
    """

    def __init__(self, gates: DocumentGates = DocumentGates()) -> None:
        super().__init__()
        self._gates = gates

    def expand(self, documents: beam.PCollection) -> CleanedDocuments:
        """Look at each document."""
        parted = documents | "Worth using?" >> beam.ParDo(
            _CleanDocuments("clean_documents", self._gates)
        ).with_outputs(COUNTS, "rejects", main="documents")
        return CleanedDocuments(parted.documents, parted.rejects, parted[COUNTS])


@beam.typehints.with_output_types(Document, rejects=Reject, counts=Count)
class _CleanDocuments(CountingDoFn):
    def __init__(self, stage: str, gates: DocumentGates) -> None:
        super().__init__(stage)
        self._gates = gates

    def process(self, document: Document) -> Iterator[Any]:
        self.tally["in"] += 1
        reject = refuse_document(document, self._gates)
        if reject:
            self.tally[f"drop:{reject.reason}"] += 1
            yield beam.pvalue.TaggedOutput("rejects", reject)
        else:
            self.tally["out"] += 1
            progress.count("documents")
            yield document
