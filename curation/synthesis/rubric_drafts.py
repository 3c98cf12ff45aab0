"""What mirrored pairs are made from: a prompt, a rubric, two of its levels, two system prompts.

Rubric and levels are drawn by the conversation's id, so they are the same in every run. The system
prompts are the rubric author's, or a model's, which is asked the same for every conversation.

Reference: Gallego, Configurable Preference Tuning (arXiv 2506.11702), section 3.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from curation.feedback.exchanges import bare_pair
from curation.feedback.safety import BY_RULES
from curation.feedback.safety_rules import rules_verdict
from curation.models.protocols import Completion, GenerationRequest
from curation.prompts.prompt import Unparsed
from curation.prompts.rubric_condense import RUBRIC_CONDENSE
from curation.rubrics.rubric import ScoringRubric
from curation.rubrics.rubric_files import bundled_rubrics, load_rubrics
from curation.scoring.rubric_scoring import RubricScoring, requests_per_pair, scoring_rubrics
from curation.synthesis.origins import first_exchange, with_origin
from curation.synthesis.reply import ReplySampling
from schemas.errors import UsageError
from schemas.ids import content_id, seed_from, unit_interval
from schemas.records import Conversation, Drop, PreferencePair

CONDENSING = ("written", "model")
"""Who condenses a level of a rubric into a system prompt: the rubric's author; a model."""
GENERAL = ("style", "helpfulness", "honesty")
"""Areas whose rubrics apply to any prompt; the others are drawn where they are named."""


class RubricPairSettings(NamedTuple):
    """How mirrored pairs are made.

    Parameters: `rubrics` to draw from, names of bundled ones or paths of rubric files (none: the
    bundled ones of the areas `GENERAL`); `min_level_distance` of the two levels, 1 to 4;
    `condense`, one of `CONDENSING`; `condense_tokens`, the most of a condensed prompt; `sampling`
    of replies, whose seed draws as well; `verify`, keep pairs only if a judge finds the reply for
    the higher level on a higher level, by `verification`, whose rubrics do not count.
    """

    rubrics: tuple[str, ...] = ()
    min_level_distance: int = 2
    condense: str = "written"
    condense_tokens: int = 128
    sampling: ReplySampling = ReplySampling(max_new_tokens=512, max_prompt_tokens=4096)
    verify: bool = False
    verification: RubricScoring = RubricScoring()


class RubricDraft(NamedTuple):
    """A prompt with the rubric and the levels that replies to it are to be written for."""

    pair: PreferencePair
    """Without sides; the prompt is as it was logged."""
    rubric: str
    """Name of the rubric."""
    levels: tuple[int, int]
    """The higher one first."""
    wishes: tuple[str, str] | None
    """System prompts of both levels; None until a model has condensed them."""


def pair_rubrics(settings: RubricPairSettings) -> dict[str, ScoringRubric]:
    """The rubrics that pairs are drawn by.

    Output: rubrics by name; of the bundled ones that nobody named, those with two levels that are
    far enough apart. Raises: UsageError for settings that make no sense, a rubric that is not
    there, or a named one without two such levels.

    >>> "medical_caution" in pair_rubrics(RubricPairSettings())
    False
    >>> list(pair_rubrics(RubricPairSettings(("warmth", "medical_caution"))))
    ['warmth', 'medical_caution']
    """
    if settings.condense not in CONDENSING:
        raise UsageError(f"condense {settings.condense!r}: expected {' or '.join(CONDENSING)}")
    distance = settings.min_level_distance
    if not 1 <= distance <= 4:
        raise UsageError(f"min_level_distance {distance}: expected 1 to 4")
    if settings.verify:
        scoring_rubrics(settings.verification)
    rubrics = load_rubrics(settings.rubrics or bundled_rubrics())
    usable = {name: rubric for name, rubric in rubrics.items() if rubric.level_pairs(distance)}
    if not settings.rubrics:
        return {name: rubric for name, rubric in usable.items() if rubric.area in GENERAL}
    for name in rubrics.keys() - usable.keys():
        levels = ", ".join(map(str, sorted(rubrics[name].system_prompts)))
        raise UsageError(
            f"rubric {name}: replies may be written for level {levels}, of which no two are "
            f"{distance} apart"
        )
    return usable


