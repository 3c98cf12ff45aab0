"""Mirrored pairs by rubrics: two replies to a prompt, each preferred under its own system prompt.

conversations → draw rubric and levels → (condense) → write two replies → (verify) → 2 pairs
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.tasks import GENERATION, several
from curation.rubrics.rubric import ScoringRubric
from curation.synthesis.rubric_drafts import (
    RubricDraft,
    RubricPairSettings,
    condense_requests,
    draw_rubric,
    pair_rubrics,
    with_wishes,
)
from curation.synthesis.rubric_pairs import (
    MirroredPairs,
    mirrored_pairs,
    response_requests,
    verified,
    verify_requests,
)
from schemas.records import Conversation, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import AskModel
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized

DRAW, CONDENSE, WRITE, VERIFY = (
    "rubric_draw",
    "rubric_condense",
    "rubric_responses",
    "rubric_verify",
)
"""Stages of the funnel."""


class SynthesizeRubricPairs(Stage):
    """Make two mirrored pairs of the first prompt of each conversation, or none.

    Input: PCollection[Conversation]. Output: `Synthesized`: pairs of the method `rubric`, whose
    system prompt says which of the two replies is the better one. A conversation without a first
    reply of its own is counted (`drop:no_exchange`) and is no `Drop`: there never was a pair.

    Parameters: `writer` of replies (and system prompts); `settings`
    (`curation.synthesis.rubric_drafts`, which also tells what a conversation costs at most:
    `most_requests`); `memo`, where answers are kept (None: nowhere); `judge` that verifies, where
    the settings ask for it (None: the writer). Raises: UsageError for settings that make no sense.

    Reference: Gallego, Configurable Preference Tuning (arXiv 2506.11702), section 3.

    >>> from curation.synthesis.reply import ReplySampling
    >>> from schemas.records import Message
    >>> talk = [Message("user", "Name a colour."), Message("assistant", "Red.")]
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> brief = ReplySampling(max_new_tokens=8, keep_truncated=True)
    >>> settings = RubricPairSettings(("brevity",), sampling=brief)
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([chat]) | SynthesizeRubricPairs(settings=settings)
    ...     _ = made.pairs | beam.Map(lambda pair: print([m.role for m in pair.prompt]))
    ['system', 'user']
    ['system', 'user']
    """

    def __init__(
        self,
        writer: Role = Role(),
        settings: RubricPairSettings = RubricPairSettings(),
        memo: Memo | None = None,
        *,
        judge: Role | None = None,
    ) -> None:
        super().__init__()
        self._writer = writer
        self._settings = settings
        self._memo = memo
        self._judge = judge or writer
        self._rubrics = pair_rubrics(settings)

    def expand(self, conversations: beam.PCollection) -> Synthesized:
        """Draw, condense where a model does it, write, verify where asked for, unpack."""
        drawn = conversations | "Draw a rubric" >> beam.ParDo(
            _Draw(self._rubrics, self._settings)
        ).with_outputs(COUNTS, "drops", main="drafts")
        records, steps = drawn.drafts, []
        if self._settings.condense == "model":
            steps.append(records | "Condense" >> self._condense())
            records = steps[-1].records
        steps.append(records | "Write for both levels" >> self._write())
        if self._settings.verify:
            steps.append(steps[-1].records | "Verify the levels" >> self._verify())
        pairs = steps[-1].records | "Both pairs" >> beam.FlatMap(_unpack).with_output_types(
            PreferencePair
        )
        return synthesized(pairs, steps, [drawn[COUNTS]], [drawn.drops])

    def _condense(self) -> ModelStep:
        return ModelStep(
            CONDENSE,
            AskModel(self._writer.settings, several(GENERATION)),
            partial(condense_requests, rubrics=self._rubrics, settings=self._settings),
            partial(_condensed, rubrics=self._rubrics, model=self._writer.name),
            pair_of=_pair_of_draft,
            memo=self._memo,
        )

    def _write(self) -> ModelStep:
        return ModelStep(
            WRITE,
            AskModel(self._writer.settings, several(GENERATION)),
            partial(response_requests, rubrics=self._rubrics, settings=self._settings),
            partial(
                _written, rubrics=self._rubrics, settings=self._settings, model=self._writer.name
            ),
            pair_of=_pair_of_draft,
            memo=self._memo,
            counter="generated",
        )

    def _verify(self) -> ModelStep:
        return ModelStep(
            VERIFY,
            AskModel(self._judge.settings, choice_task(self._settings.verification.form)),
            partial(verify_requests, rubrics=self._rubrics, settings=self._settings),
            partial(
                _verified, rubrics=self._rubrics, settings=self._settings, model=self._judge.name
            ),
            pair_of=_first_of,
            memo=self._memo,
        )


@beam.typehints.with_output_types(RubricDraft, drops=Drop, counts=Count)
class _Draw(CountingDoFn):
    def __init__(self, rubrics: Mapping[str, ScoringRubric], settings: RubricPairSettings) -> None:
        super().__init__(DRAW)
        self._rubrics = rubrics
        self._settings = settings

    def process(self, conversation: Conversation) -> Iterator[Any]:
        self.tally["in"] += 1
        drawn = draw_rubric(conversation, self._rubrics, self._settings)
        if drawn is None:
            self.tally["drop:no_exchange"] += 1
        elif isinstance(drawn, Drop):
            self.tally[f"drop:{drawn.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", drawn)
        else:
            self.tally["out"] += 1
            yield drawn


def _condensed(draft: RubricDraft, answers: Any, **known: Any) -> Noted:
    return Noted(*with_wishes(draft, answers, **known))


def _written(draft: RubricDraft, answers: Any, **known: Any) -> Noted:
    return Noted(*mirrored_pairs(draft, answers, **known))


def _verified(mirrored: MirroredPairs, answers: Any, **known: Any) -> Noted:
    return Noted(*verified(mirrored, answers, **known))


def _pair_of_draft(draft: RubricDraft) -> PreferencePair:
    return draft.pair


def _first_of(mirrored: MirroredPairs) -> PreferencePair:
    return mirrored.first


def _unpack(mirrored: MirroredPairs) -> tuple[PreferencePair, PreferencePair]:
    return mirrored.pairs
