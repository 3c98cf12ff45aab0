"""Conversations and signals for the tests of pair builders, made on the spot and hand-written."""

from functools import cache
from pathlib import Path

import yaml

from curation.feedback.detector import open_detector, signals_of
from schemas import Conversation, FeedbackSignal, Message

DATA = Path(__file__).parents[1] / "data" / "feedback"
LANGUAGES = ("de", "en", "es", "fr", "zh")
DETECTORS = ("cues", "classifier")
CASES = [
    case
    for language in LANGUAGES
    for case in yaml.safe_load((DATA / f"conversations_{language}.yaml").read_text("utf-8"))
]
"""The hand-written test set: planted pairs, and decoys."""


def chat(*turns: str, first: str = "user", **metadata: str) -> Conversation:
    """A conversation whose turns alternate."""
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(turns))
    return Conversation("c", talk, "test", None, None, None, None, metadata)


def signal(turn: int, score: float = 0.9, polarity: str = "dissatisfaction") -> FeedbackSignal:
    """A signal at a turn."""
    category = "factual_error" if polarity == "dissatisfaction" else "praise"
    return FeedbackSignal("c", turn, polarity, category, "because", score, "test")


def contents(messages) -> list[str]:
    """The texts alone."""
    return [message.content for message in messages]


def name_of(case: dict) -> str:
    """What a hand-written case is called in test reports."""
    return case["name"]


def planted(case: dict, method: str) -> list[int]:
    """The turns at which a pair of this method is planted."""
    return [expected["turn"] for expected in case.get("expect", []) if expected["method"] == method]


def read(case: dict, detector: str) -> tuple[Conversation, list[FeedbackSignal]]:
    """A hand-written conversation, with the signals that a detector finds in it."""
    conversation = chat(*case["turns"])
    labels = _opened(detector).label([conversation])[0]
    return conversation, signals_of(conversation, labels)


@cache
def _opened(detector: str):
    return open_detector(detector)
