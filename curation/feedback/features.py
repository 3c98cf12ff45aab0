"""What the classifier sees of a user turn: cues, repetition, both replies around it, n-grams.

The reply after the turn counts too: an assistant that begins with "I apologize" or "glad to
hear that" has read the turn, in any language.
"""

import math
from collections.abc import Sequence, Set
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.feedback.detector import TurnLabel
from curation.feedback.encoder import StaticEncoder, similarity
from curation.feedback.ngrams import buckets, ngrams
from curation.feedback.replies import HEAD, ReplySigns, ideograph_share, reply_signs
from curation.feedback.rubric import RUBRIC
from curation.feedback.wording import PAUSES, own_tokens, tokens
from schemas import Conversation

TURN_BUCKETS = 1 << 17
"""Rows of the table of n-grams of the turn."""
NEXT_BUCKETS = 1 << 16
"""Rows of the table of n-grams of the next reply."""
LONGEST = 3
"""Most tokens of an n-gram."""
EARLIER = 6
"""How many earlier requests a turn is compared with."""
FIRM = 0.5
"""Score of a cue from which it alone would be feedback."""
TRAINED_SCRIPT = 0.3
"""Share of Chinese characters from which a turn is in the language that has labels."""
NO_REPLY = 7.5
"""Logarithm of a length that stands for a next reply where there is none."""

CUES = tuple(f"cue_{category}" for category in RUBRIC)
SHAPES = (
    "dissatisfaction_cue",
    "satisfaction_cue",
    "firm_dissatisfaction",
    "firm_satisfaction",
    "first",
    "position",
    "turn_length",
    "reply_length",
    "request_length",
    "question",
    "exclamation",
    "reply_asks",
    "same_as_request",
    "same_as_earlier",
    "same_as_reply",
    "reply_on_request",
    "refusal",
    "apology_before",
    "apology_after",
    "junk",
    "cut",
    "other_script",
    "last",
    "next_length",
    "meaning_request",
    "meaning_earlier",
)


def feature_names(width: int) -> tuple[str, ...]:
    """Names of the dense features, in order.

    Parameters: width: of the sentence vectors.

    >>> feature_names(2)[-2:]
    ('vector_0', 'vector_1')
    """
    return (*CUES, *SHAPES, *(f"vector_{i}" for i in range(width)))


class TurnFeatures(NamedTuple):
    """What is known of one user turn."""

    dense: list[float]
    """Values of `feature_names`."""
    turn_rows: NDArray[np.int64]
    """Buckets of the turn's n-grams, of `TURN_BUCKETS`."""
    next_rows: NDArray[np.int64]
    """Buckets of the n-grams at the beginning of the next reply, of `NEXT_BUCKETS`."""
    similarity: float
    """Cosine of the sentence vectors of the turn and the most similar of the earlier requests."""
    words: Sequence[str]
    """The turn's tokens."""
    next_words: Sequence[str]
    """The tokens at the beginning of the next reply."""
    script: float = 0.0
    """Share of Chinese characters among the turn's words, 0 to 1."""
    admitted: bool = False
    """Whether the next reply begins by admitting a mistake, and does not refuse."""


def shape(turn: TurnFeatures, name: str) -> float:
    """The value of one of `SHAPES`.

    >>> shape(TurnFeatures([0.0] * len(CUES) + [0.7], None, None, 0.0, [], []), SHAPES[0])
    0.7
    """
    at = len(CUES) + SHAPES.index(name)
    return turn.dense[at] if at < len(turn.dense) else 0.0


class _Request(NamedTuple):
    """What is kept of a user turn."""

    words: Sequence[str]
    rows: NDArray[np.int64]
    vector: NDArray[np.int64]
    pairs: Set[tuple[str, str]]
    script: float


class _Reply(NamedTuple):
    """What is kept of a reply: both of its ends."""

    head: Sequence[str]
    signs: ReplySigns
    pairs: Set[tuple[str, str]]
    script: float


