"""WildFeedback's released annotation file: flat utterances to labelled conversations.

`sat_dsat_annotation.json` has one row per utterance and no conversation id: `UtteranceId` 0
begins a conversation. An agent's row repeats the annotation of the user turn before it, so
labels are read from rows with `Role` User only, and each judges the reply BEFORE it. Booleans
may be missing, and both may be true. The misspelt keys are the file's own.

Reference: WildFeedback (arXiv 2408.15549), data card.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from curation.feedback.detector import Finding, TurnLabel, judged_turns
from schemas import Conversation, Message
from schemas.ids import conversation_id
from schemas.records import STATES

SOURCE = "wildfeedback"
METHOD = "wildfeedback_annotation"
ROLES = {"User": "user", "Agent": "assistant"}
CATEGORIES = {"satisfaction": "praise", "dissatisfaction": "negative_feedback"}
"""Rubric items for an annotation that names none."""
MAX_REASON = 200
"""Longest reason, in characters."""

_KEYS = {
    "satisfaction": ("Satisfaction", "Satisfaction-Justificiation"),
    "dissatisfaction": ("Disatisfaction", "Dissatisfaction-Justificiation"),
}
_STATES = {"newtopic": "new_topic"} | {state.replace("_", ""): state for state in STATES}
_RELATIONS = {"yes": "related", "no": "unrelated"}


class Annotated(NamedTuple):
    """One conversation and what the annotation says of its turns."""

    conversation: Conversation
    """The utterances in order; `source` is `wildfeedback`."""
    labels: list[TurnLabel]
    """One for every user turn that follows a reply; None where a boolean is missing."""


def read_annotations(rows: Iterable[Mapping[str, Any]]) -> Iterator[Annotated]:
    """Conversations from utterance rows.

    Input: rows in the file's order. Output: conversations as they are complete. Rows of neither
    role are left out, as are rows that repeat the number and role of the row before; a missing
    text is an empty message.

    >>> rows = [
    ...     {"UtteranceId": 0, "Role": "User", "Content": "2 + 2?"},
    ...     {"UtteranceId": 1, "Role": "Agent", "Content": "5", "Disatisfaction": True},
    ...     {"UtteranceId": 2, "Role": "User", "Content": "No.", "Disatisfaction": True},
    ... ]
    >>> [(label.turn, label.dissatisfaction, label.satisfaction) for label in
    ...     next(read_annotations(rows)).labels]
    [(2, 1.0, None)]
    """
    pending: list[Mapping[str, Any]] = []
    for row in rows:
        if row.get("UtteranceId") == 0 and pending:
            yield from _annotated(pending)
            pending = []
        pending.append(row)
    yield from _annotated(pending)


def _annotated(rows: list[Mapping[str, Any]]) -> Iterator[Annotated]:
    kept: list[Mapping[str, Any]] = []
    for row in rows:
        again = kept and _key(row) == _key(kept[-1]) and row.get("UtteranceId") is not None
        if row.get("Role") in ROLES and not again:
            kept.append(row)
    if not kept:
        return
    talk = tuple(Message(ROLES[row["Role"]], _text(row.get("Content"))) for row in kept)
    name = conversation_id(talk)
    chat = Conversation(name, talk, SOURCE, None, None, None, None, {})
    yield Annotated(chat, [_label(turn, kept[turn]) for turn in judged_turns(chat)])


def _label(turn: int, row: Mapping[str, Any]) -> TurnLabel:
    said: dict[str, float | None] = {}
    findings = []
    for polarity, (key, why) in _KEYS.items():
        value = row.get(key)
        said[polarity] = float(value) if isinstance(value, bool) else None
        if value is True:
            reason = _text(row.get(why))[:MAX_REASON] or "annotated without a reason"
            findings.append(Finding(CATEGORIES[polarity], reason, 1.0, polarity))
    state = _STATES.get(_text(row.get("state")).casefold().replace("_", "").replace(" ", ""))
    relation = _RELATIONS.get(_text(row.get("Preceeding")).casefold())
    return TurnLabel(
        turn,
        said["dissatisfaction"],
        said["satisfaction"],
        tuple(sorted(findings)),
        state,
        relation,
        METHOD,
        "missing" if None in said.values() else None,
    )


def _key(row: Mapping[str, Any]) -> tuple[object, object]:
    return row.get("UtteranceId"), row.get("Role")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
