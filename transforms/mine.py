"""Mining: conversations in, feedback signals and drafts of preference pairs out."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from curation import progress
from curation.feedback.detector import FeedbackDetector, open_detector
from curation.feedback.exchanges import new_from
from curation.feedback.pairs import (
    RankedSiblingSettings,
    RevisionSettings,
    WildFeedbackSettings,
    ranked_sibling_drafts,
    revision_drafts,
    wildfeedback_drafts,
)
from schemas import Conversation, FeedbackSignal, PairDraft
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage


class Mined(NamedTuple):
    """What mining gives."""

    drafts: beam.PCollection[PairDraft]
    """Pairs, complete or with a chosen side to be written (`hint` is not None)."""
    signals: beam.PCollection[FeedbackSignal]
    """Every signal found, whatever its score."""
    counts: beam.PCollection[Count]
    """`in` conversations; `out` those with a draft; `drop:no_pair` the others."""


class MinePairs(Stage):
    """Find the feedback in conversations and build preference pairs from it.

    Input: a PCollection of `Conversation`. Output: `Mined`.

    Parameters:
        detector: the detector, or its name as in `curation.feedback.detector.open_detector`.
        wildfeedback, revisions, ranked_siblings: settings of each builder; None leaves it out.
        batch_size: conversations that the detector is given at once; the results do not
            depend on it.
    Raises: UsageError for an unknown detector, when the pipeline is built.

    Reference: WildFeedback (arXiv 2408.15549), section 3.

    >>> from apache_beam.testing.util import assert_that
    >>> from schemas import Message
    >>> talk = (Message("user", "2 + 2?"), Message("assistant", "5"), Message("user", "Wrong!"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     mined = pipeline | beam.Create([chat]) | MinePairs()
    ...     rejected = mined.drafts | beam.Map(lambda draft: draft.pair.rejected[0].content)
    ...     _ = rejected | beam.Map(print)
    5
    """

    def __init__(
        self,
        detector: str | FeedbackDetector = "cues",
        wildfeedback: WildFeedbackSettings | None = WildFeedbackSettings(),
        revisions: RevisionSettings | None = RevisionSettings(),
        ranked_siblings: RankedSiblingSettings | None = RankedSiblingSettings(),
        batch_size: int = 64,
    ) -> None:
        """Keep the settings; lexicons and models are loaded where the detector runs."""
        super().__init__()
        opened = open_detector(detector) if isinstance(detector, str) else detector
        pairing = _Pairing(wildfeedback, revisions, ranked_siblings)
        self._mine = _Mine(opened, pairing, batch_size)

    def expand(self, conversations: beam.PCollection[Conversation]) -> Mined:
        """Wire the one fused stage."""
        outputs = conversations | "Detect and pair" >> beam.ParDo(self._mine).with_outputs(
            "signals", COUNTS, main="drafts"
        )
        return Mined(outputs.drafts, outputs.signals, outputs[COUNTS])


@dataclass(frozen=True)
class _Pairing:
    """The builders that are on, with their settings."""

    wildfeedback: WildFeedbackSettings | None
    revisions: RevisionSettings | None
    ranked_siblings: RankedSiblingSettings | None

    def drafts(
        self, conversation: Conversation, signals: list[FeedbackSignal]
    ) -> Iterator[PairDraft]:
        if self.wildfeedback:
            yield from wildfeedback_drafts(conversation, signals, self.wildfeedback)
        if self.revisions:
            yield from revision_drafts(conversation, signals, self.revisions)
        if self.ranked_siblings:
            yield from ranked_sibling_drafts(conversation, self.ranked_siblings)


@beam.typehints.with_output_types(PairDraft, signals=FeedbackSignal, counts=Count)
class _Mine(CountingDoFn):
    """Collects conversations into batches for the detector, then builds their pairs."""

    def __init__(self, detector: FeedbackDetector, pairing: _Pairing, batch_size: int) -> None:
        super().__init__("mine")
        self._detector = detector
        self._pairing = pairing
        self._batch_size = batch_size

    def start_bundle(self) -> None:
        super().start_bundle()
        self._batch: list[WindowedValue] = []

    def process(
        self,
        conversation: Conversation,
        window: Any = beam.DoFn.WindowParam,
        timestamp: Any = beam.DoFn.TimestampParam,
    ) -> Iterator[Any]:
        self._batch.append(WindowedValue(conversation, timestamp, (window,)))
        if len(self._batch) >= self._batch_size:
            yield from self._flush()

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()
        yield from super().finish_bundle()

    def _flush(self) -> Iterator[Any]:
        batch, self._batch = self._batch, []
        found = self._detector.detect([element.value for element in batch]) if batch else []
        for element, signals in zip(batch, found, strict=True):
            drafts = list(self._pairing.drafts(element.value, signals))
            self.tally["in"] += 1
            self.tally["out" if drafts else "drop:no_pair"] += 1
            yield from map(element.with_value, drafts)
            fresh = new_from(element.value)
            new = [signal for signal in signals if signal.turn >= fresh]
            progress.count("signals", len(new))
            for signal in new:
                yield beam.pvalue.TaggedOutput("signals", element.with_value(signal))
