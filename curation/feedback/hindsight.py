"""Pairs of an objected reply and its revision, which inherits a satisfaction that came later.

After the revision (`t + 1`) the user just goes on: turn `t + 2` says neither yes nor no. If one
of the next two verdicts is satisfied and its request is alike the one that the revision
answered, the revision inherits it: what the user was content with was built on it.

    t - 1  reply objected to          rejected
    t      the objection
    t + 1  the revision               chosen
    t + 2  neutral, no complaint
    t + 4, t + 6  the first that is satisfied, with no complaint up to there; the reply that it
           praises answered `t + 2`, or `t + 4`, which must be alike the request at `t`

An objection names what is wrong and seldom the thing itself, so the request objected about
(`t - 2`) counts too: the higher of the two similarities.

Reference: WildReward (arXiv 2602.08829), hindsight labels. Unlike its code, the first hit ends
the search, so that no pair comes twice.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import sqrt

from curation.feedback.complaints import feedback_words, objections, satisfied_turns
from curation.feedback.exchanges import new_from
from curation.feedback.revisions import revised_draft
from curation.feedback.wording import own_words, tokens
from schemas import Conversation, FeedbackSignal, PairDraft

REACH = (4, 6)
"""How many messages after the objection a satisfied verdict may stand."""

Similar = Callable[[str, str], float]
"""Cosine similarity of two user turns, 0 to 1 (encoders may go below 0)."""


@dataclass(frozen=True)
class HindsightSettings:
    """Which later satisfaction a revision inherits."""

    min_confidence: float = 0.5
    """Lowest score of the objection, and of the satisfaction."""
    similarity: float = 0.5
    """Lowest cosine similarity of the two requests."""


def hindsight_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: HindsightSettings = HindsightSettings(),
    similarity: Similar | None = None,
) -> list[PairDraft]:
    """Complete pairs: a reply that the user objected to, and the next one, praised in hindsight.

    Input: a conversation and all its signals. Parameters: `similarity` of two user turns, by
    default `trigram_cosine`. Output: drafts without `hint`; the prompt is the history before the
    first of the two replies.

    Raises: SchemaError when the conversation's metadata are not in their form.
    """
    alike = trigram_cosine if similarity is None else similarity
    satisfied = satisfied_turns(signals, settings.min_confidence)
    unhappy = objections(signals, 0.0)
    drafts = []
    for turn, complaints in objections(signals, settings.min_confidence).items():
        neutral = turn + 2 not in satisfied and turn + 2 not in unhappy
        found = _satisfied_after(turn, satisfied, unhappy) if neutral else None
        if found is None or found < new_from(conversation):
            continue
        if not _asks_alike(conversation, turn, found, alike, settings.similarity):
            continue
        draft = revised_draft(conversation, "hindsight", turn, complaints, satisfied[found])
        if draft:
            feedback = feedback_words(conversation, signals, settings.min_confidence)
            drafts.append(draft._replace(feedback=feedback))
    return drafts


def trigram_cosine(one: str, other: str) -> float:
    """Cosine of the character trigrams of what two user turns say in their own words.

    Case, accents, punctuation, code and quotations do not count.

    >>> trigram_cosine("Shorten the cover letter", "shorten that Cover Letter!") > 0.7
    True
    >>> trigram_cosine("Shorten the cover letter", "Why is the sky blue?") < 0.2
    True
    """
    counts, others = _trigrams(one), _trigrams(other)
    shared = sum(count * others[gram] for gram, count in counts.items() if gram in others)
    lengths = sum(n * n for n in counts.values()) * sum(n * n for n in others.values())
    return shared / sqrt(lengths) if lengths else 0.0


def _trigrams(text: str) -> Counter[str]:
    words = [word for word in tokens(own_words(text)) if word[0].isalnum()]
    line = f" {' '.join(words)} "
    return Counter(line[i : i + 3] for i in range(len(line) - 2))


def _satisfied_after(turn: int, satisfied: Collection[int], unhappy: Collection[int]) -> int | None:
    for step in REACH:
        if turn + step in unhappy:
            return None
        if turn + step in satisfied:
            return turn + step
    return None


def _asks_alike(
    conversation: Conversation, turn: int, found: int, alike: Similar, threshold: float
) -> bool:
    messages = conversation.messages
    if any(messages[at].role != "user" for at in range(turn, found + 1, 2)):
        return False
    request = messages[found - 2].content
    earlier = [messages[turn].content]
    if turn >= 2 and messages[turn - 2].role == "user":
        earlier.append(messages[turn - 2].content)
    return any(alike(text, request) >= threshold for text in earlier)
