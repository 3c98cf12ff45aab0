"""Synthesis: what is missing of a draft is written by a model, for each kind of draft its way.

expert                the expert answers, knowing the preference      → chosen
on_policy             the policy answers with and without it, and a judge
                      that holds the checklist compares, both ways    → chosen, rejected
followup_likelihood   the policy answers several times, and the follow-up
                      likelihood ranks                                → best, worst
"""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam

from curation.feedback.exchanges import is_complete
from curation.models.tasks import GENERATION, several
from curation.scoring.pairs import PairScoring
from curation.selection.pairing import PairingSettings
from curation.synthesis.checklist import checklist_requests, checklist_verdict
from curation.synthesis.on_policy import complete_on_policy, policy_requests
from curation.synthesis.reply import ReplySampling, complete_draft, reply_request
from curation.synthesis.samples import (
    best_and_worst,
    rank_request,
    samples_request,
    with_samples,
)
from schemas.records import Drop, PairDraft, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import AskModel, Generate, MeasureJointly
from transforms.memo import Memo
from transforms.model_step import ModelStep, Role, Stepped
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class Writers(NamedTuple):
    """The models that write and judge, and how they are asked.

    Parameters: `expert`, `policy`, `judge`, `scorer`; `sampling` of replies; `samples` for each
    prompt of `followup_likelihood`; `judge_form`, `likelihood` or `words`, as the judge's backend
    can; `scoring`, the follow-ups that rank; `pairing`, which of the ranked make the pair.
    """

    expert: Role = Role()
    policy: Role = Role()
    judge: Role = Role()
    scorer: Role = Role()
    sampling: ReplySampling = ReplySampling()
    samples: int = 4
    judge_form: str = "likelihood"
    scoring: PairScoring = PairScoring()
    pairing: PairingSettings = PairingSettings()


METHODS = ("expert", "on_policy", "followup_likelihood")
"""Methods of the drafts that a model has to complete."""


class SynthesizePairs(Stage):
    """Complete pair drafts; those that are complete pass as they are.

    Input: PCollection[PairDraft]. Output: `Synthesized`.

    Parameters: `writers`; `methods` that drafts may have, of `METHODS`: no model is loaded for
    another; `memo`, where answers are kept (None: nowhere).

    References: WildFeedback (arXiv 2408.15549), section 3.3; FLR (arXiv 2409.13948), section 4.
    """

    def __init__(
        self,
        writers: Writers = Writers(),
        methods: tuple[str, ...] = METHODS,
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._writers = writers
        self._methods = methods
        self._memo = memo

    def expand(self, drafts: beam.PCollection) -> Synthesized:
        """Part the drafts by what they lack, complete each kind, put the outcomes together."""
        parted = drafts | "What is missing?" >> beam.ParDo(
            _PartDrafts("synthesize", self._methods)
        ).with_outputs(COUNTS, *self._methods, main="complete")
        complete, steps = [parted.complete], []
        for method in self._methods:
            way = {
                "expert": self._expert,
                "on_policy": self._on_policy,
                "followup_likelihood": self._followup_likelihood,
            }[method]
            done = way(parted[method])
            complete.append(done[-1].records)
            steps += done
        pairs = complete | "All pairs" >> beam.Flatten().with_output_types(PreferencePair)
        return synthesized(pairs, steps, [parted[COUNTS]])

    def _expert(self, drafts: beam.PCollection) -> list[Stepped]:
        sampling, role = self._writers.sampling, self._writers.expert
        ask = ModelStep(
            "synthesize",
            Generate(role.settings),
            partial(reply_request, sampling=sampling),
            partial(_finish_reply, sampling=sampling, model=f"expert={role.name}"),
            pair_of=_pair,
            memo=self._memo,
            counter="generated",
        )
        return [drafts | "Ask the expert" >> ask]

    def _on_policy(self, drafts: beam.PCollection) -> list[Stepped]:
        sampling, policy = self._writers.sampling, self._writers.policy
        write = ModelStep(
            "synthesize",
            AskModel(policy.settings, several(GENERATION)),
            partial(policy_requests, sampling=sampling),
            partial(_finish_both, sampling=sampling, model=policy.name),
            pair_of=_pair,
            memo=self._memo,
            counter="generated",
        )
        judge, form = self._writers.judge, self._writers.judge_form
        compare = ModelStep(
            "checklist",
            AskModel(judge.settings, choice_task(form)),
            partial(checklist_requests, form=form, seed=sampling.seed),
            partial(checklist_verdict, form=form, model=judge.name),
            memo=self._memo,
        )
        written = drafts | "Ask the policy twice" >> write
        return [written, written.records | "Compare by the checklist" >> compare]

    def _followup_likelihood(self, drafts: beam.PCollection) -> list[Stepped]:
        writers = self._writers
        write = ModelStep(
            "synthesize",
            Generate(writers.policy.settings),
            partial(samples_request, samples=writers.samples, sampling=writers.sampling),
            partial(with_samples, sampling=writers.sampling, model=writers.policy.name),
            pair_of=_pair,
            memo=self._memo,
            counter="generated",
        )
        rank = ModelStep(
            "rank",
            MeasureJointly(writers.scorer.settings),
            partial(rank_request, scoring=writers.scoring),
            partial(
                best_and_worst,
                scoring=writers.scoring,
                model=writers.scorer.name,
                pairing=writers.pairing,
                seed=writers.sampling.seed,
            ),
            pair_of=_pair_of_sampled,
            memo=self._memo,
        )
        written = drafts | "Ask the policy for samples" >> write
        return [written, written.records | "Rank samples" >> rank]


def _pair(draft: PairDraft) -> PreferencePair:
    return draft.pair


def _pair_of_sampled(sampled: Any) -> PreferencePair:
    pair: PreferencePair = sampled.draft.pair
    return pair


def _finish_reply(
    draft: PairDraft, answer: Any, sampling: ReplySampling, model: str
) -> PreferencePair | Drop:
    return complete_draft(draft, answer[0], sampling, model)


def _finish_both(
    draft: PairDraft, answers: Any, sampling: ReplySampling, model: str
) -> PreferencePair | Drop:
    return complete_on_policy(draft, [answer[0] for answer in answers], sampling, model)


@beam.typehints.with_output_types(PreferencePair, counts=Count, **dict.fromkeys(METHODS, PairDraft))
class _PartDrafts(CountingDoFn):
    """Parts the drafts; those that lack a side are counted by the step that completes them."""

    def __init__(self, stage: str, methods: tuple[str, ...]) -> None:
        super().__init__(stage)
        self._methods = methods

    def process(self, draft: PairDraft) -> Iterator[Any]:
        method = draft.pair.method
        if method in METHODS:
            # A run that drafts such pairs has been given the method; nothing may get lost.
            if method not in self._methods:
                raise ValueError(f"a draft of {method} came where only {self._methods} may")
            yield beam.pvalue.TaggedOutput(method, draft)
        elif is_complete(draft):
            self.tally["in"] += 1
            self.tally["out"] += 1
            yield draft.pair
        else:
            raise ValueError(f"a draft of {method} lacks a side, and no model writes it")
