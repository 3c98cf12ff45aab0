"""What the parts of the graph share: what was taken out, and reading the sources."""

from typing import Any, NamedTuple

import apache_beam as beam

from curation.cleaning import Gates, refuse
from pipelines.model_roles import ModelNames
from pipelines.recipe import CandidateSource, DocumentSource, Recipe, Source
from schemas.records import Conversation, Document, Drop, Reject
from transforms.deduplicate import DropDuplicateConversations
from transforms.ingest import ReadRecords, Records
from transforms.memo import Memo


class Taken:
    """What the stages of a run took out, and their funnel counts, as they are laid."""

    def __init__(self, pipeline: beam.Pipeline) -> None:
        self._pipeline = pipeline
        self._rejects: list[beam.PCollection] = []
        self._drops: list[beam.PCollection] = []
        self._counts: list[beam.PCollection] = []

    def by(self, stage: Any) -> Any:
        """Note what a stage took out, by the names of its outputs; gives the outputs back."""
        for name, noted in (
            ("rejects", self._rejects),
            ("drops", self._drops),
            ("counts", self._counts),
        ):
            if hasattr(stage, name):
                noted.append(getattr(stage, name))
        return stage

    def copies(self, unique: Any) -> beam.PCollection:
        """Note the rejects and counts of a stage that keeps one of each; gives what it kept."""
        self._rejects.append(unique.removed)
        return self.by(unique).kept

    def surplus(self, unique: Any) -> beam.PCollection:
        """Note the drops and counts of a stage that keeps one of each or so many; as `copies`."""
        self._drops.append(unique.removed)
        return self.by(unique).kept

    @property
    def rejects(self) -> beam.PCollection:
        """All `Reject`s."""
        return self._all("rejects", self._rejects, Reject)

    @property
    def drops(self) -> beam.PCollection:
        """All `Drop`s."""
        return self._all("drops", self._drops, Drop)

    @property
    def counts(self) -> beam.PCollection:
        """All funnel counts."""
        return self._all("counts", self._counts, None)

    def _all(self, name: str, parts: list[beam.PCollection], record: type | None) -> Any:
        together = flattened(self._pipeline, parts, f"All {name}")
        if record is None:
            return together
        return together | f"Typed {name}" >> beam.Map(_same).with_output_types(record)


class Plan(NamedTuple):
    """What the parts of a graph are laid with."""

    pipeline: beam.Pipeline
    recipe: Recipe
    models: ModelNames
    memo: Memo | None
    """Where models' answers are kept; None for nowhere."""
    taken: Taken


def flattened(
    pipeline: beam.Pipeline, parts: list[beam.PCollection], label: str
) -> beam.PCollection:
    """Several PCollections, or none at all, as one."""
    if not parts:
        return pipeline | f"{label}: none" >> beam.Create([], reshuffle=False)
    return parts | label >> beam.Flatten()


def read_sources(
    pipeline: beam.Pipeline, recipe: Recipe, purpose: str = "", silent: bool = False
) -> list[Records]:
    """Read conversations and pairs.

    Parameters: `purpose` for the labels; `silent` keeps the rows out of the progress display.
    """
    sources = {"conversations": recipe.sources.conversations, "pairs": recipe.sources.pairs}
    return [
        pipeline | f"Read {kind}{purpose}" >> reader(source, silent)
        for kind, source in sources.items()
        if source
    ]


def reader(
    source: Source | DocumentSource | CandidateSource, silent: bool = False, **more: Any
) -> ReadRecords:
    """What reads a source."""
    return ReadRecords(
        source.paths,
        format=source.format,
        source=source.name,
        limit=source.limit,
        max_turn_chars=source.max_turn_chars,
        user_salt=source.user_salt,
        silent=silent,
        **more,
    )


class Rereading:
    """The conversations of a run, read again where something about all must be known first.

    Reading twice is cheaper than keeping every conversation until then.
    """

    def __init__(self, pipeline: beam.Pipeline, recipe: Recipe) -> None:
        self._pipeline = pipeline
        self._recipe = recipe
        self._ids: beam.PCollection | None = None
        self._mined: beam.PCollection | None = None

    @property
    def for_ids(self) -> beam.PCollection:
        """All that is read, for its ids."""
        if self._ids is None:
            self._ids = self._conversations("for ids")
        return self._ids

    @property
    def mined(self) -> beam.PCollection:
        """What is left of them after deduplication and cleaning."""
        if self._mined is None:
            read, gates = self._conversations("to survey"), gates_of(self._recipe)
            if self._recipe.deduplicate.exact:
                once = DropDuplicateConversations(self.for_ids)
                read = (read | "Deduplicate the survey" >> once).kept
            self._mined = read | "Clean the survey" >> beam.Filter(_is_kept, gates)
        return self._mined

    def _conversations(self, purpose: str) -> beam.PCollection:
        read = read_sources(self._pipeline, self._recipe, f" {purpose}", silent=True)
        found = [records.conversations for records in read]
        return flattened(self._pipeline, found, f"Conversations {purpose}")


def gates_of(recipe: Recipe) -> Gates:
    """Which conversations are worth mining."""
    return Gates(**recipe.clean.model_dump(exclude={"documents"}))


def conversation_id_of(conversation: Conversation) -> str:
    """The id of a conversation."""
    return conversation.id


def document_id_of(document: Document) -> str:
    """The id of a document."""
    return document.id


def _is_kept(conversation: Conversation, gates: Gates) -> bool:
    return refuse(conversation, gates) is None


def _same(record: Any) -> Any:
    return record
