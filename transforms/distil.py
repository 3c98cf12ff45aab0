"""Preferences: put into words by a model, and kept from weakening safety."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import apache_beam as beam

from curation.feedback.distil import Distilling, distil_request, with_preference
from curation.feedback.safety import check_by_rules, read_safety, safety_request
from schemas.records import Drop, PairDraft, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import Generate
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage


class Prepared(NamedTuple):
    """Outputs of `PreparePreferences`."""

    drafts: beam.PCollection
    """`PairDraft`: with the preference that a model will be told, found to be safe."""
    drops: beam.PCollection
    """`Drop`: drafts whose preference would weaken safety."""
    rejects: beam.PCollection
    """`Reject`: the judge could not be asked."""
    counts: beam.PCollection
    """Funnel counts of the stages `preference` and `safety`."""


class PreparePreferences(Stage):
    """Distil the preferences of drafts that have one, and check that they are safe.

    Input: PCollection[PairDraft]; drafts without a hint pass as they are. Output: `Prepared`.

    Parameters: `judge`, the model that is asked; `distilling` says how a model puts preferences
    into words, None leaves the rules' wording; `ask_about_safety`, whether the judge is asked
    after the rules; `memo`, where answers are kept (None: nowhere).

    Reference: WildFeedback (arXiv 2408.15549), section 3.3.
    """

    def __init__(
        self,
        judge: Role = Role(),
        distilling: Distilling | None = None,
        ask_about_safety: bool = False,
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._judge = judge
        self._distilling = distilling
        self._ask_about_safety = ask_about_safety
        self._memo = memo

    def expand(self, drafts: beam.PCollection) -> Prepared:
        """Distil, apply the rules, ask the judge."""
        parted = drafts | "Hinted?" >> beam.ParDo(_PartHinted()).with_outputs(
            "hinted", main="others"
        )
        hinted, steps = parted.hinted, []
        if self._distilling:
            distil = ModelStep(
                "preference",
                Generate(self._judge.settings),
                partial(distil_request, settings=self._distilling),
                partial(_finish_distilling, model=self._judge.name),
                pair_of=_pair,
                memo=self._memo,
            )
            steps.append(hinted | "Distil" >> distil)
            hinted = steps[-1].records
        ruled = hinted | "Safe by the rules?" >> beam.ParDo(_Rules("safety")).with_outputs(
            COUNTS, "drops", main="drafts"
        )
        safe = ruled.drafts
        if self._ask_about_safety:
            ask = ModelStep(
                "safety_judge",
                Generate(self._judge.settings),
                safety_request,
                partial(_finish_safety, model=self._judge.name),
                pair_of=_pair,
                memo=self._memo,
            )
            steps.append(safe | "Safe by the judge?" >> ask)
            safe = steps[-1].records
        prepared = (parted.others, safe) | "Prepared" >> beam.Flatten()
        nothing = drafts.pipeline | "Nothing" >> beam.Create([])
        return Prepared(
            prepared | "Drafts" >> beam.Map(_same).with_output_types(PairDraft),
            (ruled.drops, *(s.drops for s in steps)) | "Drops" >> beam.Flatten(),
            (nothing, *(s.rejects for s in steps)) | "Rejects" >> _typed_flatten(Reject),
            (ruled[COUNTS], *(s.counts for s in steps)) | "Counts" >> beam.Flatten(),
        )


def _pair(draft: PairDraft) -> Any:
    return draft.pair


def _same(record: Any) -> Any:
    return record


def _typed_flatten(record: type) -> beam.PTransform:
    return beam.Flatten().with_output_types(record)


def _finish_distilling(draft: PairDraft, answer: Any, model: str) -> Any:
    distilled = with_preference(draft, answer[0], model)
    return Noted(distilled.draft, (distilled.problem,)) if distilled.problem else distilled.draft


def _finish_safety(draft: PairDraft, answer: Any, model: str) -> Any:
    return read_safety(draft, answer[0], model)


@beam.typehints.with_output_types(PairDraft, hinted=PairDraft)
class _PartHinted(beam.DoFn):
    def process(self, draft: PairDraft) -> Iterator[Any]:
        yield draft if draft.hint is None else beam.pvalue.TaggedOutput("hinted", draft)


@beam.typehints.with_output_types(PairDraft, drops=Drop, counts=Count)
class _Rules(CountingDoFn):
    def process(self, draft: PairDraft) -> Iterator[Any]:
        self.tally["in"] += 1
        checked = check_by_rules(draft)
        if isinstance(checked, Drop):
            self.tally[f"drop:{checked.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", checked)
        else:
            self.tally["out"] += 1
            yield checked
