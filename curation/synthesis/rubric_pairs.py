"""Mirrored pairs by a rubric: which reply is the better one depends on the system prompt alone.

For a prompt a rubric and two of its levels are drawn, s and s'. The writer writes a reply for each;
each level has a short system prompt that wishes for it. Under the one for s the reply of s is
chosen and that of s' rejected, under the one for s' it is the other way round. Whatever looks at
the replies alone is right about exactly one of the two pairs.

Reference: Gallego, Configurable Preference Tuning (arXiv 2506.11702), section 3.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from curation.models.protocols import Completion, GenerationRequest, LikelihoodRequest
from curation.prompts.prompt import Unparsed
from curation.prompts.rubric_response import RUBRIC_RESPONSE, Criteria
from curation.rubrics.rubric import ScoringRubric
from curation.scoring.rubric_scoring import level_requests, swapped_levels, with_levels
from curation.synthesis.origins import finished_pair, with_origin
from curation.synthesis.reply import ReplySampling
from curation.synthesis.rubric_drafts import RubricDraft, RubricPairSettings, both_texts
from schemas.ids import seed_from
from schemas.records import Drop, Message, PreferencePair

LEVEL_ORDER = "rubric_level_order"
"""Filter of pairs whose reply for the higher level a judge does not find to be of a higher one."""


class MirroredPairs(NamedTuple):
    """Two pairs of the same two replies, each preferred in one of them."""

    first: PreferencePair
    """The reply for the higher level is chosen."""
    second: PreferencePair
    """The reply for the lower level is chosen."""
    rubric: str
    """Name of the rubric."""

    @property
    def pairs(self) -> tuple[PreferencePair, PreferencePair]:
        """Both."""
        return self.first, self.second


def response_requests(
    draft: RubricDraft, rubrics: Mapping[str, ScoringRubric], settings: RubricPairSettings
) -> list[GenerationRequest]:
    """Ask for a reply of each level; each has a seed of its own, from draft and level."""
    rubric = rubrics[draft.rubric]
    return [
        settings.sampling.request(
            RUBRIC_RESPONSE.reply_to(draft.pair.prompt, rubric.at_level(level)),
            _seed_identity(draft, level),
        )
        for level in draft.levels
    ]


def mirrored_pairs(
    draft: RubricDraft,
    answers: Sequence[Sequence[Completion]],
    rubrics: Mapping[str, ScoringRubric],
    settings: RubricPairSettings,
    model: str,
) -> tuple[MirroredPairs | Drop, tuple[str, ...]]:
    """Make both pairs of the two replies, or none.

    Input: the draft with its system prompts, the answers to its `response_requests`, the writer
    as `name@revision`. Output: both pairs, or the `Drop` of a reply that is not of the grammar or
    `identical_sides`; and the failures that no drop tells. The seed in each pair's provenance is
    that of its chosen side.
    """
    rubric, sampling = rubrics[draft.rubric], settings.sampling
    read = [
        _reply(completions[0], rubric.at_level(level), sampling)
        for level, completions in zip(draft.levels, answers, strict=True)
    ]
    done = both_texts(draft, read)
    if isinstance(done[0], Drop):
        return done[0], done[1]
    texts = done[0]
    if texts[0].split() == texts[1].split():
        return Drop(draft.pair.id, "identical_sides", None, None), ()
    cut = max(completions[0].cut_messages for completions in answers)
    draft = draft._replace(pair=draft.pair._replace(cut_messages=cut))
    pairs = [_pair(draft, at, texts, settings, model) for at in (0, 1)]
    return MirroredPairs(pairs[0], pairs[1], draft.rubric), ()


def verify_requests(
    mirrored: MirroredPairs, rubrics: Mapping[str, ScoringRubric], settings: RubricPairSettings
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask for the levels of both replies; the judge does not see the system prompt."""
    rubric = rubrics[mirrored.rubric]
    return level_requests(_without_system(mirrored.first), [rubric], settings.verification)


def verified(
    mirrored: MirroredPairs,
    answers: Sequence[Any],
    rubrics: Mapping[str, ScoringRubric],
    settings: RubricPairSettings,
    model: str,
) -> tuple[MirroredPairs | Drop, tuple[str, ...]]:
    """Keep both pairs if the reply for the higher level is on a higher level, else neither.

    Input: the pairs, the answers to their `verify_requests`, the judge as `name@revision`.
    Output: the pairs with `rubric_levels` and `rubric_margin`, or the `Drop` `LEVEL_ORDER` with the
    margin, or of the judge's answer; and the failures that no drop tells.
    """
    rubric = rubrics[mirrored.rubric]
    scored, notes = with_levels(mirrored.first, answers, [rubric], settings.verification, model)
    margin = scored.rubric_margin
    if margin is None:
        return Drop(scored.id, notes[0], None, None), notes[1:]
    if margin <= 0:
        return Drop(scored.id, LEVEL_ORDER, margin, 0.0), notes
    second = with_origin(
        mirrored.second, models=scored.provenance.models, prompts=scored.provenance.prompts
    )._replace(rubric_levels=swapped_levels(scored.rubric_levels), rubric_margin=-margin)
    return mirrored._replace(first=scored, second=second), notes


def _seed_identity(draft: RubricDraft, level: int) -> str:
    return f"{draft.pair.id} level {level}"


def _reply(completion: Completion, criteria: Criteria, sampling: ReplySampling) -> str | Unparsed:
    if sampling.keep_truncated and completion.finish_reason == "length":
        completion = completion._replace(finish_reason="stop")
    return RUBRIC_RESPONSE.parse_for(completion, criteria)


def _pair(
    draft: RubricDraft,
    at: int,
    texts: tuple[str, str],
    settings: RubricPairSettings,
    model: str,
) -> PreferencePair:
    """The pair in which the reply at an index is the chosen one, under its own system prompt."""
    assert draft.wishes
    level, other = draft.levels[at], draft.levels[1 - at]
    prompt = (Message("system", draft.wishes[at]), *draft.pair.prompt)
    pair = finished_pair(draft.pair, prompt, texts[at], texts[1 - at])
    return with_origin(
        pair._replace(rubric=f"{draft.rubric} level {level} over {other}"),
        models=[f"writer={model}"],
        prompts=[RUBRIC_RESPONSE.identity],
        seed=seed_from(settings.sampling.seed, _seed_identity(draft, level)),
    )


def _without_system(pair: PreferencePair) -> PreferencePair:
    return pair._replace(prompt=pair.prompt[1:])
