"""Scoring stage: every pair is measured once; deciding is another stage's work."""

from functools import partial
from typing import NamedTuple

import apache_beam as beam

from curation.models.protocols import JointResult
from curation.scoring.pairs import PairScoring, follow_ups_name, pair_request, with_scores
from schemas.records import PreferencePair
from transforms.inference import MeasureJointly
from transforms.memo import Memo
from transforms.model_step import ModelStep, Role
from transforms.stage import Stage


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

    Parameters: `scorer`, the model; `scoring` says what to measure; `memo`, where answers are
    kept (None: nowhere).

    References: FLR (arXiv 2409.13948), CHES (arXiv 2410.08847).
    """

    def __init__(
        self,
        scorer: Role = Role(),
        scoring: PairScoring = PairScoring(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._step = ModelStep(
            "score",
            MeasureJointly(scorer.settings),
            partial(pair_request, settings=scoring),
            partial(_finish, scoring=scoring, model=f"scorer={scorer.name}"),
            memo=memo,
            counter="scored",
        )

    def expand(self, pairs: beam.PCollection) -> Scored:
        """Ask the model, then part the measured from the failed."""
        measured = pairs | "Measure" >> self._step
        typed = measured.records | "Pairs" >> beam.Map(_same).with_output_types(PreferencePair)
        return Scored(typed, measured.rejects, measured.counts)


def _same(pair: PreferencePair) -> PreferencePair:
    return pair


def _finish(
    pair: PreferencePair, answer: JointResult, scoring: PairScoring, model: str
) -> PreferencePair:
    scored = with_scores(pair, answer, scoring)
    follow_ups = follow_ups_name(scoring)
    origin = scored.provenance
    prompts = (*origin.prompts, follow_ups) if follow_ups else origin.prompts
    # Pairs that a scorer has ranked name it, and the follow-ups, already.
    origin = origin._replace(
        models=tuple(dict.fromkeys((*origin.models, model))), prompts=tuple(dict.fromkeys(prompts))
    )
    return scored._replace(provenance=origin)
