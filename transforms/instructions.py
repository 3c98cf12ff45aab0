"""Pairs by verifiable instructions: which of two replies keeps them, checked by code.

pairs → choose instructions that one reply keeps and the other breaks, both ways → new pairs
"""

from collections.abc import Iterator
from typing import Any

import apache_beam as beam

from curation.synthesis.instructions import (
    Instructed,
    InstructionSettings,
    check_settings,
    instructed,
)
from schemas.records import Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage
from transforms.synthesized import Synthesized, synthesized


class SynthesizeInstructions(Stage):
    """Make pairs whose preference is an instruction, out of pairs; no model is asked.

    Input: PCollection[PreferencePair]. Output: `Synthesized`: new pairs, of the methods
    `instructions` (two replies; the last user turn asks for what only the chosen one does) and
    `instruction_choice` (one reply; which of two requests was it written for?), with the
    instructions in `rubric`, one a line. With `mirrored` and `require_both`, the defaults, each
    pair of replies comes in both orders, so a scorer that ignores the instructions is right in
    exactly half of the pairs. Drops: `no_contrast`, `one_direction_only`, `no_request`; the funnel
    notes how many pairs were made, by method.

    A row of `instruction_choice` is MAPL's (x_w, x_l | y): chosen is x_w, rejected x_l, y stands in
    the prompt; `curation.synthesis.instruction_choice.response_conditioned` takes it apart for
    a response-conditioned loss, -log sigmoid(r(x_w, y) - r(x_l, y)).

    Parameters: `settings`, see `curation.synthesis.instructions.InstructionSettings`.

    Raises: UsageError for settings that cannot be.

    Reference: MAPL (arXiv 2505.12845).

    >>> from curation.formats import Context, parse_row
    >>> from curation.reading import Row
    >>> row = {"prompt": "What is the sea?", "chosen": "Salt water, deep and blue.",
    ...        "rejected": "Water! A lot of it! Why do you ask?"}
    >>> (pair,) = parse_row(Row(row, 0), Context("demo"))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([pair]) | SynthesizeInstructions()
    ...     _ = made.pairs | beam.Map(lambda new: print(new.method, new.rubric))
    instructions Your reply must not have a single exclamation mark in it.
    Use all of these words: "blue", "deep".
    Do not use question marks.
    instructions Use at least 1 question mark.
    Your reply must have 2 or more exclamation marks in it.
    Do not use the word "deep".
    """

    def __init__(self, settings: InstructionSettings = InstructionSettings()) -> None:
        super().__init__()
        check_settings(settings)
        self._settings = settings

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Make what can be made of each pair, then unpack it."""
        made = pairs | "Choose instructions" >> beam.ParDo(
            _Instruct("instructions", self._settings)
        ).with_outputs(COUNTS, "drops", main="records")
        unpacked = made.records | "Unpack" >> beam.FlatMap(_pairs).with_output_types(PreferencePair)
        return synthesized(unpacked, [], [made[COUNTS]], [made.drops])


def _pairs(record: Instructed) -> tuple[PreferencePair, ...]:
    return record.made


@beam.typehints.with_output_types(Any, drops=Drop, counts=Count)
class _Instruct(CountingDoFn):
    def __init__(self, stage: str, settings: InstructionSettings) -> None:
        super().__init__(stage)
        self._settings = settings

    def process(self, pair: PreferencePair) -> Iterator[Any]:
        self.tally["in"] += 1
        outcome = instructed(pair, self._settings)
        if isinstance(outcome, Drop):
            self.tally[f"drop:{outcome.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", outcome)
            return
        self.tally["out"] += 1
        self.tally.update(f"note:{made.method}" for made in outcome.made)
        yield outcome
