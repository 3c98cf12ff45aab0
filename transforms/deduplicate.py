"""Exact duplicates: decided on ids alone, so that no text is shuffled.

Ids and places are grouped; what comes back is the short list of ids that occur more than
once, each with the place of the copy that stays. The records then pass by that list.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from curation.documents.gates import document_reject
from schemas.records import CandidateSet, Conversation, Document, Drop, PairDraft, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

Place = tuple[Any, ...]
"""Where a record was found: orders copies of the same content, whatever order they came in."""


class Unique(NamedTuple):
    """Outputs of the transforms of this module."""

    kept: beam.PCollection
    """Records that stay."""
    removed: beam.PCollection
    """A `Reject` for each conversation, document and candidate set, a `Drop` for each draft that
    went."""
    counts: beam.PCollection
    """Funnel counts."""


class DropDuplicateConversations(Stage):
    """Keep one of the conversations with the same messages: the first by file and position.

    Input: PCollection[Conversation]. Output: `Unique`, stage `deduplicate`.

    Parameters: `again` is the same conversations read a second time. With it the runner need
    not hold the first reading until all ids are known; without it, it does.
    """

    def __init__(self, again: beam.PCollection | None = None) -> None:
        super().__init__()
        self._again = again

    def expand(self, conversations: beam.PCollection) -> Unique:
        """Find the copies, then pass the conversations by them."""
        read = conversations if self._again is None else self._again
        identities = read | "Conversation ids" >> beam.Map(conversation_identity)
        return _keep_first(conversations, identities, _KeepFirstConversation("deduplicate"))


class DropDuplicateDocuments(Stage):
    """Keep one of the documents with the same id: the first by file and position.

    Input: PCollection[Document]. Output: `Unique`, stage `deduplicate_documents`. An id is the
    hash of what a document says, see `curation.formats.documents.build_document`.

    Parameters: `again`, see `DropDuplicateConversations`.

    >>> one = Document("d", "Cheers!", None, None, 3, None, "demo", None, {"file": "a"})
    >>> with beam.Pipeline(runner="FnApiRunner") as pipeline:
    ...     copies = [one._replace(metadata={"file": "b"}), one]
    ...     unique = pipeline | beam.Create(copies) | DropDuplicateDocuments()
    ...     _ = unique.kept | beam.Map(lambda document: print(document.metadata["file"]))
    a
    """

    def __init__(self, again: beam.PCollection | None = None) -> None:
        super().__init__()
        self._again = again

    def expand(self, documents: beam.PCollection) -> Unique:
        """Find the copies, then pass the documents by them."""
        read = documents if self._again is None else self._again
        identities = read | "Document ids" >> beam.Map(document_identity)
        return _keep_first(documents, identities, _KeepFirstDocument("deduplicate_documents"))


class DropDuplicateCandidates(Stage):
    """Keep one of the candidate sets with the same prompt and texts.

    It is the first by file and position; the scores of its copies, which may differ, do not count.

    Input: PCollection[CandidateSet]. Output: `Unique`, stage `deduplicate_candidates`.

    Parameters: `again`, see `DropDuplicateConversations`.
    """

    def __init__(self, again: beam.PCollection | None = None) -> None:
        super().__init__()
        self._again = again

    def expand(self, candidates: beam.PCollection) -> Unique:
        """Find the copies, then pass the candidate sets by them."""
        read = candidates if self._again is None else self._again
        identities = read | "Candidate set ids" >> beam.Map(candidates_identity)
        return _keep_first(candidates, identities, _KeepFirstCandidates("deduplicate_candidates"))


class DropDuplicateDrafts(Stage):
    """Keep one of the drafts with the same content, before a model is paid for it.

    Input: PCollection[PairDraft]. Output: `Unique`.

    Parameters: `stage`, the funnel's name.
    """

    def __init__(self, stage: str = "pairs") -> None:
        super().__init__()
        self._stage = stage

    def expand(self, drafts: beam.PCollection) -> Unique:
        """Find the copies, then pass the drafts by them."""
        identities = drafts | "Draft ids" >> beam.Map(draft_identity)
        return _keep_first(drafts, identities, _KeepFirstDraft(self._stage))


def conversation_identity(conversation: Conversation) -> tuple[str, Place]:
    """Id of a conversation, and file, position and path for ordering its copies."""
    data = conversation.metadata
    place = data.get("file", ""), int(data.get("position", 0)), int(data.get("new_from", 0))
    return conversation.id, place


def document_identity(document: Document) -> tuple[str, Place]:
    """Id of a document, and file and position for ordering its copies."""
    data = document.metadata
    return document.id, (data.get("file", ""), int(data.get("position", 0)))


def candidates_identity(candidates: CandidateSet) -> tuple[str, Place]:
    """Id of a candidate set, and file and position for ordering its copies."""
    return candidates.id, (candidates.provenance.input, candidates.provenance.position)


def draft_identity(draft: PairDraft) -> tuple[str, Place]:
    """Id of a draft, and input, position, method and turn for ordering its copies."""
    origin = draft.pair.provenance
    turn = -1 if origin.turn is None else origin.turn
    return draft.pair.id, (origin.input, origin.position, draft.pair.method, turn)


def _keep_first(
    records: beam.PCollection, identities: beam.PCollection, judge: "_KeepFirst"
) -> Unique:
    first = (
        identities
        | "First of each id" >> beam.CombinePerKey(_FirstPlace())
        | "Of copies only" >> beam.FlatMap(lambda kv: [(kv[0], kv[1][0])] if kv[1][1] > 1 else [])
    )
    parted = records | "First of its kind?" >> beam.ParDo(
        judge, beam.pvalue.AsDict(first)
    ).with_outputs(COUNTS, "removed", main="kept")
    return Unique(parted.kept, parted.removed, parted[COUNTS])


class _FirstPlace(beam.CombineFn):
    """Smallest place of an id, and how many places it has."""

    def create_accumulator(self) -> tuple[Place | None, int]:
        return None, 0

    def add_input(self, accumulator: tuple[Place | None, int], place: Place) -> Any:
        return self.merge_accumulators([accumulator, (tuple(place), 1)])

    def merge_accumulators(self, accumulators: Iterable[tuple[Place | None, int]]) -> Any:
        parts = list(accumulators)
        places = [place for place, _ in parts if place is not None]
        return min(places, default=None), sum(n for _, n in parts)

    def extract_output(self, accumulator: tuple[Place | None, int]) -> Any:
        return accumulator


class _KeepFirst(CountingDoFn):
    """Lets a record pass when it is the only or the first one with its id."""

    def process(self, record: Any, first: Mapping[str, Place]) -> Iterator[Any]:
        self.tally["in"] += 1
        identity, place = self.identify(record)
        kept = first.get(identity)
        if kept is None or tuple(kept) == place:
            self.tally["out"] += 1
            yield record
        else:
            removed = self.remove(record, kept)
            reason = removed.reason if isinstance(removed, Reject) else removed.filter
            self.tally[f"drop:{reason}"] += 1
            yield beam.pvalue.TaggedOutput("removed", removed)

    def identify(self, record: Any) -> tuple[str, Place]:
        raise NotImplementedError  # protocol

    def remove(self, record: Any, first: Place) -> Reject | Drop:
        raise NotImplementedError  # protocol


@beam.typehints.with_output_types(Conversation, removed=Reject, counts=Count)
class _KeepFirstConversation(_KeepFirst):
    def identify(self, record: Conversation) -> tuple[str, Place]:
        return conversation_identity(record)

    def remove(self, record: Conversation, first: Place) -> Reject:
        file, position, _ = conversation_identity(record)[1]
        detail = f"the same messages as {first[0]} at {first[1]}"
        excerpt = record.messages[0].content[:200]
        return Reject("deduplicate", "duplicate_conversation", detail, excerpt, file, position)


@beam.typehints.with_output_types(Document, removed=Reject, counts=Count)
class _KeepFirstDocument(_KeepFirst):
    def identify(self, record: Document) -> tuple[str, Place]:
        return document_identity(record)

    def remove(self, record: Document, first: Place) -> Reject:
        detail = f"says the same as {first[0]} at {first[1]}"
        return document_reject(record, self.stage, "duplicate_document", detail)


@beam.typehints.with_output_types(CandidateSet, removed=Reject, counts=Count)
class _KeepFirstCandidates(_KeepFirst):
    def identify(self, record: CandidateSet) -> tuple[str, Place]:
        return candidates_identity(record)

    def remove(self, record: CandidateSet, first: Place) -> Reject:
        file, position = candidates_identity(record)[1]
        detail = f"the same prompt and texts as {first[0]} at {first[1]}"
        excerpt = record.prompt[-1].content[:200]
        return Reject(self.stage, "duplicate_candidates", detail, excerpt, file, position)


@beam.typehints.with_output_types(PairDraft, removed=Drop, counts=Count)
class _KeepFirstDraft(_KeepFirst):
    def identify(self, record: PairDraft) -> tuple[str, Place]:
        return draft_identity(record)

    def remove(self, record: PairDraft, first: Place) -> Drop:
        return Drop(record.pair.id, "duplicate_draft", None, None)
