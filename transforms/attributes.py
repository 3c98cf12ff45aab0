"""Attribute counterfactuals: one reply at five levels of an attribute, pairs of any two of them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import apache_beam as beam

from curation.models.tasks import GENERATION, several
from curation.synthesis.attributes_check import (
    AttributePairs,
    moved_requests,
    read_moved,
    unchecked_pairs,
)
from curation.synthesis.attributes_rewrite import (
    AttributeDraft,
    AttributeSettings,
    attribute_drafts,
    check_settings,
    read_rewritings,
    rewrite_requests,
)
from curation.synthesis.meaning import Similarity, lexical_similarity
from schemas.records import Conversation, Drop, PreferencePair, Reject
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.inference import AskModel
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role, Stepped
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class SynthesizeAttributeEdits(Stage):
    """Rewrite logged replies to five levels of an attribute, and pair the levels.

    Input: PCollection[Conversation]. Output: `Synthesized`; the pairs are of method `attributes`,
    chosen is the higher level, the margin is the difference of the levels.

    The first exchange of each conversation is rewritten by the attributes drawn for it. A level
    stays if its text keeps the meaning (`curation.synthesis.meaning`), and two levels are paired
    if the judge sees the attribute move from the lower to the higher
    (`curation.synthesis.attributes_check`). Five levels that stay give ten pairs. The funnel counts
    the stages `attribute_exchange` in conversations, `attribute_rewrite` and `attribute_check` in
    attributes of exchanges; what single levels fail by is noted there.

    Parameters: `writer`, `judge`; `settings`, which say what the judge's calls cost; `memo`, where
    answers are kept (None: nowhere); `similarity` of original and rewriting, a picklable function
    of two texts: by default that of their words.

    Raises: UsageError for settings that make no sense.

    Reference: Li et al., PrefPalette (arXiv 2507.13541), section 3.

    >>> from curation.synthesis.meaning import MeaningSettings
    >>> from curation.synthesis.reply import ReplySampling
    >>> from schemas.records import Message
    >>> talk = (Message("user", "Name a colour."), Message("assistant", "Blue, as the sky."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> sampling = ReplySampling(max_new_tokens=16, temperature=1.5, keep_truncated=True)
    >>> tolerant = MeaningSettings(names=0, similarity=0, shortest=0, longest=99)
    >>> settings = AttributeSettings(
    ...     ("formality",), sampling=sampling, meaning=tolerant, verify="none")
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([chat]) | SynthesizeAttributeEdits(settings=settings)
    ...     rubrics = made.pairs | beam.Map(lambda pair: pair.rubric.partition(":")[0])
    ...     _ = rubrics | beam.Distinct() | beam.Map(print)
    more formal
    """

    def __init__(
        self,
        writer: Role = Role(),
        judge: Role = Role(),
        settings: AttributeSettings = AttributeSettings(),
        memo: Memo | None = None,
        similarity: Similarity = lexical_similarity,
    ) -> None:
        super().__init__()
        check_settings(settings)
        self._settings = settings
        self._rewrite = ModelStep(
            "attribute_rewrite",
            AskModel(writer.settings, several(GENERATION)),
            partial(rewrite_requests, settings=settings),
            partial(_finish_rewritings, settings=settings, model=writer.name, like=similarity),
            pair_of=_pair,
            memo=memo,
            counter="generated",
        )
        self._check = ModelStep(
            "attribute_check",
            AskModel(judge.settings, choice_task(settings.form)),
            partial(moved_requests, settings=settings),
            partial(_finish_check, settings=settings, model=judge.name),
            pair_of=_pair,
            memo=memo,
        )

    def expand(self, conversations: beam.PCollection) -> Synthesized:
        """Draw attributes, rewrite, check, unpack."""
        parted = conversations | "Draw attributes" >> beam.ParDo(
            _DrawAttributes(self._settings)
        ).with_outputs(COUNTS, "drops", "rejects", main="records")
        drawn = Stepped(parted.records, parted.drops, parted.rejects, parted[COUNTS])
        drafts = drawn.records | "One by one" >> beam.FlatMap(_same).with_output_types(Any)
        rewritten = drafts | "Rewrite" >> self._rewrite
        steps = [drawn, rewritten]
        if self._settings.verify == "none":
            made = rewritten.records | "Pair" >> beam.Map(unchecked_pairs).with_output_types(Any)
        else:
            steps.append(rewritten.records | "Did it move?" >> self._check)
            made = steps[-1].records
        pairs = made | "Unpack" >> beam.FlatMap(_pairs).with_output_types(PreferencePair)
        return synthesized(pairs, steps)


@beam.typehints.with_output_types(Any, drops=Drop, rejects=Reject, counts=Count)
class _DrawAttributes(CountingDoFn):
    """Gives all drafts of a conversation as one record."""

    def __init__(self, settings: AttributeSettings) -> None:
        super().__init__("attribute_exchange")
        self._settings = settings

    def process(self, conversation: Conversation) -> Iterator[Any]:
        self.tally["in"] += 1
        drafts = attribute_drafts(conversation, self._settings)
        if isinstance(drafts, Drop):
            self.tally[f"drop:{drafts.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", drafts)
        else:
            self.tally["out"] += 1
            yield drafts


def _finish_rewritings(
    draft: AttributeDraft, answers: Any, settings: AttributeSettings, model: str, like: Similarity
) -> Noted:
    return Noted(*read_rewritings(draft, answers, settings, model, like))


def _finish_check(edits: Any, answers: Any, settings: AttributeSettings, model: str) -> Noted:
    return Noted(*read_moved(edits, answers, settings, model))


def _pair(record: Any) -> PreferencePair:
    pair: PreferencePair = record.pair
    return pair


def _same(drafts: tuple[AttributeDraft, ...]) -> tuple[AttributeDraft, ...]:
    return drafts


def _pairs(made: AttributePairs) -> tuple[PreferencePair, ...]:
    return made.pairs