def most_requests(settings: RubricPairSettings) -> dict[str, int]:
    """How many requests a conversation costs at most, by stage.

    Output: those of `rubric_condense` are the same for all conversations with one rubric, so that
    kept answers serve them; those of `rubric_responses` are one reply each.

    >>> most_requests(RubricPairSettings())
    {'rubric_responses': 2}
    >>> most_requests(RubricPairSettings(("brevity",), condense="model", verify=True))
    {'rubric_condense': 5, 'rubric_responses': 2, 'rubric_verify': 12}
    """
    rubrics = pair_rubrics(settings)
    most = {"rubric_responses": 2}
    if settings.condense == "model":
        most = {"rubric_condense": max(len(r.system_prompts) for r in rubrics.values()), **most}
    if settings.verify:
        sources = settings.rubrics or tuple(rubrics)
        most["rubric_verify"] = max(
            requests_per_pair(settings.verification._replace(rubrics=(source,)))
            for source in sources
        )
    return most


def draw_rubric(
    conversation: Conversation, rubrics: Mapping[str, ScoringRubric], settings: RubricPairSettings
) -> RubricDraft | Drop | None:
    """Draw a rubric and two levels for the first prompt of a conversation, by its id.

    Output: None where there is no first reply, or an earlier path of the tree has shown it; the
    `Drop` `has_system_prompt` for a prompt that has one already, since what it asks for might
    contradict the rubric, and `unsafe_preference` for a rubric whose wishes weaken safety.
    """
    exchange = first_exchange(conversation)
    if exchange is None:
        return None
    identity, seed = content_id("rubric draft", conversation.id), settings.sampling.seed
    if any(message.role == "system" for message in exchange.prompt):
        return Drop(identity, "has_system_prompt", None, None)
    names = list(rubrics)
    rubric = rubrics[names[int(unit_interval(seed, f"{identity} rubric") * len(names))]]
    pairs = rubric.level_pairs(settings.min_level_distance)
    high, low = pairs[int(unit_interval(seed, f"{identity} levels") * len(pairs))]
    bare = bare_pair(conversation, "rubric", identity, exchange.prompt, (), ())
    bare = with_origin(bare, prompts=[rubric.identity])
    draft = RubricDraft(bare, rubric.name, (high, low), None)
    if settings.condense == "model":
        return draft
    return _checked(draft, (rubric.system_prompts[high], rubric.system_prompts[low]))


def condense_requests(
    draft: RubricDraft, rubrics: Mapping[str, ScoringRubric], settings: RubricPairSettings
) -> list[GenerationRequest]:
    """Ask for the system prompts of all levels of the draft's rubric that have one.

    Output: a request for each level, in order, the same for every draft with this rubric.
    """
    rubric, sampling = rubrics[draft.rubric], settings.sampling
    return [
        GenerationRequest(
            RUBRIC_CONDENSE.of_level(rubric, level),
            seed_from(sampling.seed, content_id(RUBRIC_CONDENSE.name, rubric.identity, level)),
            settings.condense_tokens,
            temperature=0.0,
            max_prompt_tokens=sampling.max_prompt_tokens,
        )
        for level in sorted(rubric.system_prompts)
    ]


def with_wishes(
    draft: RubricDraft,
    answers: Sequence[Sequence[Completion]],
    rubrics: Mapping[str, ScoringRubric],
    model: str,
) -> tuple[RubricDraft | Drop, tuple[str, ...]]:
    """Put the condensed system prompts into a draft.

    Input: the draft and the answers to its `condense_requests`, the writer as `name@revision`.
    Output: the draft, or the `Drop` of the answer that is not of the grammar,
    `identical_system_prompts` or `unsafe_preference`; and the failures that no drop tells.
    """
    levels = sorted(rubrics[draft.rubric].system_prompts)
    read = [RUBRIC_CONDENSE.parse(answers[levels.index(level)][0]) for level in draft.levels]
    done = both_texts(draft, read)
    if isinstance(done[0], Drop):
        return done[0], done[1]
    high, low = done[0]
    if high.casefold() == low.casefold():
        return Drop(draft.pair.id, "identical_system_prompts", None, None), ()
    pair = with_origin(draft.pair, models=[f"writer={model}"], prompts=[RUBRIC_CONDENSE.identity])
    return _checked(draft._replace(pair=pair), (high, low)), ()


def both_texts(
    draft: RubricDraft, read: Sequence[str | Unparsed]
) -> tuple[tuple[str, str] | Drop, tuple[str, ...]]:
    """Both texts that were read for a draft's levels.

    Output: the texts, else the `Drop` of the first failure; and the failures after it.
    """
    failed = [outcome for outcome in read if isinstance(outcome, Unparsed)]
    if failed:
        return failed[0].drop(draft.pair.id), tuple(outcome.reason for outcome in failed[1:])
    high, low = (str(outcome) for outcome in read)
    return (high, low), ()


def _checked(draft: RubricDraft, wishes: tuple[str, str]) -> RubricDraft | Drop:
    if rules_verdict(wishes):
        return Drop(draft.pair.id, "unsafe_preference", None, None)
    return draft._replace(pair=draft.pair._replace(safety=BY_RULES), wishes=wishes)
