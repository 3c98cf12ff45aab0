"""Synthesis stage: drafts whose chosen side is missing get one from the policy model."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.models.protocols import GenerationRequest
from curation.synthesis.reply import ReplySampling, complete_draft, reply_request
from schemas.records import Drop, PairDraft, PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import Generate, ModelSettings, is_failure
from transforms.memo import Memo, remembered
from transforms.stage import Stage


class Synthesized(NamedTuple):
    """Outputs of `SynthesizeReplies`."""

    pairs: beam.PCollection
    """`PreferencePair`: complete ones."""
    drops: beam.PCollection
    """`Drop`: what the model wrote makes no pair."""
    rejects: beam.PCollection
    """`Reject`: the model could not be asked."""
    counts: beam.PCollection
    """Funnel counts of the stage `synthesize`."""


class SynthesizeReplies(Stage):
    """Complete pair drafts: those with a hint are answered anew by the policy model.

    Input: PCollection[PairDraft]. Output: `Synthesized`; a draft without a hint passes as it
    is.

    Parameters: `model` settings of the policy, `model_name` as `name@revision` for provenance,
    `sampling` of the replies, `memo`, where answers are kept (None: nowhere).

    Reference: WildFeedback (arXiv 2408.15549), section 3.3.
    """

    def __init__(
        self,
        model: ModelSettings = ModelSettings(),
        model_name: str = "",
        sampling: ReplySampling = ReplySampling(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._ask = remembered(Generate(model), memo)
        self._model_name = model_name or model.name
        self._sampling = sampling

    def expand(self, drafts: beam.PCollection) -> Synthesized:
        """Part the drafts, ask the model, put the outcomes together."""
        parted = drafts | "Missing a side?" >> beam.ParDo(_PartDrafts("synthesize")).with_outputs(
            COUNTS, "complete", main="missing"
        )
        written = (
            parted.missing
            | "Ask for replies" >> beam.Map(_request, self._sampling)
            | "Write replies" >> self._ask
            | "Route replies"
            >> beam.ParDo(
                _RouteReplies("synthesize", self._sampling, self._model_name)
            ).with_outputs(COUNTS, "drops", "rejects", main="pairs")
        )
        pairs = (parted.complete, written.pairs) | "All pairs" >> beam.Flatten()
        counts = (parted[COUNTS], written[COUNTS]) | "Synthesis counts" >> beam.Flatten()
        return Synthesized(pairs, written.drops, written.rejects, counts)


def _request(draft: PairDraft, sampling: ReplySampling) -> tuple[PairDraft, GenerationRequest]:
    return draft, reply_request(draft, sampling)


@beam.typehints.with_output_types(PairDraft, complete=PreferencePair, counts=Count)
class _PartDrafts(CountingDoFn):
    def process(self, draft: PairDraft) -> Iterator[Any]:
        self.tally["in"] += 1
        if draft.hint is None:
            self.tally["out"] += 1
            yield beam.pvalue.TaggedOutput("complete", draft.pair)
        else:
            yield draft


@beam.typehints.with_output_types(PreferencePair, drops=Drop, rejects=Reject, counts=Count)
class _RouteReplies(CountingDoFn):
    def __init__(self, stage: str, sampling: ReplySampling, model_name: str) -> None:
        super().__init__(stage)
        self._sampling = sampling
        self._model_name = model_name

    def process(self, element: tuple[PairDraft, Any]) -> Iterator[Any]:
        draft, answer = element
        progress.count("generated")
        if not is_failure(answer):
            answer = complete_draft(draft, answer[0], self._sampling, self._model_name)
        if is_failure(answer):
            self.tally[f"drop:{answer.reason}"] += 1
            yield beam.pvalue.TaggedOutput("rejects", reject_pair(draft.pair, "synthesize", answer))
        elif isinstance(answer, Drop):
            self.tally[f"drop:{answer.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", answer)
        else:
            self.tally["out"] += 1
            yield answer


def reject_pair(pair: PreferencePair, stage: str, failure: Any) -> Reject:
    """The `Reject` of a pair that a model could not be asked about."""
    record = f"{pair.method} pair {pair.id} of conversation {pair.conversation_id}"
    origin = pair.provenance
    return Reject(stage, failure.reason, failure.detail, record, origin.input, origin.position)
