"""Judgment pairs: what a judge wrote rightly about a pair over what it wrote wrongly."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.tasks import GENERATION, several
from curation.synthesis.judgments import (
    Judged,
    JudgmentSettings,
    judgment_requests,
    read_judgments,
)
from schemas.records import PreferencePair
from transforms.inference import AskModel
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, synthesized


class SynthesizeJudgments(Stage):
    """Sample verdicts with reasons on pairs; right ones over wrong ones train generative judges.

    Input: PCollection[PreferencePair], complete ones from any source. Output: `Synthesized`: new
    pairs whose prompt is what the judge was shown; a pair that gives none is dropped as
    `unanimous_right`, `unanimous_wrong`, `order_decides` or `judgment:…`. Stage of the funnel:
    `judgments`, which counts the pairs that come in.

    Parameters: `judge`; `settings`; `memo`, where answers are kept (None: nowhere).

    Reference: Ye et al., Learning LLM-as-a-Judge for Preference Alignment (Con-J, arXiv
    2410.03742).

    >>> from curation.feedback.exchanges import bare_pair
    >>> from curation.synthesis.reply import ReplySampling
    >>> from schemas.records import Conversation, Message
    >>> talk = (Message("user", "2 + 2?"), Message("assistant", "5"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> pair = bare_pair(chat, "existing", "id", talk[:1], (Message("assistant", "4"),), talk[1:])
    >>> short = JudgmentSettings(4, ReplySampling(max_new_tokens=2))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     done = pipeline | beam.Create([pair]) | SynthesizeJudgments(settings=short)
    ...     _ = done.drops | beam.Map(lambda drop: print(drop.pair_id, drop.filter))
    id judgment:truncated
    """

    def __init__(
        self,
        judge: Role = Role(),
        settings: JudgmentSettings = JudgmentSettings(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        self._step = ModelStep(
            "judgments",
            AskModel(judge.settings, several(GENERATION)),
            partial(judgment_requests, settings=settings),
            partial(_judged, settings=settings, model=f"judge={judge.name}"),
            memo=memo,
            counter="generated",
        )

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Sample, contrast, and part what each pair has made."""
        judged = pairs | "Sample judgments" >> self._step
        made = judged.records | "Judgment pairs" >> beam.FlatMap(_made).with_output_types(
            PreferencePair
        )
        return synthesized(made, [judged])


def _judged(pair: PreferencePair, answers: Any, settings: JudgmentSettings, model: str) -> Noted:
    return Noted(*read_judgments(pair, answers, settings, model))


def _made(judged: Judged) -> Sequence[PreferencePair]:
    return judged.made
