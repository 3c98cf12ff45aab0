"""Pairs of a reply and the version that the user made of it and pasted back.

The user did the work that the reply should have done. The chosen side is the reply as the user
edited it: where the reply has more than what was edited, an introduction or an explanation of
its code, that stays around the edited part, so that the sides differ by the edit alone.

Reference: PRELUDE (arXiv 2404.15269), section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.feedback.alignment import normalised_distance
from curation.feedback.complaints import feedback_words, objections
from curation.feedback.edit_detection import Edit, find_edit
from curation.feedback.exchanges import bare_pair, new_from, prompt_before, reply_at
from curation.feedback.preference import distil_preference
from schemas import Conversation, FeedbackSignal, Message, PairDraft
from schemas.ids import pair_id


@dataclass(frozen=True)
class EditSettings:
    """Which pasted texts are edited versions of a reply."""

    min_words: int = 8
    """Fewest words of an edited version."""
    max_distance: float = 0.6
    """Largest normalised edit distance between the edited part and its version."""
    min_confidence: float = 0.5
    """Lowest score of a complaint that goes into the draft's feedback and rubric."""


def edit_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: EditSettings = EditSettings(),
) -> list[PairDraft]:
    """Complete pairs: the user's version of a reply over the reply.

    Input: a conversation and all its signals; an edit is found without any. Output: drafts
    without `hint`; the prompt is the history before the reply; the margin is the edit distance in
    words between the edited part of the reply and its version, by the longer one, 0 to 1.

    Raises: SchemaError when the conversation's metadata are not in their form.

    >>> reply = "Dear team, the meeting on Monday has been moved to Tuesday at ten."
    >>> turn = "I changed it to: Dear all, the meeting on Monday was moved to Tuesday at ten."
    >>> talk = [("user", "Write the mail"), ("assistant", reply), ("user", turn)]
    >>> chat = Conversation("c", [Message(*m) for m in talk], "x", None, None, None, None, {})
    >>> [draft] = edit_drafts(chat, [])
    >>> draft.pair.chosen[0].content, round(draft.pair.margin, 2)
    ('Dear all, the meeting on Monday was moved to Tuesday at ten.', 0.2)
    """
    messages, drafts = conversation.messages, []
    for turn in range(2, len(messages)):
        prompt, rejected = prompt_before(conversation, turn - 1), reply_at(conversation, turn - 1)
        if messages[turn].role != "user" or not prompt or not rejected:
            continue
        if turn < new_from(conversation):
            continue
        reply, said = rejected[0].content, messages[turn].content
        edit = find_edit(said, reply, [m.content for m in prompt], settings.min_words)
        if edit is None:
            continue
        margin = normalised_distance(edit.final, reply[edit.part.start : edit.part.end])
        chosen = (Message("assistant", _applied(reply, edit)),)
        if not margin or margin > settings.max_distance or chosen[0].content == reply.strip():
            continue
        pair = bare_pair(
            conversation, "edits", pair_id(prompt, chosen, rejected), prompt, chosen, rejected
        )
        complaints = objections(signals, settings.min_confidence).get(turn, [])
        pair = pair._replace(
            margin=margin,
            rationale=f"Turn {turn} is the reply as the user edited it.",
            rubric=distil_preference(conversation, complaints) or None,
            provenance=pair.provenance._replace(turn=turn),
        )
        feedback = feedback_words(conversation, signals, settings.min_confidence)
        drafts.append(PairDraft(pair, None, feedback))
    return drafts


def _applied(reply: str, edit: Edit) -> str:
    """The reply with its edited part replaced; blank space around the part stays."""
    old = reply[edit.part.start : edit.part.end]
    head = old[: len(old) - len(old.lstrip())] if edit.part.start or not edit.part.code else ""
    tail = old[len(old.rstrip()) :]
    indent = head.rpartition("\n")[2] if edit.part.code else ""
    final = edit.final if edit.part.code else edit.final.strip()
    head = head.removesuffix(indent) if edit.part.code else head
    return (reply[: edit.part.start] + head + final + tail + reply[edit.part.end :]).strip()
