"""Why the classifier called a turn what it did, in words: categories and what spoke for them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curation.feedback.features import (
    CUES,
    LONGEST,
    NEXT_BUCKETS,
    SHAPES,
    TRAINED_SCRIPT,
    TURN_BUCKETS,
    TurnFeatures,
    shape,
)
from curation.feedback.ngrams import bucket_of, ngrams
from curation.feedback.wording import PAUSES

MAX_REASON = 200
"""Longest reason, in characters."""
MAX_PHRASES = 3
"""Most phrases that a reason shows."""
REPEATED = 0.75
"""Similarity to an earlier request from which a turn repeats it."""


def best_category(polarity: str, turn: TurnFeatures) -> str:
    """The rubric item for a turn that no cue names.

    Dissatisfaction: a turn much like an earlier request asks for a revision; after a refusal, or
    junk in the reply, the request was ignored; else the feedback is negative without more.
    Satisfaction: praise where the next reply or the turn is warm, an acknowledgment in a short
    turn.

    >>> best_category("satisfaction", TurnFeatures([], None, None, 0.0, ["ok", "."], []))
    'acknowledgment'
    """
    if polarity == "satisfaction":
        return "acknowledgment" if len(turn.words) <= 12 else "praise"
    if shape(turn, "same_as_earlier") >= REPEATED:
        return "revision"
    if shape(turn, "refusal") or shape(turn, "junk"):
        return "ignored"
    return "negative_feedback"


def grounds(
    turn: TurnFeatures,
    turn_table: NDArray[np.int8],
    next_table: NDArray[np.int8],
    pulls: NDArray[np.float64],
) -> str:
    """What spoke for a polarity, as a short text.

    Input: the turn, the weights of its n-grams and of the next reply's for the polarity, and the
    contribution of each dense feature. Output: up to `MAX_PHRASES` phrases of the turn and of the
    next reply, or the strongest feature where no phrase counted.
    """
    if turn.admitted and turn.script < TRAINED_SCRIPT:
        return "no cue, but the next reply begins by admitting a mistake"
    parts = []
    for words, table, count, where in (
        (turn.words, turn_table, TURN_BUCKETS, "the turn says"),
        (turn.next_words, next_table, NEXT_BUCKETS, "the next reply says"),
    ):
        phrases = _phrases(words, table, count)
        if phrases:
            parts.append(f"{where} {', '.join(repr(phrase) for phrase in phrases)}")
    if not parts:
        names = (*CUES, *SHAPES)
        parts.append(names[int(np.argmax(pulls[: len(names)]))].replace("_", " "))
    return f"no cue, but {'; '.join(parts)}"[:MAX_REASON]


def _phrases(words: Sequence[str], table: NDArray[np.int8], count: int) -> list[str]:
    weighed: dict[str, int] = {}
    for n, grams in enumerate(ngrams(words, LONGEST), 1):
        weights = table[bucket_of(grams, count)]
        for at in np.flatnonzero(weights > 0).tolist():
            piece = words[at : at + n]
            shown = _shown(piece)
            # A single Chinese character tells a reader nothing.
            if PAUSES.isdisjoint(piece) and len(shown) > 1:
                weighed[shown] = int(weights[at])
    best = sorted(weighed, key=lambda phrase: (-weighed[phrase], phrase))
    chosen: list[str] = []
    for phrase in best:
        if not any(phrase in other or other in phrase for other in chosen):
            chosen.append(phrase)
    return chosen[:MAX_PHRASES]


def _shown(words: Sequence[str]) -> str:
    return ("" if all(len(word) == 1 for word in words) else " ").join(words)
