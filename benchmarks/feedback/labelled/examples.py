"""Training examples: turns with their features, and what is known of each of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from curation.feedback.cues import CueDetector
from curation.feedback.detector import TurnLabel
from curation.feedback.encoder import StaticEncoder
from curation.feedback.features import TurnFeatures, turn_features
from curation.feedback.rubric import RUBRIC
from labelled.rows import Labelled
from schemas import Conversation, Message

POLARITIES = ("dissatisfaction", "satisfaction")
CALLED = {"dissatisfaction": ("Negative", "Both"), "satisfaction": ("Positive", "Both")}
PLANTED_WEIGHT = 4.0
"""How much one hand-written turn counts, of one read turn."""
CUED_WEIGHT = 0.3
"""How much a turn of a conversation without votes counts, whose target its cues give."""
CLEAR = 0.8
"""Score from which a cue alone is such a target; turns with weaker cues are not used."""


class Examples(NamedTuple):
    """Turns, one row each."""

    rows: list[TurnFeatures]
    users: list[str]
    bag: NDArray[np.int64]
    """Index of the conversation with votes, -1 for none."""
    share: Mapping[str, NDArray[np.float64]]
    """By polarity: the share of the votes for it, by conversation."""
    turn: Mapping[str, NDArray[np.float64]]
    """By polarity: the target of each turn, where its weight is positive."""
    weight: Mapping[str, NDArray[np.float64]]
    rating: NDArray[np.float64]
    """Mean rating of the reply before, NaN without one."""


def share_of(row: Labelled, polarity: str) -> float:
    """The share of a conversation's votes for one polarity."""
    return float(np.mean([vote in CALLED[polarity] for vote in row.votes]))


def _by_cues(label: TurnLabel) -> dict[str, float]:
    """Targets for languages without votes: no cue, or a clear one."""
    scores = {polarity: getattr(label, polarity) for polarity in POLARITIES}
    return {p: float(score > 0) for p, score in scores.items() if not 0 < score < CLEAR}


def planted(path: Path) -> list[tuple[Conversation, dict[int, set[str]]]]:
    """The hand-written conversations with the polarities in each turn."""
    found = []
    for case in yaml.safe_load(path.read_text("utf-8")):
        roles = ("user", "assistant")
        talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(case["turns"]))
        chat = Conversation(case["name"], talk, "planted", None, None, None, None, {})
        expected = {
            turn: {RUBRIC[name].polarity for name in names}
            for turn, names in case.get("expect", {}).items()
        }
        found.append((chat, expected))
    return found


def examples(
    labelled: Sequence[Labelled],
    read: Mapping[str, Sequence[int]],
    written: Sequence[tuple[Conversation, dict[int, set[str]]]],
    encoder: StaticEncoder,
) -> Examples:
    """Read every training conversation.

    Input: labelled conversations; read: of some of them, the turns that complain; written:
    hand-written conversations. Parameters: encoder: of the dense features.
    """
    detector = CueDetector()
    rows: list[TurnFeatures] = []
    users, bag, rating = [], [], []
    shares: dict[str, list[float]] = {polarity: [] for polarity in POLARITIES}
    known: list[tuple[dict[str, float], float]] = []
    for item in labelled:
        (labels,) = detector.label([item.conversation])
        features = turn_features(item.conversation, labels, encoder)
        if item.votes and labels:
            for polarity in POLARITIES:
                shares[polarity].append(share_of(item, polarity))
        complaints = read.get(item.conversation.id)
        unanimous = bool(item.votes) and share_of(item, "dissatisfaction") == 0
        for label, one in zip(labels, features, strict=True):
            rated = np.mean(item.ratings[label.turn]) if label.turn in item.ratings else np.nan
            rows.append(one)
            users.append(item.user)
            bag.append(len(shares["satisfaction"]) - 1 if item.votes else -1)
            rating.append(rated)
            if complaints is not None or unanimous:
                known.append(({"dissatisfaction": float(label.turn in (complaints or ()))}, 1.0))
            elif not item.votes:
                known.append((_by_cues(label), CUED_WEIGHT))
            else:
                known.append(({}, 0.0))
    for chat, expected in written:
        (labels,) = detector.label([chat])
        for label, one in zip(labels, turn_features(chat, labels, encoder), strict=True):
            rows.append(one)
            users.append("planted")
            bag.append(-1)
            rating.append(np.nan)
            have = expected.get(label.turn, set())
            known.append(({p: float(p in have) for p in POLARITIES}, PLANTED_WEIGHT))
    return Examples(
        rows,
        users,
        np.array(bag),
        {polarity: np.array(values) for polarity, values in shares.items()},
        {p: np.array([targets.get(p, 0.0) for targets, _ in known]) for p in POLARITIES},
        {p: np.array([w * (p in targets) for targets, w in known]) for p in POLARITIES},
        np.array(rating, float),
    )
