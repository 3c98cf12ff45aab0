"""A scoring rubric: what is looked at in a reply, and what each level of it looks like.

Not to be confused with `curation.feedback.rubric`, the kinds of feedback that a user may give. The
levels that replies may be written for have a short system prompt that wishes for such replies. A
level without one is there for scoring alone: no pair prefers a reply for being of it.

References: Gallego, Configurable Preference Tuning (arXiv 2506.11702): rubrics of criteria, levels
and weights; Cui et al., UltraFeedback (arXiv 2310.01377): each aspect with its levels in words.
"""

import re
from collections.abc import Mapping, Sequence
from math import fsum
from typing import NamedTuple

from schemas.ids import content_id

AREAS = ("style", "helpfulness", "honesty", "safety", "domain")
"""What a rubric may be about."""
LEVELS = (1, 2, 3, 4, 5)
"""Levels of a criterion, from the worst or least to the best or most."""
MAX_SYSTEM_PROMPT = 300
"""Longest system prompt, in characters."""

_SCORE = re.compile(
    r"(?<![\w.])[1-5](?!\w|\.[1-9])|\b(?:scores?|ratings?|rubrics?|out of five)\b"
    r"|\blevels? (?:one|two|three|four|five)\b",
    re.IGNORECASE,
)


class Criterion(NamedTuple):
    """One thing that is looked at."""

    name: str
    """In snake_case."""
    weight: float
    """Share in the rubric's aggregate; those of a rubric add up to 1."""
    levels: tuple[str, ...]
    """What a reply of each level is like, level 1 first."""


class ScoringRubric(NamedTuple):
    """Criteria that replies are scored by, and wishes that they are written by."""

    name: str
    """In snake_case."""
    area: str
    """One of `AREAS`."""
    title: str
    description: str
    """What it is about, in a sentence or two."""
    criteria: tuple[Criterion, ...]
    system_prompts: Mapping[int, str]
    """For each level that replies may be written for, the wish for such a reply."""

    @property
    def identity(self) -> str:
        """Name and content hash, for `Provenance.prompts`."""
        prompts = sorted(self.system_prompts.items())
        content = content_id("rubric", *self[:5], prompts)
        return f"rubric {self.name}@{content[:12]}"

    def at_level(self, level: int) -> list[tuple[str, str]]:
        """Each criterion's name in words with what a reply of a level is like.

        Parameters: `level`, one of `LEVELS`.
        """
        return [(spoken(c.name), c.levels[level - 1]) for c in self.criteria]

    def aggregate(self, levels: Sequence[float]) -> float:
        """Weighted mean of the criteria's levels, 1 to 5.

        Input: the level of each criterion, in the rubric's order.

        >>> halves = (Criterion("a", 0.25, ()), Criterion("b", 0.75, ()))
        >>> ScoringRubric("r", "style", "", "", halves, {}).aggregate([5, 1])
        2.0
        """
        pairs = zip(self.criteria, levels, strict=True)
        return fsum(criterion.weight * level for criterion, level in pairs)

    def level_pairs(self, distance: int) -> list[tuple[int, int]]:
        """Levels that replies may be written for, two and two, the higher one first.

        Parameters: `distance`, the least difference of the two.

        >>> wishes = dict.fromkeys((3, 4, 5), "")
        >>> ScoringRubric("r", "style", "", "", (), wishes).level_pairs(2)
        [(5, 3)]
        """
        levels = sorted(self.system_prompts, reverse=True)
        return [(a, b) for a in levels for b in levels if a - b >= max(1, distance)]


def spoken(name: str) -> str:
    """A name in snake_case as words.

    >>> spoken("plain_words")
    'plain words'
    """
    return name.replace("_", " ")


def names_score(text: str) -> bool:
    """Whether a wish speaks of scores: a number from 1 to 5 that stands alone, or the word.

    >>> names_score("Write as in a reply of level 5."), names_score("Keep it to 50 words.")
    (True, False)
    """
    return _SCORE.search(text) is not None
