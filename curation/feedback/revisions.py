"""Pairs of a reply that a user objected to and the revision that satisfied.

The reply at `t - 1` was objected to at user turn `t`, the reply at `t + 1` revises it, and user
turn `t + 2` is satisfied: the conversation itself holds both sides.

Reference: the DSAT-to-SAT seed pairs of DRIFT (arXiv 2510.02341, section 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.feedback.complaints import feedback_words, objections, rationale, satisfied_turns
from curation.feedback.exchanges import bare_pair, new_from, prompt_before, reply_at
from curation.feedback.preference import distil_preference
from schemas import Conversation, FeedbackSignal, PairDraft
from schemas.ids import pair_id


@dataclass(frozen=True)
class RevisionSettings:
    """How a reply and its successful revision become a pair."""

    min_confidence: float = 0.5
    """Lowest score of the objection, and of the satisfaction that follows."""
    accept_silence: bool = False
    """Whether it is enough that the user does not object again."""


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
    satisfied = satisfied_turns(signals, settings.min_confidence)
    any_objection = objections(signals, 0.0)
    last, drafts = len(conversation.messages) - 1, []
    for turn, complaints in objections(signals, settings.min_confidence).items():
        verdict = turn + 2
        accepted = verdict in satisfied or settings.accept_silence
        is_new = min(verdict, last) >= new_from(conversation)
        if not accepted or not is_new or verdict in any_objection:
            continue
        praise = satisfied.get(verdict, ())
        draft = revised_draft(conversation, "revisions", turn, complaints, praise)
        if draft:
            feedback = feedback_words(conversation, signals, settings.min_confidence)
            drafts.append(draft._replace(feedback=feedback))
    return drafts


def revised_draft(
    conversation: Conversation,
    method: str,
    turn: int,
    complaints: Sequence[FeedbackSignal],
    praise: Sequence[FeedbackSignal] = (),
) -> PairDraft | None:
    """The pair of the replies before and after an objection; None where one is missing.

    Input: the user turn of the objection, its signals, and the signals of satisfaction with the
    second reply. Output: a draft without `hint` and `feedback`; None also when both replies are
    the same.

    Raises: SchemaError when the conversation's metadata are not in their form.
    """
    prompt, rejected = prompt_before(conversation, turn - 1), reply_at(conversation, turn - 1)
    chosen = reply_at(conversation, turn + 1)
    if not (prompt and rejected and chosen) or chosen == rejected:
        return None
    identity = pair_id(prompt, chosen, rejected)
    pair = bare_pair(conversation, method, identity, prompt, chosen, rejected)
    origin = pair.provenance._replace(turn=turn)
    pair = pair._replace(
        rationale=rationale(complaints, praise),
        rubric=distil_preference(conversation, complaints),
        provenance=origin,
    )
    return PairDraft(pair, None)
