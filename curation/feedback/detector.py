"""What finds feedback: the interface of every detector, and the one place that names them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from curation.feedback.rubric import RUBRIC
from schemas import Conversation, FeedbackSignal
from schemas.errors import UsageError


class Finding(NamedTuple):
    """One kind of feedback that a turn shows."""

    category: str
    """Rubric item (`curation.feedback.rubric`)."""
    reason: str
    """What was seen, in words: the phrase or the justification."""
    score: float
    """Confidence between 0 and 1."""
    polarity: str | None = None
    """One of `schemas.records.POLARITIES`; None for that of the built-in rubric's item. Given
    for the categories of another rubric."""


class TurnLabel(NamedTuple):
    """What a detector says of one user turn that follows a reply.

    Every such turn has a label, also one without feedback: its `findings` are empty, and both
    probabilities are low.
    """

    turn: int
    """Index of the USER message in `Conversation.messages`; the reply judged is at `turn - 1`."""
    dissatisfaction: float | None
    """Probability (or score) between 0 and 1 that the turn shows dissatisfaction; None where the
    detector has no answer."""
    satisfaction: float | None
    """The same for satisfaction; both may be high in one turn."""
    findings: tuple[Finding, ...] = ()
    """The kinds of feedback, by category."""
    state: str | None = None
    """One of `schemas.records.STATES`."""
    relation: str | None = None
    """One of `schemas.records.RELATIONS`."""
    method: str = ""
    """The detector that gave this label."""
    problem: str | None = None
    """Why there is no answer, short and countable: `prompt_too_long`, or prompt and kind."""


class FeedbackDetector(Protocol):
    """Labels the user turns that follow an assistant reply.

    A detector must be picklable, and what it says of one conversation must not depend on
    which others are in the batch.
    """

    @property
    def name(self) -> str:
        """What stands in `FeedbackSignal.method`."""
        ...

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label the turns of each conversation.

        Input: a batch. Output: one list per conversation, in the batch's order, with a label for
        every user turn of `judged_turns`, in their order.
        """
        ...


def judged_turns(conversation: Conversation) -> list[int]:
    """Indices of the user turns that can judge a reply: after the first, right after a reply.

    A user turn after another user turn judges no reply, nor does one after a reply to nothing,
    in a conversation that the assistant began.

    >>> from schemas import Message
    >>> talk = [Message(role, "x") for role in ("assistant", "user", "assistant", "user", "user")]
    >>> judged_turns(Conversation("c", talk, "demo", None, None, None, None, {}))
    [3]
    """
    messages = conversation.messages
    users = [turn for turn, message in enumerate(messages) if message.role == "user"]
    return [turn for turn in users[1:] if messages[turn - 1].role == "assistant"]


def signals_of(conversation: Conversation, labels: Sequence[TurnLabel]) -> list[FeedbackSignal]:
    """The feedback that labels hold: one signal for each finding.

    >>> label = TurnLabel(2, 0.8, 0.0, (Finding("style", "too long", 0.8),), "feedback", "related")
    >>> chat = Conversation("c", [], "demo", None, None, None, None, {})
    >>> [(s.turn, s.polarity, s.category, s.state) for s in signals_of(chat, [label])]
    [(2, 'dissatisfaction', 'style', 'feedback')]
    """
    return [
        FeedbackSignal(
            conversation.id,
            label.turn,
            finding.polarity or RUBRIC[finding.category].polarity,
            finding.category,
            finding.reason,
            finding.score,
            label.method,
            label.state,
            label.relation,
        )
        for label in labels
        for finding in label.findings
    ]


def open_detector(spec: str) -> FeedbackDetector:
    """The detector without a language model that a recipe names.

    Parameters: spec: `cues` for all languages, or `cues:en,zh` for some; `classifier`.
    Raises: UsageError naming what there is.

    >>> open_detector("cues:en").name
    'cues'
    """
    from curation.feedback.cues import CueDetector
    from curation.feedback.lexicon import LANGUAGES

    kind, _, languages = spec.partition(":")
    if spec == "classifier":
        from curation.feedback.classifier import load_classifier

        return load_classifier()
    chosen = tuple(languages.split(",")) if languages else LANGUAGES
    unknown = sorted(set(chosen) - set(LANGUAGES))
    if kind != "cues" or unknown:
        raise UsageError(
            f"detector {spec!r}: expected classifier, cues, or cues: and some of "
            f"{', '.join(LANGUAGES)}"
        )
    return CueDetector(chosen)
