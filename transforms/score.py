"""Scoring stage: every pair is measured once; deciding is another stage's work."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.models.isolation import Failure, isolate_failures
from curation.scoring.pairs import PairScoring, score_pair
from schemas.records import PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import AskModel, ModelSettings, is_failure
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
    `scoring` says what to measure.

    References: FLR (arXiv 2409.13948), CHES (arXiv 2410.08847).
    """

    def __init__(
        self,
        model: ModelSettings = ModelSettings(),
        model_name: str = "",
        scoring: PairScoring = PairScoring(),
    ) -> None:
        super().__init__()
        self._model = model
        self._work = partial(_score, scoring=scoring, model_name=model_name or model.name)

    def expand(self, pairs: beam.PCollection) -> Scored:
        """Ask the model, then part the measured from the failed."""
        routed = (
            pairs
            | "Measure" >> AskModel(self._model, self._work)
            | "Route scores"
            >> beam.ParDo(_RouteScores("score")).with_outputs(COUNTS, "rejects", main="pairs")
        )
        return Scored(routed.pairs, routed.rejects, routed[COUNTS])


def _score(
    pairs: Sequence[PreferencePair], model: Any, scoring: PairScoring, model_name: str
) -> list[PreferencePair | Failure]:
    def measure(batch: Sequence[PreferencePair]) -> list[PreferencePair]:
        measured = [score_pair(pair, model, scoring) for pair in batch]
        progress.count("scored", len(measured))
        return measured

    # Pairs are measured one by one; a batch that failed whole would measure the others again.
    answers = [answer for pair in pairs for answer in isolate_failures(measure, [pair])]
    return [_signed(answer, model_name) for answer in answers]


def _signed(answer: PreferencePair | Failure, model_name: str) -> PreferencePair | Failure:
    if isinstance(answer, Failure):
        return answer
    models = (*answer.provenance.models, f"scorer={model_name}")
    return answer._replace(provenance=answer.provenance._replace(models=models))


@beam.typehints.with_output_types(PreferencePair, rejects=Reject, counts=Count)
class _RouteScores(CountingDoFn):
    def process(self, element: tuple[PreferencePair, Any]) -> Iterator[Any]:
        pair, answer = element
        self.tally["in"] += 1
        if is_failure(answer):
            self.tally[f"drop:{answer.reason}"] += 1
            yield beam.pvalue.TaggedOutput("rejects", reject_pair(pair, "score", answer))
        else:
            self.tally["out"] += 1
            yield answer
