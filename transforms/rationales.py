"""Rationales for pairs of any source: written, checked, stored with the pair."""

from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.tasks import GENERATION, several
from curation.synthesis.rationales import (
    Explained,
    RationaleSettings,
    rationale_requests,
    read_rationales,
    with_rationales,
)
from curation.synthesis.rationales_check import check_requests, read_check
from schemas.records import PreferencePair
from transforms.inference import AskModel
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class SynthesizeRationales(Stage):
    """Let a model say why the chosen replies are better, and a judge whether that is so.

    Input: PCollection[PreferencePair], complete ones from any source. Output: `Synthesized`; every
    pair comes out, with the rationales that hold, or as it was; also one that a model could not be
    asked about, which is counted (`note:prompt_too_long`, `note:failed`). Stages of the funnel:
    `rationales`, and `rationale_check` where the settings check.

    Parameters: `writer`, who is told which reply is preferred; `judge`, who is not; `settings`;
    `memo`, where answers are kept (None: nowhere).

    Reference: Just et al., Data-Centric Human Preference with Rationales for Direct Preference
    Alignment (arXiv 2407.14477).

    >>> from curation.feedback.exchanges import bare_pair
    >>> from curation.synthesis.reply import ReplySampling
    >>> from schemas.records import Conversation, Message
    >>> talk = (Message("user", "2 + 2?"), Message("assistant", "5"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> pair = bare_pair(chat, "existing", "id", talk[:1], (Message("assistant", "4"),), talk[1:])
    >>> short = RationaleSettings(("general",), ReplySampling(max_new_tokens=48))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     done = pipeline | beam.Create([pair]) | SynthesizeRationales(settings=short)
    ...     _ = done.pairs | beam.Map(lambda pair: print(pair.id, len(pair.rationales) <= 1))
    id True
    """

    def __init__(
        self,
        writer: Role = Role(),
        judge: Role = Role(),
        settings: RationaleSettings = RationaleSettings(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        written, judged = f"rationale={writer.name}", f"judge={judge.name}"
        self._write = ModelStep(
            "rationales",
            AskModel(writer.settings, several(GENERATION)),
            partial(rationale_requests, settings=settings),
            partial(_written, settings=settings),
            memo=memo,
            counter="generated",
            otherwise=_unexplained,
        )
        self._check = ModelStep(
            "rationale_check",
            AskModel(judge.settings, choice_task(settings.form)),
            partial(check_requests, settings=settings),
            partial(_checked, settings=settings, models=(written, judged)),
            pair_of=_pair,
            memo=memo,
            otherwise=_pair,
        )
        self._checks = settings.check
        self._writer = written

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Write, check, and keep with each pair what holds."""
        written = pairs | "Write rationales" >> self._write
        if not self._checks:
            kept = written.records | "Keep rationales" >> beam.Map(
                _kept, model=self._writer
            ).with_output_types(PreferencePair)
            return synthesized(kept, [written])
        checked = written.records | "Check rationales" >> self._check
        typed = checked.records | "Pairs" >> beam.Map(_same).with_output_types(PreferencePair)
        return synthesized(typed, [written, checked])


def _written(pair: PreferencePair, answers: Any, settings: RationaleSettings) -> Noted:
    explained = read_rationales(pair, answers, settings)
    return Noted(explained, explained.notes)


def _checked(
    explained: Explained, answers: Any, settings: RationaleSettings, models: tuple[str, ...]
) -> Noted:
    return Noted(*read_check(explained, answers, settings, models))


def _unexplained(pair: PreferencePair) -> Explained:
    return Explained(pair, (), ())


def _kept(explained: Explained, model: str) -> PreferencePair:
    return with_rationales(explained.pair, explained.rationales, [model])


def _pair(explained: Explained) -> PreferencePair:
    return explained.pair


def _same(pair: PreferencePair) -> PreferencePair:
    return pair
