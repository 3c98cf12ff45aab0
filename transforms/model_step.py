"""One question to a language model for each record: ask it, then finish the record.

The stages that need a model differ in what they ask and in what they make of the answer. Both
are pure functions of `curation`; the wiring is here, once.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from schemas.records import Drop, PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import AskModel, ModelSettings, is_failure
from transforms.memo import Memo, remembered
from transforms.stage import Stage

FAILED = "failed"
"""What a stage notes for each record that a model failed on; one that is too long is none."""


TOO_LONG = "prompt_too_long"
"""Reason of a `Failure` that is the record's own: it does not fit into the model."""


class Role(NamedTuple):
    """A model in a part of the pipeline.

    Parameters: `settings` of the model; `label`, its `name@revision` for provenance.
    """

    settings: ModelSettings = ModelSettings()
    label: str = ""

    @property
    def name(self) -> str:
        """What provenance calls it."""
        return self.label or self.settings.name


class Noted(NamedTuple):
    """A finished record, and what about it is to be counted."""

    record: Any
    notes: tuple[str, ...]
    """Short and countable, for example `unparsable`; one that stands twice counts twice."""


class Stepped(NamedTuple):
    """Outputs of `ModelStep`."""

    records: beam.PCollection
    """What `finish` made of each record and its answer."""
    drops: beam.PCollection
    """`Drop`: what the answer makes no pair of."""
    rejects: beam.PCollection
    """`Reject`: records that the model could not be asked about."""
    counts: beam.PCollection
    """Funnel counts of the stage."""


class ModelStep(Stage):
    """Ask a model about each record and finish the record with the answer.

    Input: PCollection of records. Output: `Stepped`.

    Parameters: `stage`, the funnel's name for it; `inference`, what asks the model;
    `request(record)` gives the request; `finish(record, answer)` gives the finished record, a
    `Drop`, or either with notes (`Noted`); `pair_of(record)` gives the pair that a record is
    about; `memo`, where answers are kept (None: nowhere); `counter` of `curation.progress`;
    `otherwise(record)` gives what a record becomes that the model could not be asked about, where
    that is not a `Reject`. All functions are picklable.
    """

    def __init__(
        self,
        stage: str,
        inference: AskModel,
        request: Callable[[Any], Any],
        finish: Callable[[Any, Any], Any],
        *,
        pair_of: Callable[[Any], PreferencePair] = lambda record: record,
        memo: Memo | None = None,
        counter: str | None = None,
        otherwise: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__()
        self._ask = remembered(inference, memo)
        self._request = request
        self._finish = _Finish(stage, finish, pair_of, counter, otherwise)

    def expand(self, records: beam.PCollection) -> Stepped:
        """Ask, then route what comes of it."""
        request = self._request
        finished = (
            records
            | "Ask for" >> beam.Map(lambda record: (record, request(record)))
            | "Answer" >> self._ask
            | "Finish"
            >> beam.ParDo(self._finish).with_outputs(COUNTS, "drops", "rejects", main="records")
        )
        return Stepped(finished.records, finished.drops, finished.rejects, finished[COUNTS])


@beam.typehints.with_output_types(Any, drops=Drop, rejects=Reject, counts=Count)
class _Finish(CountingDoFn):
    def __init__(
        self,
        stage: str,
        finish: Callable[[Any, Any], Any],
        pair_of: Callable[[Any], PreferencePair],
        counter: str | None,
        otherwise: Callable[[Any], Any] | None,
    ) -> None:
        super().__init__(stage)
        self._finish = finish
        self._pair_of = pair_of
        self._counter = counter
        self._otherwise = otherwise

    def process(self, element: tuple[Any, Any]) -> Iterator[Any]:
        record, answer = element
        self.tally["in"] += 1
        if self._counter:
            progress.count(self._counter)
        if is_failure(answer) and self._otherwise:
            self.tally["out"] += 1
            self.tally[f"note:{TOO_LONG if answer.reason == TOO_LONG else FAILED}"] += 1
            yield self._otherwise(record)
            return
        if is_failure(answer):
            self.tally[f"drop:{answer.reason}"] += 1
            if answer.reason != TOO_LONG:
                self.tally[f"note:{FAILED}"] += 1
            reject = reject_pair(self._pair_of(record), self.stage, answer)
            yield beam.pvalue.TaggedOutput("rejects", reject)
            return
        outcome = self._finish(record, answer)
        if isinstance(outcome, Noted):
            self.tally.update(f"note:{note}" for note in outcome.notes)
            outcome = outcome.record
        if isinstance(outcome, Drop):
            self.tally[f"drop:{outcome.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", outcome)
        else:
            self.tally["out"] += 1
            yield outcome


def reject_pair(pair: PreferencePair, stage: str, failure: Any) -> Reject:
    """The `Reject` of a pair that a model could not be asked about."""
    record = f"{pair.method} pair {pair.id} of conversation {pair.conversation_id}"
    origin = pair.provenance
    return Reject(stage, failure.reason, failure.detail, record, origin.input, origin.position)
