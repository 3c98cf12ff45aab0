"""Worked solutions against the same with an error in them, without any model."""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from curation.synthesis.reasoning import ReasoningSettings, corrupted_pairs
from schemas.records import Conversation, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage
from transforms.synthesized import Synthesized, synthesized

STAGE = "reasoning"
"""The funnel's name for it: conversations, and those that gave pairs."""


class SynthesizeCorruptedReasoning(Stage):
    """Pair worked solutions with the same solutions gone wrong: another final answer, for sure.

    Input: PCollection[Conversation]. Output: `Synthesized`; a `Drop` for each conversation whose
    first reply is no worked solution or cannot be corrupted, see
    `curation.synthesis.reasoning.corrupted_pairs`. The kinds of the pairs are noted.

    Parameters: `settings`, what goes wrong and how often.

    Raises: UsageError for settings that make no sense, when built.

    Reference: PORT (arXiv 2406.16061).

    >>> from schemas.records import Message
    >>> talk = (Message("user", "A pen costs $3. What do 4 packs of 12 pens cost?"),
    ...         Message("assistant", "There are 4 * 12 = 48 pens.\\nThey cost 48 * 3 = $144."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([chat]) | SynthesizeCorruptedReasoning(
    ...         ReasoningSettings(("steps",)))
    ...     _ = made.pairs | beam.Map(lambda pair: print(pair.rejected[0].content))
    They cost 4 * 3 = $12.
    """

    def __init__(self, settings: ReasoningSettings = ReasoningSettings()) -> None:
        super().__init__()
        settings.check()
        self._settings = settings

    def expand(self, conversations: beam.PCollection) -> Synthesized:
        """Corrupt each solution."""
        made = conversations | "Corrupt" >> beam.ParDo(_Corrupt(self._settings)).with_outputs(
            COUNTS, "drops", main="pairs"
        )
        return synthesized(made.pairs, [], [made[COUNTS]], [made.drops])


@beam.typehints.with_output_types(PreferencePair, drops=Drop, counts=Count)
class _Corrupt(CountingDoFn):
    def __init__(self, settings: ReasoningSettings) -> None:
        super().__init__(STAGE)
        self._settings = settings

    def process(self, conversation: Conversation) -> Iterator[Any]:
        self.tally["in"] += 1
        pairs = corrupted_pairs(conversation, self._settings)
        if isinstance(pairs, Drop):
            self.tally[f"drop:{pairs.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", pairs)
            return
        self.tally["out"] += 1
        self.tally.update(f"note:{pair.rubric}" for pair in pairs)
        yield from pairs