class _Reading:
    """A conversation of which every message is read at most once."""

    def __init__(self, conversation: Conversation, encoder: StaticEncoder) -> None:
        self.messages = conversation.messages
        self.users = [at for at, message in enumerate(self.messages) if message.role == "user"]
        self._encoder = encoder
        self._requests: dict[int, _Request] = {}
        self._replies: dict[int, _Reply] = {}

    def request(self, at: int) -> _Request:
        if at not in self._requests:
            words = own_tokens(self.messages[at].content)
            rows = buckets(ngrams(words, LONGEST), TURN_BUCKETS)
            vector = self._encoder.encode(rows & (self._encoder.buckets - 1))
            self._requests[at] = _Request(
                words, rows, vector, _pairs(words), ideograph_share(words)
            )
        return self._requests[at]

    def reply(self, at: int) -> _Reply:
        if at not in self._replies:
            content = self.messages[at].content
            head, tail = tokens(content[:HEAD]), tokens(content[HEAD:][-HEAD:])
            pairs = _pairs(head) | _pairs(tail)
            self._replies[at] = _Reply(
                head, reply_signs(content, head), pairs, ideograph_share(head)
            )
        return self._replies[at]


def _pairs(words: Sequence[str]) -> set[tuple[str, str]]:
    return set(pairwise([word for word in words if word not in PAUSES]))


def turn_features(
    conversation: Conversation, labels: Sequence[TurnLabel], encoder: StaticEncoder
) -> list[TurnFeatures]:
    """The features of every judged turn of a conversation.

    Input: the conversation and its labels by the cue detector. Output: one for each label.

    >>> from schemas import Message
    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "Sing louder"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> encoder = StaticEncoder(np.zeros((1 << 8, 4), np.int8))
    >>> (turn,) = turn_features(chat, [TurnLabel(2, 0.0, 0.0)], encoder)
    >>> turn.words, len(turn.turn_rows), len(turn.dense) == len(feature_names(4))
    (('sing', 'louder'), 3, True)
    """
    reading = _Reading(conversation, encoder)
    return [_features(reading, label) for label in labels]


def _features(reading: _Reading, label: TurnLabel) -> TurnFeatures:
    messages, at = reading.messages, label.turn
    turn, reply = messages[at].content, messages[at - 1].content
    earlier = [user for user in reading.users if user < at]
    mine, answer = reading.request(at), reading.reply(at - 1)
    near = [reading.request(i) for i in earlier[-EARLIER:]]
    after = reading.reply(at + 1) if at + 1 < len(messages) else None
    meanings = [similarity(mine.vector, other.vector) for other in near]
    weights = dict.fromkeys(RUBRIC, 0.0)
    for finding in label.findings:
        weights[finding.category] = max(weights[finding.category], finding.score)
    unhappy, happy = label.dissatisfaction or 0.0, label.satisfaction or 0.0
    script = abs(near[-1].script - answer.script)
    dense = [
        *weights.values(),
        unhappy,
        happy,
        float(unhappy >= FIRM),
        float(happy >= FIRM),
        float(len(earlier) == 1),
        math.log(len(earlier)),
        _length(turn),
        _length(reply),
        _length(messages[earlier[-1]].content),
        float("?" in mine.words),
        float("!" in turn[-HEAD:] or "！" in turn[-HEAD:]),
        float("?" in reply[-HEAD:] or "？" in reply[-HEAD:]),
        _shared(mine.pairs, near[-1].pairs),
        max(_shared(mine.pairs, other.pairs) for other in near),
        _covered(mine.pairs, answer.pairs),
        _covered(near[-1].pairs, answer.pairs),
        float(answer.signs.refusal),
        float(answer.signs.apology),
        float(after is not None and after.signs.apology),
        float(answer.signs.junk),
        float(answer.signs.cut),
        script if len(reply) > HEAD // 4 else 0.0,
        float(after is None),
        _length(messages[at + 1].content) if after else NO_REPLY,
        meanings[-1],
        max(meanings),
        *_unit(mine.vector),
    ]
    next_words = after.head if after else []
    rows = buckets(ngrams(next_words, LONGEST), NEXT_BUCKETS)
    admitted = after is not None and after.signs.apology and not after.signs.refusal
    return TurnFeatures(
        dense, mine.rows, rows, max(meanings), mine.words, next_words, mine.script, admitted
    )


def _length(text: str) -> float:
    """Logarithm of the length in bytes: a Chinese word has about as many as an English one."""
    return math.log1p(len(text.encode("utf-8", "surrogatepass")))


def _shared(one: Set[tuple[str, str]], other: Set[tuple[str, str]]) -> float:
    """Cosine of two sets."""
    return len(one & other) / math.sqrt(len(one) * len(other)) if one and other else 0.0


def _covered(one: Set[tuple[str, str]], by: Set[tuple[str, str]]) -> float:
    return len(one & by) / len(one) if one else 0.0


def _unit(vector: NDArray[np.int64]) -> list[float]:
    norm = math.sqrt(int(vector @ vector)) or 1.0
    return [value / norm for value in vector.tolist()]
