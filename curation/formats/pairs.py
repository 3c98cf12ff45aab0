"""From two whole dialogues to a `PreferencePair`: what they share is the prompt."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.fields import first, number
from curation.reading.rows import Problem, Row
from schemas.ids import conversation_id, pair_id
from schemas.records import Message, PreferencePair, Provenance

_CHOSEN_SCORE = ("chosen_score", "score_chosen", "chosen_rating")
_REJECTED_SCORE = ("rejected_score", "score_rejected", "rejected_rating")

Dialogue = tuple[Message, ...]
"""A prompt and one completion."""


def is_pair(value: Mapping[str, Any]) -> bool:
    """Whether a row has `chosen` and `rejected`.

    >>> is_pair({"chosen": "a", "rejected": "b"})
    True
    """
    return "chosen" in value and "rejected" in value


def build_pair(
    sides: tuple[Dialogue, Dialogue], row: Row, context: Context, format: str
) -> list[PreferencePair] | Problem:
    """Make a pair of two dialogues, chosen and rejected, that share their prompt.

    The prompt is the longest common beginning that ends with a user turn; one assistant
    message must follow it on each side. Scores and margin are the row's own.

    Output: one pair, or a `Problem`: `identical_sides`, `no_user_turn`, `empty_prompt`,
    `empty_side`, `sides_differ_early`, `wrong_type`.
    """
    chosen, rejected = sides
    value: Mapping[str, Any] = row.value
    shared = _shared_prompt(chosen, rejected)
    prompt = chosen[:shared]
    problem = _check_sides(prompt, chosen[shared:], rejected[shared:])
    if problem:
        return problem
    scores = [number(first(value, names)) for names in (_CHOSEN_SCORE, _REJECTED_SCORE)]
    margin = number(value.get("margin"))
    if scores[0] is not None and scores[1] is not None:
        margin = scores[0] - scores[1]
    group = conversation_id(prompt)
    return [
        PreferencePair(
            id=pair_id(prompt, chosen[shared:], rejected[shared:]),
            prompt=prompt,
            chosen=chosen[shared:],
            rejected=rejected[shared:],
            margin=margin,
            chosen_score=scores[0],
            rejected_score=scores[1],
            ches=None,
            ln_ches=None,
            uncertainty=None,
            method="existing",
            source=context.source or format,
            conversation_id=group,
            rationale=None,
            rubric=None,
            provenance=Provenance(context.file, row.position, group, None, (), (), None, ""),
            split="",
        )
    ]


def _shared_prompt(chosen: Dialogue, rejected: Dialogue) -> int:
    shared = 0
    for one, other in zip(chosen, rejected, strict=False):
        if one != other:
            break
        shared += 1
    while shared and chosen[shared - 1].role != "user":
        shared -= 1
    return shared


def _check_sides(prompt: Dialogue, chosen: Dialogue, rejected: Dialogue) -> Problem | None:
    if chosen == rejected:
        return Problem("identical_sides", "chosen and rejected are equal")
    if not prompt:
        return Problem("no_user_turn", "chosen and rejected share no turn of the user")
    if not any(content.strip() for _, content in prompt):
        return Problem("empty_prompt", "the prompt has no text")
    return _check_side("chosen", chosen) or _check_side("rejected", rejected)


def _check_side(name: str, side: Dialogue) -> Problem | None:
    if not any(content.strip() for _, content in side):
        return Problem("empty_side", f"{name}: has no text")
    if len(side) > 1:
        detail = f"{name}: {len(side)} turns follow the last user turn that both share"
        return Problem("sides_differ_early", detail)
    if side[0].role != "assistant":
        return Problem("wrong_role", f"{name}: ends with a {side[0].role} turn")
    return None
