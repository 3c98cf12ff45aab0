"""What users say against replies: the objections that count, and their words.

A repetition or rewording of a request is an objection only where it goes on with the topic:
"require preceding-relation = yes" (WildFeedback, arXiv 2408.15549, section 3). Detectors that
tell the state and the relation of a turn are taken at their word.
"""

from collections import defaultdict
from collections.abc import Sequence

from curation.feedback.preference import clean_words
from curation.feedback.wording import own_words
from schemas import Conversation, FeedbackSignal

MAX_REQUEST = 600
"""Longest first request in `feedback_words`, in characters."""
MAX_COMPLAINT = 300
"""Longest complaint in `feedback_words`, in characters."""
MAX_COMPLAINTS = 8
"""Most complaints in `feedback_words`: the last ones of the conversation."""
MAX_RATIONALE = 600
"""Longest rationale of a pair, in characters."""


def objections(
    signals: Sequence[FeedbackSignal], min_confidence: float
) -> dict[int, list[FeedbackSignal]]:
    """The dissatisfied signals by turn, in order of the turns.

    Input: signals of one conversation. Output: those with a score of at least
    `min_confidence`, without revisions that a detector found to be about something new.

    >>> found = FeedbackSignal("c", 2, "dissatisfaction", "revision", "again", 0.8, "judge")
    >>> list(objections([found], 0.5)), list(objections([found._replace(state="new_topic")], 0.5))
    ([2], [])
    """
    by_turn: dict[int, list[FeedbackSignal]] = defaultdict(list)
    for signal in signals:
        if signal.polarity != "dissatisfaction" or signal.score < min_confidence:
            continue
        elsewhere = signal.relation == "unrelated" or signal.state == "new_topic"
        if not (signal.category == "revision" and elsewhere):
            by_turn[signal.turn].append(signal)
    return dict(sorted(by_turn.items()))


def satisfied_turns(
    signals: Sequence[FeedbackSignal], min_confidence: float
) -> dict[int, list[FeedbackSignal]]:
    """The user turns that show satisfaction with a score of at least `min_confidence`.

    >>> praise = FeedbackSignal("c", 4, "satisfaction", "praise", "", 0.8, "cues")
    >>> list(satisfied_turns([praise], 0.5))
    [4]
    """
    by_turn: dict[int, list[FeedbackSignal]] = defaultdict(list)
    for signal in signals:
        if signal.polarity == "satisfaction" and signal.score >= min_confidence:
            by_turn[signal.turn].append(signal)
    return dict(sorted(by_turn.items()))


def rationale(complaints: Sequence[FeedbackSignal], praise: Sequence[FeedbackSignal] = ()) -> str:
    """Why the user preferred one reply, in words: what was seen against the other, and for this.

    Input: signals of the turn that objected, and of the one that was satisfied. Output: their
    reasons with turn and detector, the surest first; at most `MAX_RATIONALE` characters.

    >>> signal = FeedbackSignal("c", 2, "dissatisfaction", "style", "style: too long", 0.8, "cues")
    >>> rationale([signal])
    'Turn 2 objects (style: too long; by cues).'
    """
    said = []
    for verb, signals in (("objects", complaints), ("is satisfied", praise)):
        ordered = sorted(signals, key=lambda s: (s.turn, -s.score, s.category))
        said += [f"Turn {s.turn} {verb} ({clean_words(s.reason)}; by {s.method})." for s in ordered]
    text = " ".join(dict.fromkeys(said))
    return text if len(text) <= MAX_RATIONALE else f"{text[: MAX_RATIONALE - 1].rstrip()}…"


def feedback_words(
    conversation: Conversation, signals: Sequence[FeedbackSignal], min_confidence: float = 0.5
) -> tuple[str, ...]:
    """What a preference is distilled from: the first request, then the complaints, in order.

    Input: a conversation and all its signals. Output: the user's own words as single harmless
    lines (`clean_words`), the same for every pair of the conversation; empty without complaints.

    >>> from schemas import Message
    >>> talk = (Message("user", "Hi"), Message("assistant", "Yo"), Message("user", "Too short!"))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> signal = FeedbackSignal("c", 2, "dissatisfaction", "style", "too short", 0.8, "cues")
    >>> feedback_words(chat, [signal])
    ('Hi', 'Too short!')
    """
    turns = list(objections(signals, min_confidence))[-MAX_COMPLAINTS:]
    if not turns:
        return ()
    said = [_line(conversation.messages[turn].content, MAX_COMPLAINT) for turn in turns]
    requests = (m.content for m in conversation.messages if m.role == "user")
    return (_line(next(requests), MAX_REQUEST), *(line for line in said if line))


def _line(text: str, room: int) -> str:
    # Who has no words of their own says it with what they paste.
    words = clean_words(own_words(text)) or clean_words(text[: 2 * room])
    return words if len(words) <= room else f"{words[: room - 1].rstrip()}…"
