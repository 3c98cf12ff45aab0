"""Cleaning stage: conversations that are not worth mining leave with a reason."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.cleaning import Gates, refuse
from schemas.records import Conversation, Reject
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
