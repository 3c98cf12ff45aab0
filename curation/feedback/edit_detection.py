"""Whether a user turn is an edited version of the reply before it, and what that version is.

Users paste replies back for many reasons. An edited version differs inside: words were replaced,
left out or put in between words that stayed. What only begins or ends otherwise is a quotation
with a question, code with its error message, or a text to be continued. And it must be nearer to
the reply than to everything said before: the reply may be an edit of the user's own text, which
is then pasted again.

Reference: PRELUDE (arXiv 2404.15269), section 2: user edits as feedback.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from curation.feedback.alignment import Word, common_words, words_of
from curation.feedback.edit_framing import (
    FRAMING,
    STOPS,
    Part,
    fails,
    framing_phrases,
    is_a_task,
    unquoted,
    without_framing,
)
from curation.feedback.wording import tokens

MAX_CHARS = 40_000
"""Longest turn and reply, in characters, that are compared."""
MAX_WORDS = 8_000
"""The same in words and punctuation marks; a Chinese character is a word."""
MIN_SHARE = 0.5
"""Smallest share of the version, and of the draft, that must have stayed as it was."""
CALLED_SHARE = 0.3
"""The same where the turn calls the text a version of its own."""
SOLID = 2
"""Words in a row that must have stayed for any of them to count: single ones match by chance."""
SAMPLES = 32
"""Pieces of a turn that are looked up in the reply before anything is compared."""
PIECE = 10
"""Length of such a piece, in characters; a third of it in Chinese and Japanese."""
MIN_WORDS = 0.25
"""Smallest share of a draft's different words that must stand in a turn at all."""
MAX_OUTRO = 400
"""Longest last paragraph of a reply, in characters, that may be no part of what was edited."""
MAX_EXTRA = 8
"""How many more words than the draft a version may have before the first word that stayed, and
after the last, unless the turn calls it a version."""

# Every pattern is linear: no two neighbouring repetitions can match the same character.
_FENCE = re.compile(r"^[ \t]{0,8}```[^\n`]*\n(.*?)(?:^[ \t]{0,8}```|\Z)", re.DOTALL | re.MULTILINE)
_QUOTATION = re.compile(r'"([^"]{40,5000})"|“([^“”]{40,5000})”|„([^„“”]{40,5000})[“”]'
                        r"|«([^«»]{40,5000})»|「([^「」]{20,5000})」")  # fmt: skip
_NOISE = re.compile(r"^[ \t]*(?:>[^\n]*|Copy code|\d{1,3}[.)、])", re.MULTILINE)
_LETTERS = re.compile(r"\w+")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


class Edit(NamedTuple):
    """An edited version of a reply."""

    final: str
    """The user's version of the edited part."""
    part: Part
    """The part of the reply that was edited."""
    kept: float
    """Share of the version's words that stand in the reply."""


def find_edit(text: str, reply: str, earlier: Sequence[str], min_words: int = 8) -> Edit | None:
    """Find the edited version of a reply in the user turn after it.

    Input: the turn, the reply, and all messages before the reply. Parameters: `min_words` of the
    version, punctuation not counted. Output: the version that kept most of the reply, None when
    the turn holds none. Texts beyond `MAX_CHARS` or `MAX_WORDS` are not compared.

    >>> reply = "Dear team, the meeting on Monday has been moved to Tuesday at ten."
    >>> turn = "I changed it to: Dear all, the meeting on Monday was moved to Tuesday at ten."
    >>> find_edit(turn, reply, []).final
    'Dear all, the meeting on Monday was moved to Tuesday at ten.'
    >>> find_edit(f'"{reply}" Which Monday?', reply, []) is None
    True
    """
    if max(len(text), len(reply)) > MAX_CHARS or not _resembles(text, reply):
        return None
    for bodies in _bodies(text):
        found = [
            edit
            for body in bodies
            for draft in _drafts(reply, body.code)
            if (edit := _compare(text, body, reply, draft, min_words))
        ]
        if found:
            # The longest version, made of the smallest part of the reply.
            best = max(found, key=lambda e: (len(e.final), e.kept, e.part.start - e.part.end))
            return None if _is_older(best, earlier) else best
    return None


