"""The small records that others are made of: scores, rationales, levels by rubric."""

from collections.abc import Sequence
from typing import NamedTuple


class CandidateScores(NamedTuple):
    """Scores of all the candidates that a pair was chosen from, by one measure."""

    name: str
    """The measure: `judge`, `follow_up_likelihood`, `similarity`."""
    values: Sequence[float]
    """One score for each candidate, the same order in every measure of a pair."""


class NamedScore(NamedTuple):
    """A number with the name of who or what gave it."""

    name: str
    """The scorer, judge or annotator."""
    value: float
    """What it said."""


class ScoredResponse(NamedTuple):
    """One of several responses to a prompt, with what is known of it."""

    text: str
    """The reply."""
    model: str | None
    """Model that wrote it, as the source names it."""
    scores: Sequence[NamedScore]
    """Scores by the name of the measure; higher is better."""
    log_probability: float | None = None
    """Of the whole reply, nats, under the model that wrote it."""
    tokens: int | None = None
    """Tokens of the reply, where they were counted."""


class Rationale(NamedTuple):
    """Why the chosen reply beats the rejected one, in a model's words."""

    kind: str
    """`general`: the reason without details; `specific`: what in the replies shows it."""
    text: str
    """The reason; it calls the replies as they were shown, A and B."""
    chosen_shown: str
    """Where the model saw the chosen reply: one of `schemas.records.PLACES`."""


class RubricLevel(NamedTuple):
    """How both replies of a pair do on one criterion of a rubric."""

    rubric: str
    """Name of the rubric."""
    criterion: str
    """Name of the criterion."""
    weight: float
    """Share of the criterion in the rubric's aggregate; those of a rubric add up to 1."""
    chosen: float
    """Level of the chosen reply, 1 (worst) to 5; between two levels where a judge is unsure."""
    rejected: float
    """Level of the rejected reply."""
    chosen_reason: str | None
    """Why the chosen reply has its level, where the judge gave reasons."""
    rejected_reason: str | None
    """Why the rejected reply has its level."""
