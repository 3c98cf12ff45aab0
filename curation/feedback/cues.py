"""The lexical detector: phrases of the lexicons, and requests that come back."""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile

from curation.feedback.detector import Finding, TurnLabel, judged_turns
from curation.feedback.dialogue_state import content_terms, dialogue_state
from curation.feedback.lexicon import LANGUAGES, Cue, Lexicon, load_lexicon
from curation.feedback.phrases import Match
from curation.feedback.repetition import repetition
from curation.feedback.rubric import RUBRIC
from curation.feedback.wording import PAUSES, own_tokens
from schemas import Conversation

NEGATION_SPAN = 3
"""Tokens before a cue, and after a positive one, in which a negator turns it around."""
QUESTION_SPAN = 200
"""Characters at the end of a reply in which a question mark means that it asks something."""
MAX_REASON = 200
"""Longest `FeedbackSignal.reason`, in characters."""
MAX_OPEN_REQUESTS = 3
"""How many earlier requests, all complained about since, a turn is compared with."""


@dataclass(frozen=True)
class CueDetector:
    """Finds feedback by transparent lexical cues, without a model.

    Input: conversations. Output: labels with `method` `cues`; at most one finding per category,
    whose `score` is that of its strongest cue and whose `reason` shows the cues. The label's
    probabilities are the scores of its strongest findings, 0 without any.

    A turn is compared with the request that the reply before it answered; where that turn was a
    complaint itself, also with the request complained about, and so on.

    Parameters: languages: which lexicons to use.
    Reference: WildFeedback (arXiv 2408.15549), section 3, with cues in place of its judge.

    >>> from schemas import Message
    >>> talk = (Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "That's wrong."))
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> (label,) = CueDetector().label([chat])[0]
    >>> label.turn, label.dissatisfaction, label.state, label.findings[0].reason
    (2, 0.9, 'feedback', 'factual_error: thats wrong')
    """

    languages: tuple[str, ...] = LANGUAGES

    @property
    def name(self) -> str:
        """`cues`."""
        return "cues"

    def label(self, conversations: Sequence[Conversation]) -> list[list[TurnLabel]]:
        """Label the turns of each conversation; see `FeedbackDetector`."""
        lexicon = load_lexicon(self.languages)
        return [list(self._labels(c, lexicon)) for c in conversations]

    def _labels(self, conversation: Conversation, lexicon: Lexicon) -> Iterator[TurnLabel]:
        messages = conversation.messages
        judged = set(judged_turns(conversation))
        open_requests: list[str] = []
        requests: list[str] = []
        for turn, (role, text) in enumerate(messages):
            if role != "user":
                continue
            complaint = False
            if turn in judged:
                words = _words(text, lexicon)
                found = _findings(words, text, messages[turn - 1].content, open_requests, lexicon)
                findings = tuple(
                    Finding(
                        category,
                        f"{category}: {'; '.join(evidence)}"[:MAX_REASON],
                        max(evidence.values()),
                    )
                    for category, evidence in found.items()
                )
                dissatisfaction = _strongest(findings, "dissatisfaction")
                complaint = dissatisfaction > 0
                satisfaction = _strongest(findings, "satisfaction")
                state = dialogue_state(
                    content_terms(words, lexicon.function_words),
                    requests,
                    messages[turn - 1].content,
                    findings,
                    bool(lexicon.continuations.find(words)),
                )
                yield TurnLabel(turn, dissatisfaction, satisfaction, findings, *state, self.name)
            requests = [*requests[1 - MAX_OPEN_REQUESTS :], text]
            open_requests = [*open_requests[1 - MAX_OPEN_REQUESTS :], text] if complaint else [text]


def _strongest(findings: Iterable[Finding], polarity: str) -> float:
    return max((f.score for f in findings if RUBRIC[f.category].polarity == polarity), default=0.0)


def _words(text: str, lexicon: Lexicon) -> list[str]:
    return [word for word in own_tokens(text) if word not in lexicon.fillers]


def _findings(
    words: list[str], text: str, reply: str, earlier: Sequence[str], lexicon: Lexicon
) -> dict[str, dict[str, float]]:
    """Per category, the phrases that speak for it with their scores."""
    found: dict[str, dict[str, float]] = {}
    asked = "?" in reply[-QUESTION_SPAN:] or "？" in reply[-QUESTION_SPAN:]
    for match in cues_in(words, asked, lexicon):
        evidence = found.setdefault(match.value.category, {})
        phrase = _shown(words[match.start : match.end])
        evidence[phrase] = max(match.value.score, evidence.get(phrase, 0.0))
    repeated = max(repetition(text, request, lexicon.function_words) for request in earlier)
    if repeated and not lexicon.continuations.find(words):
        found.setdefault("revision", {})["repeats the request"] = repeated
    return dict(sorted(found.items()))


def cues_in(words: Sequence[str], asked: bool, lexicon: Lexicon) -> list[Match[Cue]]:
    """The cues that count among the words of one turn.

    Input: the turn's tokens (`curation.feedback.wording`) without fillers. Output: matches,
    by start. Parameters: asked: whether the reply before asks something, so that "no" answers.

    >>> lexicon = load_lexicon(("en",))
    >>> cues_in(["no", ",", "it", "is", "not", "wrong"], True, lexicon)
    []
    """
    matches = lexicon.cues.find(words)
    if not matches:
        return []
    excepted = {i for m in lexicon.exceptions.find(words) for i in range(m.start, m.end)}
    opening = next((i for i, w in enumerate(words) if not _opens(w, lexicon)), len(words))
    return [
        match
        for match in matches
        if excepted.isdisjoint(range(match.start, match.end))
        and not (match.value.unless_asked and asked)
        and len(words) <= (match.value.within or len(words))
        and _in_place(match, words, opening, lexicon)
        and not _negated(match, words, lexicon)
    ]


def _opens(word: str, lexicon: Lexicon) -> bool:
    return word in lexicon.openers or word in PAUSES or not word[0].isalnum()


def _in_place(match: Match[Cue], words: Sequence[str], opening: int, lexicon: Lexicon) -> bool:
    if match.value.at == "anywhere" or match.start <= opening:
        return True
    return match.value.at == "clause" and _opens(words[match.start - 1], lexicon)


def _negated(match: Match[Cue], words: Sequence[str], lexicon: Lexicon) -> bool:
    before = reversed(words[max(0, match.start - NEGATION_SPAN) : match.start])
    after = words[match.end : match.end + NEGATION_SPAN]
    positive = RUBRIC[match.value.category].polarity == "satisfaction"
    negators = lexicon.negators[match.value.language]
    return _reaches(before, negators) or (positive and _reaches(after, negators))


def _reaches(words: Iterable[str], negators: Set[str]) -> bool:
    clause = takewhile(lambda word: word not in PAUSES, words)
    return any(word in negators for word in clause)


def _shown(words: Sequence[str]) -> str:
    return ("" if all(len(word) == 1 for word in words) else " ").join(words)
