"""What finds feedback: the interface of every detector, and the one place that names them."""

from collections.abc import Sequence
from typing import Protocol

from schemas import Conversation, FeedbackSignal
from schemas.errors import UsageError


class FeedbackDetector(Protocol):
    """Finds the user turns that judge the assistant reply right before them.

    A detector must be picklable, and what it says of one conversation must not depend on
    which others are in the batch.
    """

    @property
    def name(self) -> str:
        """What stands in `FeedbackSignal.method`."""
        ...

    def detect(self, conversations: Sequence[Conversation]) -> list[list[FeedbackSignal]]:
        """Find the signals of each conversation.

        Input: a batch. Output: one list per conversation, in the batch's order; `turn` of a
        signal is the index of the user message, and the reply it judges is at `turn - 1`.
        """
        ...


def open_detector(spec: str) -> FeedbackDetector:
    """The detector that a recipe names.

    Parameters: spec: `cues` for all languages, or `cues:en,zh` for some.
    Raises: UsageError naming what there is.

    >>> open_detector("cues:en").name
    'cues'
    """
    from curation.feedback.cues import CueDetector
    from curation.feedback.lexicon import LANGUAGES

    kind, _, languages = spec.partition(":")
    chosen = tuple(languages.split(",")) if languages else LANGUAGES
    unknown = sorted(set(chosen) - set(LANGUAGES))
    if kind != "cues" or unknown:
        raise UsageError(
            f"detector {spec!r}: expected cues, or cues: and some of {', '.join(LANGUAGES)}"
        )
    return CueDetector(chosen)
