"""From feedback to preference pairs, in three ways.

A signal at user turn `t` judges the assistant reply at `t - 1`, which answered the prompt
`messages[: t - 1]`. Every builder is a pure function of one conversation and its signals; what
a path of a conversation tree shares with an earlier path (`metadata["new_from"]`) yields
nothing a second time.

Reference: WildFeedback (arXiv 2408.15549, section 3) for `wildfeedback_drafts`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from curation.feedback.exchanges import bare_pair, new_from, prompt_before, reply_at
from curation.feedback.preference import PROMPT_ID, distil_preference
from curation.feedback.rankings import Ranking, rankings
from schemas import Conversation, FeedbackSignal, Message, PairDraft
from schemas.ids import draft_id, pair_id


@dataclass(frozen=True)
class WildFeedbackSettings:
    """How pairs with a reply to be written are drafted."""

    min_confidence: float = 0.5
    """Lowest `FeedbackSignal.score` that makes a draft."""
    max_per_conversation: int = 2
    """Most drafts of one conversation: the surest signals, then the earliest."""


@dataclass(frozen=True)
class RevisionSettings:
    """How a reply and its successful revision become a pair."""

    min_confidence: float = 0.5
    """Lowest score of the objection, and of the satisfaction that follows."""
    accept_silence: bool = False
    """Whether it is enough that the user does not object again."""


@dataclass(frozen=True)
class RankedSiblingSettings:
    """How ranked replies to one prompt become pairs."""

    max_pairs_per_prompt: int = 1
    """Most pairs of one prompt: best against worst first, then by distance in rank."""


def wildfeedback_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: WildFeedbackSettings = WildFeedbackSettings(),
) -> list[PairDraft]:
    """Drafts whose rejected side dissatisfied and whose chosen side is still to be written.

    Input: a conversation and all its signals. Output: drafts with the distilled preference as
    `hint` and as the pair's `rubric`; the prompt holds neither the feedback nor the hint.

    Raises: SchemaError when the conversation's metadata are not in their form.

    Reference: WildFeedback, section 3, "preference data construction".
    """
    drafts = []
    for turn, complaints in _objections(signals, settings.min_confidence).items():
        prompt, rejected = prompt_before(conversation, turn - 1), reply_at(conversation, turn - 1)
        if not prompt or not rejected or turn < new_from(conversation):
            continue
        hint = distil_preference(conversation, complaints)
        identity = draft_id("wildfeedback", prompt, rejected, hint)
        pair = bare_pair(conversation, "wildfeedback", identity, prompt, (), rejected)
        origin = pair.provenance._replace(turn=turn, prompts=(PROMPT_ID,))
        draft = PairDraft(pair._replace(rubric=hint, provenance=origin), hint)
        drafts.append((-max(signal.score for signal in complaints), turn, draft))
    drafts.sort(key=lambda item: item[:2])
    return [draft for _, _, draft in drafts[: settings.max_per_conversation]]


def revision_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: RevisionSettings = RevisionSettings(),
) -> list[PairDraft]:
    """Complete pairs: a reply that the user objected to, and the next one, which satisfied.

    Input: a conversation and all its signals. Output: drafts without `hint`; the prompt is the
    history before the first of the two replies.

    Raises: SchemaError when the conversation's metadata are not in their form.
    """
    satisfied = {
        signal.turn
        for signal in signals
        if signal.polarity == "satisfaction" and signal.score >= settings.min_confidence
    }
    any_objection = _objections(signals, 0.0)
    last = len(conversation.messages) - 1
    drafts = []
    for turn, complaints in _objections(signals, settings.min_confidence).items():
        verdict = turn + 2
        accepted = verdict in satisfied or settings.accept_silence
        prompt, rejected = prompt_before(conversation, turn - 1), reply_at(conversation, turn - 1)
        chosen = reply_at(conversation, turn + 1)
        is_new = min(verdict, last) >= new_from(conversation)
        if not (accepted and is_new and prompt and rejected and chosen):
            continue
        if verdict in any_objection or chosen == rejected:
            continue
        identity = pair_id(prompt, chosen, rejected)
        pair = bare_pair(conversation, "revisions", identity, prompt, chosen, rejected)
        origin = pair.provenance._replace(turn=turn)
        rubric = distil_preference(conversation, complaints)
        drafts.append(PairDraft(pair._replace(rubric=rubric, provenance=origin), None))
    return drafts


def ranked_sibling_drafts(
    conversation: Conversation, settings: RankedSiblingSettings = RankedSiblingSettings()
) -> list[PairDraft]:
    """Complete pairs of replies that people ranked, as OpenAssistant's trees have them.

    Input: a conversation whose `metadata["rankings"]` lists ranked replies (see
    `curation.feedback.rankings`). Output: drafts without `hint`.

    Raises: SchemaError when the conversation's metadata are not in their form.
    """
    drafts = []
    for ranking in rankings(conversation):
        prompt = prompt_before(conversation, ranking.turn)
        contrasts = _contrasts(ranking) if prompt else []
        for better, worse in contrasts[: settings.max_pairs_per_prompt]:
            chosen, rejected = (Message("assistant", better),), (Message("assistant", worse),)
            identity = pair_id(prompt, chosen, rejected)
            pair = bare_pair(conversation, "ranked_siblings", identity, prompt, chosen, rejected)
            drafts.append(PairDraft(pair, None))
    return drafts


def _objections(
    signals: Sequence[FeedbackSignal], min_confidence: float
) -> dict[int, list[FeedbackSignal]]:
    """The dissatisfied signals by turn, in order of the turns."""
    by_turn: dict[int, list[FeedbackSignal]] = defaultdict(list)
    for signal in signals:
        if signal.polarity == "dissatisfaction" and signal.score >= min_confidence:
            by_turn[signal.turn].append(signal)
    return dict(sorted(by_turn.items()))


def _contrasts(ranking: Ranking) -> list[tuple[str, str]]:
    """Contents of better and worse replies, the widest distance in rank first."""
    pairs = [
        (better.rank - worse.rank, i, j, better.content, worse.content)
        for i, better in enumerate(ranking.replies)
        for j, worse in enumerate(ranking.replies)
        if better.rank < worse.rank and better.content != worse.content
    ]
    return [(better, worse) for _, _, _, better, worse in sorted(pairs)]
