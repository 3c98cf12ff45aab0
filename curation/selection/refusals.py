"""Whether a reply declines what was asked: phrases in nine languages (`refusals.yaml`).

Replies decline at their beginning, in a sentence of their own. What they quote, and code, is not
looked at; a reply that says what it cannot do and then does the rest is no refusal.
"""

import re
from typing import NamedTuple

from curation.feedback.wording import own_words
from curation.instructions.scripts import unspaced
from curation.selection.phrase_rules import PhraseRules, line_of, phrase_rules

REFUSAL, PARTIAL = "refusal", "partial"
"""What a reply may be: it declines; it says what it cannot do, and helps with the rest."""
HEAD = 360
"""Characters at the beginning of a reply that are looked at."""
LATEST = 45
"""Last token of a reply that a refusal may begin with; CJK characters are tokens each."""
HELP, HELP_UNSPACED = 600, 250
"""Characters after a refusing sentence from which on they count as help."""
SHORT, SHORT_UNSPACED = 320, 140
"""Longest reply in characters that lacks the means and gives nothing else."""

_LISTED = re.compile(r"^[ \t]{0,8}(?:\d{1,3}[.)]|[-*•])[ \t]", re.MULTILINE)
_SENTENCE_END = re.compile("[.?] ")
_TEXT = 6000


class _Found(NamedTuple):
    kind: str
    start: int
    end: int


def stance(reply: str) -> str | None:
    """Whether a reply declines.

    Output: `REFUSAL`, `PARTIAL`, or None where nothing is declined.

    >>> stance("I’m sorry, but I can’t help with that.")
    'refusal'
    >>> stance("I can't recommend this book highly enough!") is None
    True
    >>> stance("I'm sorry to hear that. Try a cold compress and rest for a day.") is None
    True
    >>> stance("Es tut mir leid, dabei kann ich nicht helfen.")
    'refusal'
    """
    text = own_words(reply)
    head = line_of(text[:HEAD])
    if len(text) < HEAD and head.strip(" .,?") in _rules().whole:
        return REFUSAL
    found = _first(head)
    if found is None:
        return None
    if _turns(head, found.end) or _helps(reply[:_TEXT], head, found.end):
        return PARTIAL
    most = SHORT_UNSPACED if unspaced(text[:HEAD]) else SHORT
    return PARTIAL if found.kind == "limit" and len(reply.strip()) > most else REFUSAL


def asks_for_refusal(request: str) -> bool:
    """Whether a request is about declining, so that a reply may well hold such words.

    >>> asks_for_refusal("Write a polite email to decline the invitation")
    True
    >>> asks_for_refusal("Translate: 'No puedo ayudarte con eso.'")
    True
    """
    said = line_of(request[:_TEXT])
    return bool(_rules().spans("about", said) or _rules().spans_but("decline", said, "not"))


def _rules() -> PhraseRules:
    return phrase_rules("refusals.yaml", ("decline", "limit", "not", "but", "offer", "about"))


def _first(head: str) -> _Found | None:
    """The refusal of a reply: what it declines counts before the means that it lacks."""
    for kind in ("decline", "limit"):
        for start, end in _rules().spans_but(kind, head, "not"):
            if head.count(" ", 0, start) <= LATEST:
                return _Found(kind, start, end)
    return None


def _turns(head: str, end: int) -> bool:
    """Whether the sentence goes on with "but" and something other than an offer."""
    if head[end - 2] in ".?":  # The phrase has taken the end of its sentence with it.
        return False
    rest = _SENTENCE_END.split(head[end - 1 :], maxsplit=1)[0]
    turns = _rules().spans("but", rest)
    if not turns:
        return False
    after = rest[turns[0][1] - 1 :]
    offers = _rules().spans("offer", after)
    return after.count(" ") > 4 and not (offers and after.count(" ", 0, offers[0][0]) <= 4)


def _helps(reply: str, head: str, end: int) -> bool:
    """Whether much follows: a list, code, or a long text."""
    if "```" in reply or len(_LISTED.findall(reply)) >= 3:
        return True
    # Where the refusing sentence ends is known in tokens; their share of the head places it.
    after = len(reply) - min(HEAD, len(reply)) * end // len(head)
    return after > (HELP_UNSPACED if unspaced(reply[:HEAD]) else HELP)
