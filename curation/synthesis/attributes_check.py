"""Whether an attribute really moved from level to level, and the pairs of the levels it moved on.

A judge is asked of two levels which reply has more of the attribute and which has less, each with
the replies in both orders; the higher level has to win where more is asked for, and to lose where
less is. A judge that favours a place, or does not read the question, fails the pair.

Reference: Li et al., PrefPalette (arXiv 2507.13541), verification: eight calls a pair, expected
[B, B, A, A, A, A, B, B]; pairs of all ordered levels, the higher one chosen. There the outcome
is reported; here a pair that fails is not made.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise
from typing import Any, NamedTuple

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.attribute_compare import ATTRIBUTE_COMPARE, PATTERN
from curation.synthesis.attributes import ATTRIBUTES
from curation.synthesis.attributes_rewrite import (
    AttributeLevels,
    AttributeSettings,
    Level,
)
from curation.synthesis.origins import finished_pair, with_origin
from schemas.records import Drop, PreferencePair

NOT_MOVED = "not_moved"
"""Note of two levels that the judge does not tell apart; reason of an exchange with no others."""

Two = tuple[Level, Level]
"""Two levels, the lower one first."""


class AttributePairs(NamedTuple):
    """All pairs of one exchange and attribute."""

    pair: PreferencePair
    """Where they come from."""
    pairs: tuple[PreferencePair, ...]


def compared_levels(edits: AttributeLevels, verify: str) -> list[Two]:
    """The pairs of levels that the judge compares.

    >>> levels = tuple(Level(n, f"text {n}", 0) for n in (1, 2, 4, 5))
    >>> edits = AttributeLevels(None, "formality", levels)
    >>> [(low.level, high.level) for low, high in compared_levels(edits, "adjacent")]
    [(1, 2), (2, 4), (4, 5)]
    >>> len(compared_levels(edits, "all_pairs")), len(compared_levels(edits, "none"))
    (6, 0)
    """
    if verify == "none":
        return []
    return list((pairwise if verify == "adjacent" else _all_pairs)(edits.levels))


def moved_requests(
    edits: AttributeLevels, settings: AttributeSettings = AttributeSettings()
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask the judge four questions for each of the `compared_levels`."""
    attribute = ATTRIBUTES[edits.attribute]
    return [
        request
        for low, high in compared_levels(edits, settings.verify)
        for request in ATTRIBUTE_COMPARE.questions(
            attribute,
            low.text,
            high.text,
            settings.form,
            seed=settings.sampling.seed,
            repeats=settings.repeats,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
        )
    ]


def read_moved(
    edits: AttributeLevels,
    answers: Sequence[Any],
    settings: AttributeSettings = AttributeSettings(),
    model: str = "",
) -> tuple[AttributePairs | Drop, tuple[str, ...]]:
    """Make the pairs of the levels on which the judge saw the attribute move.

    Input: the levels, the answers to their `moved_requests`. Parameters: the settings they were
    made with; `model`, the judge as `name@revision`. Output: the pairs: with `all_pairs` those
    that passed; with `adjacent` all pairs of levels between which no neighbours failed; or the
    `Drop` `not_moved` when there are none; and a note `not_moved` for each comparison that
    failed, `attribute_compare:KIND` for each answer in words that is off the grammar.
    """
    notes: list[str] = []
    passed: list[Two] = []
    for i, two in enumerate(compared_levels(edits, settings.verify)):
        group = answers[i * len(PATTERN) : (i + 1) * len(PATTERN)]
        share, failed = ATTRIBUTE_COMPARE.agreement(group, settings.form)
        notes += [unparsed.reason for unparsed in failed]
        if share >= settings.agreement:
            passed.append(two)
        else:
            notes.append(NOT_MOVED)
    if settings.verify == "adjacent":
        passed = _linked(edits.levels, passed)
    if not passed:
        return Drop(edits.pair.id, NOT_MOVED, 0.0, 1.0), tuple(notes)
    judged = with_origin(
        edits.pair, models=[f"judge={model}"] if model else (), prompts=[ATTRIBUTE_COMPARE.identity]
    )
    return _pairs(edits._replace(pair=judged), passed), tuple(notes)


def unchecked_pairs(edits: AttributeLevels) -> AttributePairs:
    """All ordered pairs of the levels, without asking a judge: five levels give ten."""
    return _pairs(edits, _all_pairs(edits.levels))


def _all_pairs(levels: Sequence[Level]) -> list[Two]:
    return list(combinations(levels, 2))


def _linked(levels: Sequence[Level], passed: Sequence[Two]) -> list[Two]:
    """All pairs of levels that are linked by neighbours that passed."""
    links = set(passed)
    runs = [[levels[0]]]
    for two in pairwise(levels):
        if two in links:
            runs[-1].append(two[1])
        else:
            runs.append([two[1]])
    return [two for run in runs for two in _all_pairs(run)]


def _pairs(edits: AttributeLevels, chosen: Sequence[Two]) -> AttributePairs:
    attribute, pairs = ATTRIBUTES[edits.attribute], []
    for low, high in chosen:
        pair = finished_pair(edits.pair, edits.pair.prompt, high.text, low.text)
        pairs.append(
            with_origin(pair, seed=high.seed)._replace(
                margin=float(high.level - low.level),
                rubric=f"more {attribute.high}: level {high.level} over {low.level}",
            )
        )
    return AttributePairs(edits.pair, tuple(pairs))
