"""Scoring both sides of a pair by rubrics: a level for each criterion, with a reason in words.

The sides are judged apart, each against the levels in words and never against the other, so that
the place of a side cannot matter. By likelihood the level is the expected one, mean of two
wordings (best level shown first, worst level shown first); in words it is the mean of the answers
that are of the grammar, where at least half of them are.

References: Cui et al., UltraFeedback (arXiv 2310.01377), section 3.3; G-Eval (arXiv 2303.16634).
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import fsum
from typing import Any, NamedTuple

from curation.models.protocols import Completion, GenerationRequest, LikelihoodRequest
from curation.prompts.choice import FORMS, MAX_TOKENS
from curation.prompts.prompt import Unparsed, dialogue
from curation.prompts.rubric_level import RUBRIC_LEVEL
from curation.prompts.rubric_levels import RUBRIC_LEVELS, CriterionLevel
from curation.rubrics.rubric import ScoringRubric
from curation.rubrics.rubric_files import load_rubrics
from curation.synthesis.origins import with_origin
from schemas.errors import UsageError
from schemas.ids import content_id, seed_from
from schemas.records import PreferencePair, RubricLevel

WITHOUT_LEVELS = "without_levels"
"""What is noted for each rubric by which a pair could not be scored."""


class RubricScoring(NamedTuple):
    """How pairs are scored by rubrics.

    Parameters: `rubrics`, names of bundled ones or paths of rubric files; `form`, `likelihood`
    (no reasons) or `words`, as the judge's backend can; of `words`: `repeats`, answers to each
    question, their `temperature`, the run's `seed` and `max_new_tokens` of an answer;
    `max_prompt_tokens` of conversation, reply and criteria together.
    """

    rubrics: tuple[str, ...] = ("instruction_following", "completeness")
    form: str = "likelihood"
    repeats: int = 2
    temperature: float = 0.7
    seed: int = 0
    max_new_tokens: int = 512
    max_prompt_tokens: int = MAX_TOKENS


class Levelled(NamedTuple):
    """A pair after it was scored by rubrics, or was not."""

    pair: PreferencePair
    notes: tuple[str, ...]
    """Failures, countable: `prompt:kind` of each answer, `WITHOUT_LEVELS` of each rubric."""


_Side = list[tuple[float, str | None]]
"""Level and reason by each criterion."""


def scoring_rubrics(settings: RubricScoring) -> dict[str, ScoringRubric]:
    """The rubrics that the settings name.

    Raises: UsageError for settings that ask for nothing, or for what there is not.

    >>> list(scoring_rubrics(RubricScoring()))
    ['instruction_following', 'completeness']
    """
    if settings.form not in FORMS:
        raise UsageError(f"rubric scoring by {settings.form!r}: expected {' or '.join(FORMS)}")
    if settings.repeats < 1 or not settings.rubrics:
        raise UsageError("rubric scoring: name at least one rubric, repeated at least once")
    return load_rubrics(settings.rubrics)


def requests_per_pair(settings: RubricScoring) -> int:
    """How many requests a pair costs.

    Output: by likelihood two for each side and criterion, each with five continuations; in words
    one for each side and rubric, with `repeats` answers.

    >>> requests_per_pair(RubricScoring(("brevity",)))
    12
    >>> requests_per_pair(RubricScoring(("brevity",), "words"))
    2
    """
    rubrics = scoring_rubrics(settings).values()
    return sum(2 * _requests_of_side(rubric, settings.form) for rubric in rubrics)


def level_requests(
    pair: PreferencePair, rubrics: Sequence[ScoringRubric], settings: RubricScoring
) -> list[LikelihoodRequest | GenerationRequest]:
    """What a judge is asked of a complete pair: for each rubric, the chosen side, the rejected."""
    return [
        request
        for rubric in rubrics
        for side in (pair.chosen, pair.rejected)
        for request in _ask([*dialogue(pair.prompt), ("reply", side[0].content)], rubric, settings)
    ]


def with_levels(
    pair: PreferencePair,
    answers: Sequence[Any],
    rubrics: Sequence[ScoringRubric],
    settings: RubricScoring,
    model: str,
) -> Levelled:
    """Put the judge's levels into a pair.

    Input: the pair, the answers to its `level_requests` with the same rubrics and settings, the
    judge as `name@revision`. Output: the pair with `rubric_levels`, in place of those that it had
    by the same rubrics, and with `rubric_margin` over all; by a rubric of which a side has no
    levels it is not scored, and the notes say so. Raises: ModelError for likelihoods that are no
    numbers.
    """
    left = iter(answers)
    found: list[RubricLevel] = []
    used, notes = [], []
    for rubric in rubrics:
        count = _requests_of_side(rubric, settings.form)
        sides: list[_Side | None] = []
        for _ in range(2):
            levels, failures = _read([next(left) for _ in range(count)], rubric, settings)
            sides.append(levels)
            notes += failures
        chosen, rejected = sides
        if chosen is None or rejected is None:
            notes.append(WITHOUT_LEVELS)
            continue
        used.append(rubric)
        found += _levels(rubric, chosen, rejected)
    if not used:
        return Levelled(pair, tuple(notes))
    prompt = RUBRIC_LEVEL if settings.form == "likelihood" else RUBRIC_LEVELS
    scored = {rubric.name for rubric in used}
    kept = [level for level in pair.rubric_levels if level.rubric not in scored]
    pair = with_origin(
        pair._replace(rubric_levels=(*kept, *found), rubric_margin=rubric_margin([*kept, *found])),
        models=[f"judge={model}"],
        prompts=[prompt.identity, *(rubric.identity for rubric in used)],
    )
    return Levelled(pair, tuple(notes))


def rubric_margin(levels: Sequence[RubricLevel]) -> float | None:
    """How much better the chosen side is by rubrics, -4 to 4; None without levels.

    Output: the weighted mean level of the chosen side minus that of the rejected one; the mean of
    the rubrics where there are several.

    >>> half = RubricLevel("r", "a", 0.5, 4.0, 2.0, None, None)
    >>> rubric_margin([half, half._replace(criterion="b", rejected=4.0)])
    1.0
    """
    margins = [
        fsum(level.weight * (level.chosen - level.rejected) for level in group)
        for _, group in groupby(levels, key=lambda level: level.rubric)
    ]
    return fsum(margins) / len(margins) if margins else None


def swapped_levels(levels: Sequence[RubricLevel]) -> tuple[RubricLevel, ...]:
    """The levels of the same two replies with their places changed.

    >>> swapped_levels([RubricLevel("r", "a", 1.0, 4.0, 2.0, "good", None)])[0].rejected_reason
    'good'
    """
    return tuple(
        level._replace(
            chosen=level.rejected,
            rejected=level.chosen,
            chosen_reason=level.rejected_reason,
            rejected_reason=level.chosen_reason,
        )
        for level in levels
    )


def _requests_of_side(rubric: ScoringRubric, form: str) -> int:
    return 2 * len(rubric.criteria) if form == "likelihood" else 1


def _ask(
    parts: Sequence[tuple[str, str]], rubric: ScoringRubric, settings: RubricScoring
) -> Iterator[LikelihoodRequest | GenerationRequest]:
    if settings.form == "likelihood":
        for criterion in rubric.criteria:
            yield from RUBRIC_LEVEL.wordings(parts, rubric, criterion, settings.max_prompt_tokens)
        return
    messages = RUBRIC_LEVELS.about(parts, rubric)
    yield GenerationRequest(
        messages,
        seed_from(settings.seed, content_id(RUBRIC_LEVELS.name, messages)),
        settings.max_new_tokens,
        settings.temperature,
        n=settings.repeats,
        max_prompt_tokens=settings.max_prompt_tokens,
    )


def _read(
    answers: Sequence[Any], rubric: ScoringRubric, settings: RubricScoring
) -> tuple[_Side | None, list[str]]:
    """The levels of one side, None where too few answers are of the grammar, and the failures."""
    if settings.form == "likelihood":
        pairs = [answers[i : i + 2] for i in range(0, len(answers), 2)]
        return [(RUBRIC_LEVEL.level(two), None) for two in pairs], []
    return _read_words(answers[0], rubric)


def _read_words(
    completions: Sequence[Completion], rubric: ScoringRubric
) -> tuple[_Side | None, list[str]]:
    read = [RUBRIC_LEVELS.parse_for(completion, rubric) for completion in completions]
    failures = [outcome.reason for outcome in read if isinstance(outcome, Unparsed)]
    given = [outcome for outcome in read if not isinstance(outcome, Unparsed)]
    if not given or 2 * len(given) < len(read):
        return None, failures
    return [_mean(said) for said in zip(*given, strict=True)], failures


def _mean(said: Sequence[CriterionLevel]) -> tuple[float, str]:
    """The mean level by one criterion, and the reason of the answer that comes closest to it."""
    mean = fsum(line.level for line in said) / len(said)
    return mean, min(said, key=lambda line: abs(line.level - mean)).reason


def _levels(rubric: ScoringRubric, chosen: _Side, rejected: _Side) -> Iterator[RubricLevel]:
    for criterion, (one, why), (other, why_not) in zip(
        rubric.criteria, chosen, rejected, strict=True
    ):
        yield RubricLevel(rubric.name, criterion.name, criterion.weight, one, other, why, why_not)
