"""Mining: conversations in, feedback signals and drafts of preference pairs out."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.utils.windowed_value import WindowedValue

from curation import progress
from curation.feedback.builders import Builders
from curation.feedback.cascade import merge
from curation.feedback.detector import (
    FeedbackDetector,
    TurnLabel,
    open_detector,
    signals_of,
)
from curation.feedback.exchanges import new_from
from curation.feedback.turn_judge import read_verdicts
from schemas import Conversation, FeedbackSignal, PairDraft
from schemas.errors import UsageError
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import is_failure
from transforms.label import Asked, AskTheJudge, JudgeTurns, LabelBatches, in_window_of
from transforms.model_step import FAILED
from transforms.stage import Stage


class Mined(NamedTuple):
    """What mining gives."""

    drafts: beam.PCollection[PairDraft]
    """Pairs, complete or with sides to be written."""
    signals: beam.PCollection[FeedbackSignal]
    """Every signal found, whatever its score."""
    counts: beam.PCollection[Count]
    """`in` conversations; `out` those with a draft; `drop:no_pair` the others. Notes: `turns` that
    follow a reply; of these, with a judge, `judged`, `changed` by it,
    `unparsable` (and by prompt and kind), `failed`."""


class MinePairs(Stage):
    """Find the feedback in conversations and build preference pairs from it.

    Input: a PCollection of `Conversation`. Output: `Mined`.

    Parameters:
        detector: the detector, or its name: `cues`, `classifier`, `judge`, `cascade`, or as in
            `curation.feedback.detector.open_detector`.
        builders: the pair builders that are on, with their settings.
        judge: the model behind the detectors `judge` and `cascade`.
        again: the same conversations read a second time, for the budget of `cascade`. With it
            the runner need not hold the first reading until the budget is known.
        batch_size: conversations that the detector is given at once; the results do not
            depend on it.
    Raises: UsageError for an unknown detector, or for one that lacks its judge, when the pipeline
    is built.

    Reference: WildFeedback (arXiv 2408.15549), section 3.

    >>> from schemas import Message
    >>> talk = ("2 + 2?", "5", "That's wrong!", "Sorry, it is 4.", "Thank you!")
    >>> turns = [Message(("user", "assistant")[i % 2], text) for i, text in enumerate(talk)]
    >>> chat = Conversation("c", turns, "demo", None, None, None, None, {})
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     mined = pipeline | beam.Create([chat]) | MinePairs()
    ...     _ = mined.drafts | beam.Map(lambda d: print(d.pair.method, d.pair.rejected[0].content))
    revisions 5
    """

    def __init__(
        self,
        detector: str | FeedbackDetector = "classifier",
        builders: Builders = Builders(),
        *,
        judge: JudgeTurns | None = None,
        again: beam.PCollection | None = None,
        batch_size: int = 64,
    ) -> None:
        """Keep the settings; lexicons and models are loaded where they run."""
        super().__init__()
        judged = detector in ("judge", "cascade")
        if judged != (judge is not None):
            raise UsageError("a judge is what the detectors judge and cascade need, and no other")
        if detector == "cascade":
            detector = "classifier"
        if isinstance(detector, str) and detector != "judge":
            detector = open_detector(detector)
        self._detector = None if isinstance(detector, str) else detector
        self._builders = builders
        self._judge = judge
        self._again = again
        self._batch_size = batch_size

    def expand(self, conversations: beam.PCollection[Conversation]) -> Mined:
        """Label, ask the judge where there is one, build the pairs."""
        if self._judge is None:
            mine = _Mine(self._detector, self._builders, self._batch_size)
            return _outputs(conversations | "Label and pair" >> _tagged(mine))
        asked: Asked = conversations | "Judge" >> AskTheJudge(
            self._judge, self._detector, self._again, self._batch_size
        )
        pair = _PairJudged(self._builders, self._judge)
        judged = _outputs(asked.answered | "Pair judged" >> _tagged(pair))
        clear = _outputs(asked.clear | "Pair clear" >> _tagged(_PairLabelled(self._builders)))
        return Mined(
            (judged.drafts, clear.drafts) | "Drafts" >> beam.Flatten(),
            (judged.signals, clear.signals) | "Signals" >> beam.Flatten(),
            (judged.counts, clear.counts) | "Counts" >> beam.Flatten(),
        )


def _tagged(do_fn: beam.DoFn) -> Any:
    return beam.ParDo(do_fn).with_outputs("signals", COUNTS, main="drafts")


def _outputs(outputs: Any) -> Mined:
    return Mined(outputs.drafts, outputs.signals, outputs[COUNTS])


@beam.typehints.with_output_types(PairDraft, signals=FeedbackSignal, counts=Count)
class _Pairing(CountingDoFn):
    """Builds the pairs of labelled conversations."""

    def __init__(self, builders: Builders) -> None:
        super().__init__("mine")
        self._builders = builders

    def pair(self, conversation: Conversation, labels: Sequence[TurnLabel]) -> Iterator[Any]:
        """The outputs for one conversation."""
        signals = signals_of(conversation, labels)
        drafts = list(self._builders.drafts(conversation, signals))
        self.tally["in"] += 1
        self.tally["out" if drafts else "drop:no_pair"] += 1
        self.tally["note:turns"] += len(labels)
        yield from drafts
        fresh = new_from(conversation)
        new = [signal for signal in signals if signal.turn >= fresh]
        progress.count("signals", len(new))
        for signal in new:
            yield beam.pvalue.TaggedOutput("signals", signal)


class _Mine(_Pairing):
    """Labels by a detector without a model, then pairs, in one step."""

    def __init__(
        self, detector: FeedbackDetector | None, builders: Builders, batch_size: int
    ) -> None:
        super().__init__(builders)
        self._batches = LabelBatches(detector, batch_size)

    def process(
        self,
        conversation: Conversation,
        window: Any = beam.DoFn.WindowParam,
        timestamp: Any = beam.DoFn.TimestampParam,
    ) -> Iterator[Any]:
        for element, labels in self._batches.add(conversation, window, timestamp):
            yield from self._pair_in_window(element, labels)

    def finish_bundle(self) -> Iterator[Any]:
        for element, labels in self._batches.flush():
            yield from self._pair_in_window(element, labels)
        yield from super().finish_bundle()

    def _pair_in_window(self, element: WindowedValue, labels: list[TurnLabel]) -> Iterator[Any]:
        for output in self.pair(element.value, labels):
            yield in_window_of(element, output)


class _PairLabelled(_Pairing):
    def process(self, element: tuple[Conversation, list[TurnLabel]]) -> Iterator[Any]:
        yield from self.pair(*element)


class _PairJudged(_Pairing):
    """Takes the judge's verdicts into the labels, then pairs; the drafts name the judge."""

    def __init__(self, builders: Builders, judge: JudgeTurns) -> None:
        super().__init__(builders)
        self._judging = judge.settings
        self._model = f"judge={judge.judge.name}"

    def process(self, element: tuple[Any, Any]) -> Iterator[Any]:
        (conversation, labels, turns), answers = element
        if is_failure(answers):
            self.tally[f"note:{FAILED}"] += 1
            problem = answers.reason
            verdicts = [TurnLabel(t, None, None, method="judge", problem=problem) for t in turns]
        else:
            verdicts = read_verdicts(conversation, turns, answers, self._judging)
            self.tally.update(f"note:{v.problem}" for v in verdicts if v.problem)
        merged = merge(labels, verdicts)
        self.tally["note:judged"] += len(turns)
        self.tally["note:changed"] += merged.changed
        self.tally["note:unparsable"] += merged.unparsable
        for output in self.pair(conversation, merged.labels):
            yield self._named(output) if isinstance(output, PairDraft) else output

    def _named(self, draft: PairDraft) -> PairDraft:
        origin = draft.pair.provenance
        origin = origin._replace(
            models=(*origin.models, self._model),
            prompts=(*origin.prompts, self._judging.identity),
        )
        return draft._replace(pair=draft.pair._replace(provenance=origin))
