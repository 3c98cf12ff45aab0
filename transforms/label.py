"""Labelling user turns on Beam: in batches by a detector, and by a judge where it is not clear."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.windowed_value import WindowedValue

from curation.feedback.cascade import (
    BINS,
    bin_of,
    needs_judge,
    threshold_for,
    tokens_of,
    uncertainty,
)
from curation.feedback.detector import FeedbackDetector, TurnLabel, judged_turns
from curation.feedback.turn_judge import TurnJudging, judge_requests
from curation.models.tasks import GENERATION, LIKELIHOOD, several
from schemas import Conversation
from transforms.inference import AskModel
from transforms.memo import Memo, remembered
from transforms.model_step import Role
from transforms.stage import Stage

Labels = list[TurnLabel]


class JudgeTurns(NamedTuple):
    """The judge of user turns, and how much it may be asked.

    Parameters: `judge`, the model; `settings` of its prompt; `max_share` of the user turns and
    `max_tokens` (as estimated) that it may be given where a detector has labelled them before,
    None for no bound; `memo`, where verdicts are kept (None: nowhere).
    """

    judge: Role = Role()
    settings: TurnJudging = TurnJudging()
    max_share: float | None = None
    max_tokens: int | None = None
    memo: Memo | None = None


class Asked(NamedTuple):
    """Outputs of `AskTheJudge`."""

    answered: beam.PCollection
    """`((conversation, labels, turns), answers)`: the detector's labels, the turns that the judge
    was asked about, and its answers, or a `Failure`."""
    clear: beam.PCollection
    """`(conversation, labels)`: conversations that the judge is not asked about."""


class AskTheJudge(Stage):
    """Ask the judge about user turns: all of them, or those that a detector finds least clear.

    Input: PCollection[Conversation]. Output: `Asked`.

    Parameters: `judge`; `detector` that labels first, None for all turns to the judge; `again`,
    the same conversations read a second time: the bound of uncertainty is found in them;
    `batch_size` of the detector.
    """

    def __init__(
        self,
        judge: JudgeTurns,
        detector: FeedbackDetector | None = None,
        again: beam.PCollection | None = None,
        batch_size: int = 64,
    ) -> None:
        super().__init__()
        self._judge = judge
        self._detector = detector
        self._again = again
        self._batch_size = batch_size

    def expand(self, conversations: beam.PCollection) -> Asked:
        """Find the bound, part the conversations by it, ask."""
        judge, bound = self._judge, None
        settings = self._detector, judge.settings, self._batch_size
        bounded = judge.max_share is not None or judge.max_tokens is not None
        if self._detector and bounded:
            bound = beam.pvalue.AsSingleton(
                (conversations if self._again is None else self._again)
                | "Uncertainty" >> beam.ParDo(_Histogram(*settings))
                | "Add up" >> beam.CombineGlobally(_add_up)
                | "Bound" >> beam.Map(_bound, judge.max_share, judge.max_tokens)
            )
        parted = conversations | "Clear?" >> beam.ParDo(
            _PartByClarity(*settings), bound
        ).with_outputs("clear", main="unclear")
        task = GENERATION if judge.settings.form == "json" else LIKELIHOOD
        ask = remembered(AskModel(judge.judge.settings, several(task)), judge.memo)
        return Asked(parted.unclear | "Ask the judge" >> ask, parted.clear)


class LabelBatches:
    """Conversations on their way through a detector, which takes them in batches.

    Parameters: `detector`, None labels nothing; `size` of a batch.
    """

    def __init__(self, detector: FeedbackDetector | None, size: int) -> None:
        self._detector = detector
        self._size = size
        self._batch: list[WindowedValue] = []

    def add(
        self, conversation: Conversation, window: Any, timestamp: Any
    ) -> Iterator[tuple[WindowedValue, Labels]]:
        """Take one more; gives a batch with its labels when it is full."""
        self._batch.append(WindowedValue(conversation, timestamp, (window,)))
        if len(self._batch) >= self._size:
            yield from self.flush()

    def flush(self) -> Iterator[tuple[WindowedValue, Labels]]:
        """The conversations that wait, each in its window, with its labels."""
        batch, self._batch = self._batch, []
        conversations = [element.value for element in batch]
        if self._detector is None or not batch:
            labels: list[Labels] = [[] for _ in batch]
        else:
            labels = self._detector.label(conversations)
        yield from zip(batch, labels, strict=True)


def in_window_of(element: WindowedValue, output: Any) -> Any:
    """An output of a DoFn, tagged or not, in the window of the element that it comes from."""
    if isinstance(output, beam.pvalue.TaggedOutput):
        return beam.pvalue.TaggedOutput(output.tag, element.with_value(output.value))
    return element.with_value(output)


class _PartByClarity(beam.DoFn):
    def __init__(
        self, detector: FeedbackDetector | None, judging: TurnJudging, batch_size: int
    ) -> None:
        self._judging = judging
        self._asks_all = detector is None
        self._batches = LabelBatches(detector, batch_size)
        self._bound: float | None = None

    def process(
        self,
        conversation: Conversation,
        bound: float | None,
        window: Any = beam.DoFn.WindowParam,
        timestamp: Any = beam.DoFn.TimestampParam,
    ) -> Iterator[Any]:
        self._bound = bound
        for element, labels in self._batches.add(conversation, window, timestamp):
            yield self._parted(element, labels)

    def finish_bundle(self) -> Iterator[Any]:
        for element, labels in self._batches.flush():
            yield self._parted(element, labels)

    def _parted(self, element: WindowedValue, labels: Labels) -> Any:
        conversation = element.value
        bound = self._bound or 0.0
        unclear = [label.turn for label in labels if needs_judge(label, bound)]
        turns = judged_turns(conversation) if self._asks_all else unclear
        if not turns:
            clear = beam.pvalue.TaggedOutput("clear", (conversation, labels))
            return in_window_of(element, clear)
        requests = judge_requests(conversation, turns, self._judging)
        return element.with_value(((conversation, labels, turns), requests))


class _Histogram(beam.DoFn):
    """Turns, and the tokens that they would cost, by uncertainty."""

    def __init__(
        self, detector: FeedbackDetector | None, judging: TurnJudging, batch_size: int
    ) -> None:
        self._judging = judging
        self._batches = LabelBatches(detector, batch_size)

    def start_bundle(self) -> None:
        self._counts = np.zeros((2, BINS))

    def process(
        self,
        conversation: Conversation,
        window: Any = beam.DoFn.WindowParam,
        timestamp: Any = beam.DoFn.TimestampParam,
    ) -> None:
        for element, labels in self._batches.add(conversation, window, timestamp):
            self._count(element.value, labels)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        for element, labels in self._batches.flush():
            self._count(element.value, labels)
        yield GlobalWindows.windowed_value(self._counts)

    def _count(self, conversation: Conversation, labels: Labels) -> None:
        for label in labels:
            place = bin_of(uncertainty(label))
            self._counts[0, place] += 1
            self._counts[1, place] += tokens_of(conversation, label.turn, self._judging)


def _add_up(histograms: Iterable[np.ndarray]) -> np.ndarray:
    return sum(histograms, start=np.zeros((2, BINS)))


def _bound(histogram: np.ndarray, max_share: float | None, max_tokens: int | None) -> float:
    turns, tokens = histogram
    bounds = [0.0]
    if max_share is not None:
        bounds.append(threshold_for(turns, max_share * turns.sum()))
    if max_tokens is not None:
        bounds.append(threshold_for(tokens, max_tokens))
    return max(bounds)
