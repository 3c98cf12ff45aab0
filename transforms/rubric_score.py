"""Scoring pairs by rubrics: a level for both sides by each criterion, and the margin."""

from functools import partial
from typing import Any

import apache_beam as beam

from curation.rubrics.rubric import ScoringRubric
from curation.scoring.rubric_scoring import (
    RubricScoring,
    level_requests,
    scoring_rubrics,
    with_levels,
)
from schemas.records import PreferencePair
from transforms.inference import AskModel
from transforms.memo import Memo
from transforms.model_step import ModelStep, Noted, Role
from transforms.stage import Stage
from transforms.synthesized import Synthesized, choice_task, synthesized


class ScoreByRubric(Stage):
    """Give both sides of each pair their levels by rubrics, judged apart from one another.

    Input: PCollection[PreferencePair]. Output: `Synthesized`: the pairs with `rubric_levels` and
    `rubric_margin`; a pair of which no answer is of the grammar passes as it was, and is counted
    (`note:without_levels`).

    Parameters: `judge`; `settings` (`curation.scoring.rubric_scoring`); `memo`, where answers are
    kept (None: nowhere). Raises: UsageError for settings that ask for no rubric there is.

    Reference: Cui et al., UltraFeedback (arXiv 2310.01377), section 3.3.

    >>> from curation.feedback.exchanges import bare_pair
    >>> from schemas.records import Conversation, Message
    >>> talk = [Message("user", "Name a colour."), Message("assistant", "Red.")]
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> other = [Message("assistant", "Colours are a long story.")]
    >>> pair = bare_pair(chat, "existing", "p", tuple(talk[:1]), tuple(talk[1:]), tuple(other))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     asked = pipeline | beam.Create([pair])
    ...     scored = asked | ScoreByRubric(settings=RubricScoring(("brevity",)))
    ...     levels = scored.pairs | beam.FlatMap(lambda pair: pair.rubric_levels)
    ...     _ = levels | beam.Map(lambda level: print(level.criterion, 1 <= level.chosen <= 5))
    length True
    first_words True
    repetition True
    """

    def __init__(
        self,
        judge: Role = Role(),
        settings: RubricScoring = RubricScoring(),
        memo: Memo | None = None,
    ) -> None:
        super().__init__()
        rubrics = list(scoring_rubrics(settings).values())
        self._step = ModelStep(
            "rubric_score",
            AskModel(judge.settings, choice_task(settings.form)),
            partial(level_requests, rubrics=rubrics, settings=settings),
            partial(_finish, rubrics=rubrics, settings=settings, model=judge.name),
            memo=memo,
            counter="scored",
        )

    def expand(self, pairs: beam.PCollection) -> Synthesized:
        """Ask the judge about both sides, then put the levels in."""
        scored = pairs | "Levels by rubric" >> self._step
        typed = scored.records | "Pairs" >> beam.Map(_same).with_output_types(PreferencePair)
        return synthesized(typed, [scored])


def _same(pair: PreferencePair) -> PreferencePair:
    return pair


def _finish(
    pair: PreferencePair,
    answers: Any,
    rubrics: list[ScoringRubric],
    settings: RubricScoring,
    model: str,
) -> Noted:
    return Noted(*with_levels(pair, answers, rubrics, settings, model))
