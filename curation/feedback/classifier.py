"""The trained detector: a linear model over cues, repetition, replies and hashed n-grams.

Weights are in `classifier.npz`, what they were trained on in `classifier.json` and in the model
card `classifier.md`; `benchmarks/feedback/train.py` makes them. Both heads are shifted so that a
probability of 0.5 is the operating point that was chosen in training.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.feedback.cues import CueDetector
from curation.feedback.detector import Finding, TurnLabel
from curation.feedback.dialogue_state import restated
from curation.feedback.encoder import StaticEncoder
from curation.feedback.explanation import best_category, grounds
from curation.feedback.features import TRAINED_SCRIPT, TurnFeatures, turn_features
from curation.feedback.rubric import RUBRIC
from schemas import Conversation

CLIP = 4.0
"""Largest distance of a dense feature from its mean, in standard deviations."""
FIRM = 0.5
"""Probability from which a turn has findings: the operating point of the weights."""


@dataclass(frozen=True)
class Weights:
    """The model's arrays; the first axis of a pair is dissatisfaction, then satisfaction."""

    encoder: StaticEncoder
    """Vectors of n-grams."""
    turn: NDArray[np.int8]
    """Weights of the buckets of the turn's n-grams, one column per polarity."""
    next: NDArray[np.int8]
    """The same for the beginning of the next reply."""
    scales: NDArray[np.float64]
    """What one unit of `turn` and of `next` is worth, per polarity."""
    dense: NDArray[np.float64]
    """Weights of the dense features, per polarity."""
    mean: NDArray[np.float64]
    """Mean of each dense feature."""
    deviation: NDArray[np.float64]
    """Standard deviation of each dense feature."""
    bias: NDArray[np.float64]
    """Per polarity, with the operating point taken off."""


@dataclass(frozen=True)
class Classifier:
    """Labels turns with two probabilities, by the trained weights.

    Input: conversations. Output: labels with `method` `classifier`. A turn whose probability of
    a polarity is 0.5 or more has findings of it: the categories of its cues, else the one that
    fits best, with what spoke for it; their score is the probability.

    Reference: WildFeedback (arXiv 2408.15549), section 3, with a linear model in place of its
    judge; multiple-instance training as in SPUR's setting of labelled conversations.

    >>> from schemas import Message
    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "That's wrong."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> (label,) = load_classifier().label([chat])[0]
    >>> label.dissatisfaction > 0.5 > label.satisfaction, label.findings[0].category
    (True, 'factual_error')
    """

    weights: Weights
    trained_users: tuple[str, ...] = ()
    """Users whose conversations the weights were trained on; no benchmark may test on them."""
    cues: CueDetector = field(default_factory=CueDetector)

    @property
    def name(self) -> str:
        """`classifier`."""
        return "classifier"

    def __reduce__(self) -> Any:
        """Travel by name: the weights are read again where the copy arrives."""
        return load_classifier, ()

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label the turns of each conversation; see `FeedbackDetector`."""
        return [self._labels(conversation) for conversation in conversations]

    def _labels(self, conversation: Conversation) -> list[TurnLabel]:
        (cued,) = self.cues.label([conversation])
        features = turn_features(conversation, cued, self.weights.encoder)
        return [self._label(label, turn) for label, turn in zip(cued, features, strict=True)]

    def _label(self, cued: TurnLabel, turn: TurnFeatures) -> TurnLabel:
        dense = (np.array(turn.dense) - self.weights.mean) / self.weights.deviation
        pulls = dense.clip(-CLIP, CLIP) * self.weights.dense
        unhappy, happy = self._probabilities(pulls, turn)
        if turn.script < TRAINED_SCRIPT:
            # Read on English logs: of the calls without a cue about four of five are right where
            # the next reply admits a mistake, and one of six elsewhere.
            unhappy *= 1.0 if cued.dissatisfaction or turn.admitted else 0.5
            happy *= 1.0 if cued.satisfaction else 0.5
        findings = (
            *self._findings(0, unhappy, cued, pulls, turn),
            *self._findings(1, happy, cued, pulls, turn),
        )
        findings = tuple(sorted(findings))
        state, relation = restated(cued, findings)
        return TurnLabel(cued.turn, unhappy, happy, findings, state, relation, self.name)

    def _probabilities(self, pulls: NDArray[np.float64], turn: TurnFeatures) -> list[float]:
        # One turn at a time, and sums of whole numbers: the same bits in every batch.
        logits = self.weights.bias + pulls.sum(axis=1)
        for rows, table, scale in (
            (turn.turn_rows, self.weights.turn, self.weights.scales[0]),
            (turn.next_rows, self.weights.next, self.weights.scales[1]),
        ):
            if len(rows):
                logits += (
                    table.take(rows, axis=0).sum(axis=0, dtype=np.int64)
                    * scale
                    / math.sqrt(len(rows))
                )
        return [1 / (1 + math.exp(-max(-30.0, min(30.0, logit)))) for logit in logits.tolist()]

    def _findings(
        self,
        index: int,
        probability: float,
        cued: TurnLabel,
        pulls: NDArray[np.float64],
        turn: TurnFeatures,
    ) -> list[Finding]:
        if probability < FIRM:
            return []
        polarity = ("dissatisfaction", "satisfaction")[index]
        of_cues = [f for f in cued.findings if RUBRIC[f.category].polarity == polarity]
        if of_cues:
            return [finding._replace(score=probability) for finding in of_cues]
        tables = self.weights.turn[:, index], self.weights.next[:, index]
        reason = grounds(turn, *tables, pulls[index])
        category = best_category(polarity, turn)
        return [Finding(category, f"{category}: {reason}", probability)]


def read_weights(arrays: Any) -> Weights:
    """The weights as `benchmarks/feedback/train.py` stores them.

    Input: a mapping of arrays, as `numpy.load` gives it.
    """
    names = ("turn", "next", "scales", "dense", "mean", "deviation", "bias")
    rest = (np.ascontiguousarray(arrays[name]) for name in names)
    return Weights(StaticEncoder(arrays["encoder"]), *rest)


@cache
def load_classifier() -> Classifier:
    """The detector with the weights that come with the package, read once per process.

    >>> load_classifier().name
    'classifier'
    """
    folder = files("curation.feedback")
    about = json.loads(folder.joinpath("classifier.json").read_text("utf-8"))
    with folder.joinpath("classifier.npz").open("rb") as file, np.load(file) as arrays:
        return Classifier(read_weights(arrays), tuple(about["trained_users"]))
