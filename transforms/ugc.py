"""Pairs from user-generated content: documents are answers whose questions models find (PUGC).

document → question → relevance → responses → signals → pair
           judge      judge       policy      judge, scorer or sentence encoder
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.sentence_encoder import encoder_identity
from curation.models.tasks import TEXT_SIMILARITY
from curation.synthesis.ugc import (
    UgcRecord,
    UgcSettings,
    best_over_worst,
    checked,
    from_document,
    gap_left,
    responses_request,
    with_responses,
)
from curation.synthesis.ugc_question import (
    question_request,
    relevance_requests,
    with_question,
    with_relevance,
)
from curation.synthesis.ugc_scores import (
    follow_ups_request,
    grade_requests,
    similarity_request,
    with_follow_ups,
    with_grades,
    with_similarity,
)
from schemas.records import Document, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.encoder import load_encoder
from transforms.inference import AskModel, Generate, MeasureJointly, ModelSettings
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized

STAGES = {"judge": "reference_judge", "follow_up_likelihood": "rank", "similarity": "similarity"}
"""What the funnel calls the step of each signal."""


class SynthesizeFromUserContent(Stage):
    """Make pairs of documents: the response nearest to what a person wrote over the farthest.

    Input: PCollection[Document]. Output: `Synthesized`. The pairs' method is `ugc`; their
    provenance names the document and has the scores of all responses. Stages of the funnel:
    `question`, `relevance`, `responses`, and one for each signal: `reference_judge`, `rank`,
    `similarity`.

    Parameters: `policy` responds; `judge` writes the question, says whether the text answers it,
    and grades; `scorer` measures follow-up likelihoods, where they are a signal; `settings`;
    `memo`, where answers are kept (None: nowhere).

    Raises: UsageError for settings that no pair can come of; as `encoder_identity`, when the
    pipeline is built, where `similarity` is a signal.

    Reference: Tan et al., PUGC (arXiv 2506.04463).

    >>> text = "Keep it dark and cool. Light makes hops smell of skunk, and heat ages every beer."
    >>> post = Document("d1", text, "Storing beer", "beer", 7, None, "demo", None, {})
    >>> settings = UgcSettings(questions=1, question_tokens=8, samples=2)
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([post]) | SynthesizeFromUserContent(settings=settings)
    ...     _ = made.counts | beam.Filter(lambda n: n[0] == ("question", "in")) | beam.Map(print)
    (('question', 'in'), 1)
    """

    def __init__(
        self,
        policy: Role = Role(),
        judge: Role = Role(),
        scorer: Role = Role(),
        settings: UgcSettings = UgcSettings(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._policy = policy
        self._judge = judge
        self._scorer = scorer
        self._settings = checked(settings)
        self._memo = memo

    def expand(self, documents: beam.PCollection) -> Synthesized:
        """Find the question, ask it, measure the responses, take the best and the worst."""
        begun = documents | "What tells something" >> beam.ParDo(
            _Begin("question", self._settings)
        ).with_outputs(COUNTS, "drops", main="records")
        asked = begun.records | "Find a question" >> self._question()
        relevant = asked.records | "Is it answered?" >> self._relevance()
        responded = relevant.records | "Ask the policy" >> self._responses()
        steps = [asked, relevant, responded]
        for signal in self._settings.signals:
            measure = f"Measure by {signal}"
            steps.append(steps[-1].records | measure >> self._signal(signal))
        pairs = steps[-1].records | "Pairs" >> beam.Map(_same).with_output_types(PreferencePair)
        return synthesized(pairs, steps, [begun[COUNTS]], [begun.drops])

    def _question(self) -> ModelStep:
        finish = partial(_noted, with_question, settings=self._settings, model=self._judge.name)
        request = partial(question_request, settings=self._settings)
        return self._step("question", Generate(self._judge.settings), request, finish)

    def _relevance(self) -> ModelStep:
        settings, judge = self._settings, self._judge
        ask = AskModel(judge.settings, choice_task(settings.judge_form))
        finish = partial(with_relevance, settings=settings, model=judge.name)
        return self._step("relevance", ask, partial(relevance_requests, settings=settings), finish)

    def _responses(self) -> ModelStep:
        finish = partial(_noted, with_responses, settings=self._settings, model=self._policy.name)
        request = partial(responses_request, settings=self._settings)
        ask = Generate(self._policy.settings)
        return self._step("responses", ask, request, finish, "generated")

    def _signal(self, name: str) -> ModelStep:
        ask, request, finish = {
            "judge": self._judged,
            "follow_up_likelihood": self._followed_up,
            "similarity": self._compared,
        }[name]()
        settings = self._settings
        place = settings.signals.index(name)
        finish = partial(
            _measured,
            finish,
            settings=settings,
            ranks=place == 0 or name == "judge",
            last=place == len(settings.signals) - 1,
        )
        return self._step(STAGES[name], ask, request, finish)

    def _judged(self) -> tuple[AskModel, Any, Any]:
        settings, judge = self._settings, self._judge
        ask = AskModel(judge.settings, choice_task(settings.judge_form))
        finish = partial(_noted, with_grades, settings=settings, model=judge.name)
        return ask, partial(grade_requests, settings=settings), finish

    def _followed_up(self) -> tuple[AskModel, Any, Any]:
        settings, scorer = self._settings, self._scorer
        finish = partial(with_follow_ups, settings=settings, model=scorer.name)
        request = partial(follow_ups_request, settings=settings)
        return MeasureJointly(scorer.settings), request, finish

    def _compared(self) -> tuple[AskModel, Any, Any]:
        encoder = self._settings.encoder
        named = encoder_identity(encoder)
        ask = AskModel(ModelSettings(encoder), TEXT_SIMILARITY, load_encoder)
        request = partial(similarity_request, encoder=named)
        return ask, request, partial(with_similarity, encoder=named)

    def _step(
        self, stage: str, ask: AskModel, request: Any, finish: Any, counter: str | None = None
    ) -> ModelStep:
        return ModelStep(
            stage, ask, request, finish, pair_of=_pair, memo=self._memo, counter=counter
        )


@beam.typehints.with_output_types(UgcRecord, drops=Drop, counts=Count)
class _Begin(CountingDoFn):
    """Leaves out what answers nothing; what goes on is counted by the step that asks about it."""

    def __init__(self, stage: str, settings: UgcSettings) -> None:
        super().__init__(stage)
        self._settings = settings

    def process(self, document: Document) -> Iterator[Any]:
        begun = from_document(document, self._settings)
        if isinstance(begun, Drop):
            self.tally["in"] += 1
            self.tally[f"drop:{begun.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", begun)
        else:
            yield begun


def _noted(
    finish: Callable[..., tuple[Any, tuple[str, ...]]], record: Any, answer: Any, **parameters: Any
) -> Noted:
    return Noted(*finish(record, answer, **parameters))


def _measured(
    finish: Callable[[Any, Any], Any],
    record: UgcRecord,
    answer: Any,
    *,
    settings: UgcSettings,
    ranks: bool,
    last: bool,
) -> Noted:
    """Put scores into a record, drop it if they tie, make the pair of it if they are the last."""
    outcome = finish(record, answer)
    done, notes = outcome if isinstance(outcome, Noted) else (outcome, ())
    if ranks and not isinstance(done, Drop):
        done = gap_left(done, settings)
    if last and not isinstance(done, Drop):
        done = best_over_worst(done, settings)
    return Noted(done, notes)


def _pair(record: UgcRecord) -> PreferencePair:
    return record.pair


def _same(pair: PreferencePair) -> PreferencePair:
    return pair
