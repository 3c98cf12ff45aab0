"""Scoring stage: every pair is measured once; deciding is another stage's work."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.models.protocols import JointRequest
from curation.scoring.pairs import PairScoring, follow_ups_name, pair_request, with_scores
from schemas.records import PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import MeasureJointly, ModelSettings, is_failure
from transforms.memo import Memo, remembered
from transforms.stage import Stage
from transforms.synthesize import reject_pair


class Scored(NamedTuple):
    """Outputs of `ScorePairs`."""

    pairs: beam.PCollection
    """`PreferencePair` with its scores."""
    rejects: beam.PCollection
    """`Reject`: pairs that could not be measured."""
    counts: beam.PCollection
    """Funnel counts of the stage `score`."""


class ScorePairs(Stage):
    """Measure pairs by follow-up likelihood (FLR) and CHES.

    Input: PCollection[PreferencePair]. Output: `Scored`.

    Parameters: `model` settings of the scorer, `model_name` as `name@revision` for provenance,
    `scoring` says what to measure, `memo`, where answers are kept (None: nowhere).

    References: FLR (arXiv 2409.13948), CHES (arXiv 2410.08847).
    """

    def __init__(
        self,
        model: ModelSettings = ModelSettings(),
        model_name: str = "",
        scoring: PairScoring = PairScoring(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._ask = remembered(MeasureJointly(model), memo)
        self._model_name = model_name or model.name
        self._scoring = scoring

    def expand(self, pairs: beam.PCollection) -> Scored:
        """Ask the model, then part the measured from the failed."""
        routed = (
            pairs
            | "Ask for scores" >> beam.Map(_request, self._scoring)
            | "Measure" >> self._ask
            | "Route scores"
            >> beam.ParDo(_RouteScores("score", self._scoring, self._model_name)).with_outputs(
                COUNTS, "rejects", main="pairs"
            )
        )
        return Scored(routed.pairs, routed.rejects, routed[COUNTS])


def _request(pair: PreferencePair, scoring: PairScoring) -> tuple[PreferencePair, JointRequest]:
    return pair, pair_request(pair, scoring)


@beam.typehints.with_output_types(PreferencePair, rejects=Reject, counts=Count)
class _RouteScores(CountingDoFn):
    def __init__(self, stage: str, scoring: PairScoring, model_name: str) -> None:
        super().__init__(stage)
        self._scoring = scoring
        self._model = f"scorer={model_name}"
        follow_ups = follow_ups_name(scoring)
        self._prompts = (follow_ups,) if follow_ups else ()

    def process(self, element: tuple[PreferencePair, Any]) -> Iterator[Any]:
        pair, answer = element
        self.tally["in"] += 1
        if is_failure(answer):
            self.tally[f"drop:{answer.reason}"] += 1
            yield beam.pvalue.TaggedOutput("rejects", reject_pair(pair, "score", answer))
        else:
            self.tally["out"] += 1
            progress.count("scored")
            scored = with_scores(pair, answer, self._scoring)
            origin = scored.provenance
            yield scored._replace(
                provenance=origin._replace(
                    models=(*origin.models, self._model), prompts=(*origin.prompts, *self._prompts)
                )
            )
