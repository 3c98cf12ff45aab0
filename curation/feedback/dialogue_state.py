"""What a user turn does in its dialogue, and whether it stays on the topic: by rules.

Four states (WildFeedback, arXiv 2408.15549, section 3, after S3-DST): the turn judges the
reply; it adds to or changes the request; it asks for something else; it goes on from the reply.
The rules look at the findings, at phrases that ask for the next thing, and at how many of the
turn's content terms stand in the requests and the reply before it.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

from curation.feedback.detector import Finding, TurnLabel

FIRM = 0.5
"""Confidence from which a finding makes a turn feedback; below, it makes it a refinement."""
MAX_TERMS = 24
"""Most content terms of a turn that are looked up."""
MIN_TERMS = 3
"""Fewest content terms that can be a topic of their own; shorter turns lean on what came before."""
UNRELATED = 0.15
"""Largest share of a turn's terms in what came before that still makes it a new topic."""
VARIATION = 0.4
"""Share of a turn's terms in the requests from which it changes them."""
ALIKE = 0.6
"""Similarity of sentence vectors from which a turn is about an earlier request."""
LOOKED_AT = 4_000
"""Characters of an earlier message that terms are looked up in."""
_SHORT = 3


class DialogueState(NamedTuple):
    """State of a turn and its relation to what came before."""

    state: str
    """One of `schemas.records.STATES`."""
    relation: str
    """One of `schemas.records.RELATIONS`."""


def content_terms(words: Sequence[str], function_words: Set[str]) -> list[str]:
    """The terms that say what a turn is about, at most `MAX_TERMS`, in their order.

    Input: tokens. Output: words of three letters or more, and pairs of neighbouring Chinese or
    Japanese characters, without function words.

    >>> content_terms(["what", "is", "a", "lake", "?", "湖", "泊", "的"], {"what", "is", "的"})
    ['lake', '湖泊']
    """
    terms: dict[str, None] = {}
    before = ""
    for word in words:
        if len(word) == 1 and not word.isascii() and word.isalnum() and word not in function_words:
            if before:
                terms[before + word] = None
            before = word
            continue
        before = ""
        if len(word) >= _SHORT and word not in function_words:
            terms[word] = None
        if len(terms) >= MAX_TERMS:
            break
    return list(terms)[:MAX_TERMS]


def dialogue_state(  # noqa: PLR0911, PLR0917
    terms: Sequence[str],
    requests: Sequence[str],
    reply: str,
    findings: Sequence[Finding],
    goes_on: bool,
    similarity: float = 0.0,
) -> DialogueState:
    """Name the state of one user turn.

    Input: the turn's `content_terms`, the earlier user turns and the reply in full, and what the
    detector found in the turn. Parameters: goes_on: the turn has a phrase that asks for the next
    thing; similarity: of sentence vectors to the nearest earlier request, where there are any.

    >>> dialogue_state(["lake", "norway", "depth"], ["A lake of Norway?"], "Mjosa.", [], False)
    DialogueState(state='refinement', relation='related')
    >>> dialogue_state(["write", "poem", "autumn"], ["A lake of Norway?"], "Mjosa.", [], False)
    DialogueState(state='new_topic', relation='unrelated')
    """
    if any(finding.score >= FIRM for finding in findings):
        return DialogueState("feedback", "related")
    if findings:
        return DialogueState("refinement", "related")
    if goes_on:
        return DialogueState("continuation", "related")
    if len(terms) < MIN_TERMS:
        return DialogueState("continuation", "related")
    asked = [request[:LOOKED_AT].casefold() for request in requests]
    answer = reply[:LOOKED_AT].casefold()
    in_requests = sum(any(term in request for request in asked) for term in terms) / len(terms)
    if in_requests >= VARIATION or similarity >= ALIKE:
        return DialogueState("refinement", "related")
    known = sum(term in answer or any(term in r for r in asked) for term in terms) / len(terms)
    if known <= UNRELATED:
        return DialogueState("new_topic", "unrelated")
    return DialogueState("continuation", "related")


def restated(label: TurnLabel, findings: Sequence[Finding]) -> DialogueState:
    """The state under other findings than the label's own: feedback where they are firm.

    Input: a label of the cue detector, and what another detector found in the same turn.

    >>> cued = TurnLabel(2, 0.0, 0.0, (), "new_topic", "unrelated")
    >>> restated(cued, [Finding("praise", "", 0.8)])
    DialogueState(state='feedback', relation='related')
    >>> restated(cued, [])
    DialogueState(state='new_topic', relation='unrelated')
    """
    if any(finding.score >= FIRM for finding in findings):
        return DialogueState("feedback", "related")
    if label.state == "feedback":  # the cues were overruled
        return DialogueState("refinement", "related")
    return DialogueState(label.state or "continuation", label.relation or "related")