def _resembles(text: str, reply: str) -> bool:
    """Whether a few pieces of the turn stand in the reply; cheap, and wrong only on short texts."""
    room = len(text) - PIECE
    if room < 0 or ("```" not in reply and 4 * len(text) < CALLED_SHARE * len(reply)):
        return False
    size = PIECE // 3 if not text.isascii() and _IDEOGRAPH.search(text) else PIECE
    starts = range(0, room + 1, max(1, room // SAMPLES))
    return sum(text[i : i + size] in reply for i in starts) >= max(2, len(starts) // 8)


def _bodies(text: str) -> list[list[Part]]:
    """Where in a turn a version may stand: its code, else its quotations, else all of it."""
    code = [Part(*found.span(1), True) for found in _FENCE.finditer(text)]
    if code:
        return [code]
    quoted = [found.span(found.lastindex or 0) for found in _QUOTATION.finditer(text)]
    return [[Part(*span, quoted=True) for span in quoted], [Part(0, len(text))]]


def _drafts(reply: str, only_code: bool) -> list[Part]:
    """What of a reply may have been edited: its code, all of it, and that without its framing."""
    code = [Part(*found.span(1), True) for found in _FENCE.finditer(reply)]
    if code and only_code:
        return code
    start, end = 0, len(reply)
    first = reply.find("\n")
    if first > 0 and reply[:first].rstrip().endswith((":", "：")):
        start = first
    last = reply.rstrip().rfind("\n\n")
    if last > start and len(reply) - last < MAX_OUTRO and reply.rstrip().endswith(STOPS):
        end = last  # "Let me know …", and not the signature of a letter
    spans = dict.fromkeys([(0, len(reply)), (start, len(reply)), (0, end), (start, end)])
    return [*code, *(Part(*span) for span in spans)]


def _compare(text: str, body: Part, reply: str, draft: Part, min_words: int) -> Edit | None:
    code = draft.code
    alike = _may_be_edited(text[body.start : body.end], reply[draft.start : draft.end])
    if not alike or (body.quoted and _goes_on(text, body, reply)):
        return None
    new, old = _words(text, body, code), _words(reply, draft, code)
    if not new or not old or max(len(new), len(old)) > MAX_WORDS:
        return None
    kept = _solid(new, old)
    if not kept or len(kept) < CALLED_SHARE * len(old):
        return None
    tail = reply[old[kept[-1][1]].end : draft.end]
    whole = Part(0, len(reply))
    # A sentence that stands anywhere in the reply is no framing.
    known = kept if draft == whole else _solid(new, _words(reply, whole, code))
    stayed = {i for i, _ in known}
    start, end, explicit = without_framing(text, body, new, stayed, tail)
    rest = f"{text[:start]}\n{text[end:]}"
    inside = [i for i, word in enumerate(new) if start <= word.start and word.end <= end]
    kept = [(i, j) for i, j in kept if inside and inside[0] <= i <= inside[-1]]
    version = [new[i] for i in inside]
    pairs = [(i - inside[0], j) for i, j in kept]
    share = CALLED_SHARE if explicit else MIN_SHARE
    if sum(w.counts for w in version) < min_words or len(pairs) < share * max(
        len(version), len(old)
    ):
        return None
    found = _Comparison(version, old, pairs, text, reply, rest)
    runs_on = not body.code and not _ends_well(found, end, explicit)
    if runs_on or is_a_task(text[:start], explicit) or not _is_edited(found, explicit):
        return None
    final = text[start:end]
    final = final.strip("\n").rstrip() if code else unquoted(final.strip())
    return Edit(final, draft, len(pairs) / len(version))


def _goes_on(text: str, body: Part, reply: str) -> bool:
    """Whether the reply also stands outside of a quotation, which is then a part of the text."""
    sides = [Part(0, body.start), Part(body.end, len(text))]
    outside = [word for side in sides for word in _words(text, side, False)]
    kept = _solid(outside, _words(reply, Part(0, len(reply)), False))
    return len(kept) > FRAMING * len(outside)


def _words(text: str, part: Part, code: bool) -> list[Word]:
    blanked = _NOISE.sub(lambda found: " " * len(found[0]), text[part.start : part.end])
    words = words_of(blanked, part.start)
    return words if code else [word for word in words if word.counts]


def _may_be_edited(body: str, draft: str) -> bool:
    """Whether enough of the draft's words stand in the body at all, in any order."""
    old = set(_LETTERS.findall(draft))
    some = len(old.intersection(_LETTERS.findall(body))) >= MIN_WORDS * len(old)
    return some or (not body.isascii() and _IDEOGRAPH.search(body) is not None)


def _solid(new: Sequence[Word], old: Sequence[Word]) -> list[tuple[int, int]]:
    """The words that stayed, without those that stand alone between changes."""
    pairs = common_words([word.key for word in new], [word.key for word in old])
    solid, run = [], pairs[:1]
    for pair in [*pairs[1:], (-1, -1)]:
        if run and pair == (run[-1][0] + 1, run[-1][1] + 1):
            run.append(pair)
            continue
        if len(run) >= SOLID:
            solid += run
        run = [pair]
    return solid


class _Comparison(NamedTuple):
    """A supposed version and the draft, word by word, and what stands around them."""

    new: Sequence[Word]
    old: Sequence[Word]
    pairs: Sequence[tuple[int, int]]
    """Indices of the words that stayed, at least one pair."""
    text: str
    reply: str
    rest: str
    """The turn without the version."""


def _is_edited(found: _Comparison, explicit: bool) -> bool:
    said, phrases = tokens(found.rest), framing_phrases()
    if fails(said):
        return False
    (first, old_first), (last, old_last) = found.pairs[0], found.pairs[-1]
    stayed, old_stayed = {i for i, _ in found.pairs}, {j for _, j in found.pairs}
    added = [i for i in range(first, last) if i not in stayed]
    lost = sum(j not in old_stayed for j in range(old_first, old_last))
    if not added and not lost:
        at_an_end = len(stayed) < len(found.new) or len(old_stayed) < len(found.old)
        return explicit and at_an_end
    if explicit:
        return True
    asks = "?" in found.rest or "？" in found.rest
    trifle = asks and len(added) + lost < 3 and not phrases["after"].find(said)
    if trifle or phrases["again"].find(said):
        return False
    if not added:  # words left out, or a quotation with gaps?
        return not asks and "…" not in found.text and "..." not in found.text
    return bool(lost) or _put_in(found, added, stayed)


def _ends_well(found: _Comparison, end: int, explicit: bool) -> bool:
    """Whether no talk about the version runs on into it, on the same line, at either end."""
    first, last = found.pairs[0], found.pairs[-1]
    tail = tokens(found.text[found.new[last[0]].end : end])
    if fails(tail):
        return False
    behind, old_behind = len(found.new) - 1 - last[0], len(found.old) - 1 - last[1]
    return explicit or (first[0] <= first[1] + MAX_EXTRA and behind <= old_behind + MAX_EXTRA)


def _put_in(found: _Comparison, added: Sequence[int], stayed: set[int]) -> bool:
    """Whether words that were only put in are no answers or remarks between the lines."""
    lines = [found.text.count("\n", 0, word.start) for word in found.new]
    mixed = {lines[i] for i in stayed}
    asked = "?" in found.reply or "？" in found.reply
    return not asked and all(lines[i] in mixed for i in added)


def _is_older(edit: Edit, earlier: Sequence[str]) -> bool:
    """Whether the version is at least as near to something said before the reply."""
    final = words_of(edit.final)[:MAX_WORDS]
    for text in earlier:
        if len(text) > MAX_CHARS or 2 * len(text) < len(edit.final):
            continue
        for code in (False, True):
            new = [word for word in final if code or word.counts]
            old = [word for word in words_of(text) if code or word.counts][:MAX_WORDS]
            if new and len(_solid(new, old)) >= edit.kept * len(new):
                return True
    return False
