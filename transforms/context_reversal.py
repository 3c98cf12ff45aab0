"""Context reversal: out of one pair two, whose preference depends on the system message alone."""

from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.protocols import Completion
from curation.synthesis.context_reversal import (
    ContextDraft,
    ContextPairs,
    ContextSettings,
    both_pairs,
    check_settings,
    criteria_request,
    decisive_requests,
    read_criteria,
    read_decisive,
)
from schemas.records import Drop, PreferencePair
from transforms.inference import AskModel, Generate
from transforms.memo import Memo
from transforms.model_step import ModelStep, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class SynthesizeContextReversals(Stage):
    """Find a criterion for each side of a pair, by which this side is the better one.

    Input: PCollection[PreferencePair], complete. Output: `Synthesized`; of each pair two new ones,
    of method `context_reversal`, or none. Their system messages hold the criteria, their sides
    are the same the other way round, and `provenance.derived_from` names the pair.

    Stages of the funnel, both in pairs read: `context_criteria`, `context_check`.

    Parameters: `writer` of the criteria, `judge` that checks them; `settings`; `memo`, where
    answers are kept (None: nowhere).

    Raises: UsageError for settings that make no sense.

    Reference: Pitis et al. (RPR, arXiv 2407.14916).

    >>> from curation.feedback.exchanges import bare_pair
    >>> from curation.synthesis.reply import ReplySampling
    >>> from schemas.records import Conversation, Message
    >>> chat = Conversation("c", [], "demo", None, None, None, None, {})
    >>> texts = [(Message("assistant", text),) for text in ("Blue.", "Blue, as the sky is.")]
    >>> pair = bare_pair(chat, "existing", "p", (Message("user", "Name a colour."),), *texts)
    >>> settings = ContextSettings(ReplySampling(max_new_tokens=8))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([pair]) | SynthesizeContextReversals(settings=settings)
    ...     _ = made.drops | beam.Map(lambda drop: print(drop.pair_id, drop.filter))
    p context_criteria:truncated
    """

    def __init__(
        self,
        writer: Role = Role(),
        judge: Role = Role(),
        settings: ContextSettings = ContextSettings(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        check_settings(settings)
        self._settings = settings
        self._write = ModelStep(
            "context_criteria",
            Generate(writer.settings),
            partial(criteria_request, settings=settings),
            partial(_finish_criteria, settings=settings, model=writer.name),
            memo=memo,
            counter="generated",
        )
        self._check = ModelStep(
            "context_check",
            AskModel(judge.settings, choice_task(settings.form)),
            partial(decisive_requests, settings=settings),
            partial(_finish_check, settings=settings, model=judge.name),
            pair_of=_pair,
            memo=memo,
        )

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Write criteria, check them, unpack."""
        steps = [pairs | "Write criteria" >> self._write]
        if self._settings.check:
            steps.append(steps[0].records | "Do they decide?" >> self._check)
            made = steps[-1].records
        else:
            made = steps[0].records | "Pair" >> beam.Map(both_pairs).with_output_types(Any)
        unpacked = made | "Unpack" >> beam.FlatMap(_pairs).with_output_types(PreferencePair)
        return synthesized(unpacked, steps)


def _finish_criteria(
    pair: PreferencePair, answer: list[Completion], settings: ContextSettings, model: str
) -> ContextDraft | Drop:
    return read_criteria(pair, answer, settings, model)


def _finish_check(
    draft: ContextDraft, answers: Any, settings: ContextSettings, model: str
) -> ContextPairs | Drop:
    return read_decisive(draft, answers, settings, model)


def _pair(draft: ContextDraft) -> PreferencePair:
    return draft.pair


def _pairs(made: ContextPairs) -> tuple[PreferencePair, ...]:
    return made.pairs
