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
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from curation.feedback.alignment import Word, common_words, words_of
from curation.feedback.phrases import PhraseTrie, spellings
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
SAMPLES = 24
"""Pieces of a turn that are looked up in the reply before anything is compared."""
PIECE = 6
"""Length of such a piece, in characters."""
MAX_OUTRO = 400
"""Longest last paragraph of a reply, in characters, that may be no part of what was edited."""
FRAMING = 0.34
"""Share of unchanged words below which a sentence at either end may be about the version."""

# Every pattern is linear: no two neighbouring repetitions can match the same character.
_FENCE = re.compile(r"^[ \t]{0,8}```[^\n`]*\n(.*?)(?:^[ \t]{0,8}```|\Z)", re.DOTALL | re.MULTILINE)
_QUOTATION = re.compile(r'"([^"]{40,5000})"|“([^“”]{40,5000})”|„([^„“”]{40,5000})[“”]'
                        r"|«([^«»]{40,5000})»|「([^「」]{20,5000})」")  # fmt: skip
_NOISE = re.compile(r"^[ \t]*(?:>[^\n]*|Copy code|\d{1,3}[.)、])", re.MULTILINE)
_SENTENCE = re.compile(r"[^\n.!?。！？]+(?:[.!?]+(?=\s|$)|[。！？]+|[.!?]+|\n|$)|[.!?。！？\n]")
_GAP = re.compile(r"\n[ \t]*\n")
_STOPS = (".", "!", "?", "。", "！", "？")
_COLON = re.compile(r"[:：]")


class Part(NamedTuple):
    """A stretch of a text."""

    start: int
    end: int
    code: bool = False
    """Whether it stands in a code fence, where punctuation counts."""


class Edit(NamedTuple):
    """An edited version of a reply."""

    final: str
    """The user's version of the edited part."""
    part: Part
    """The part of the reply that was edited."""
    kept: float
    """Share of the version's words that stand in the reply."""


@cache
def _phrases() -> dict[str, PhraseTrie[str]]:
    text = files("curation.feedback").joinpath("edits.yaml").read_text("utf-8")
    tries: dict[str, PhraseTrie[str]] = {}
    for name, phrases in yaml.safe_load(text).items():
        tries[name] = PhraseTrie()
        for phrase in phrases:
            for spelling in spellings(phrase, {}):
                tries[name].add(spelling, name)
    return tries


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
    step = max(1, (len(text) - PIECE) // SAMPLES)
    pieces = [text[i : i + PIECE] for i in range(0, len(text) - PIECE + 1, step)]
    if not text.isascii() and any("\u3400" <= c <= "\u9fff" for c in text[:200]):
        pieces = [piece[:3] for piece in pieces]
    return sum(piece in reply for piece in pieces) >= max(2, len(pieces) // 8)


def _bodies(text: str) -> list[list[Part]]:
    """Where in a turn a version may stand: its code, else its quotations, else all of it."""
    code = [Part(*found.span(1), True) for found in _FENCE.finditer(text)]
    if code:
        return [code]
    quoted = [found.span(found.lastindex or 0) for found in _QUOTATION.finditer(text)]
    return [[Part(*span) for span in quoted], [Part(0, len(text))]]


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
    if last > start and len(reply) - last < MAX_OUTRO and reply.rstrip().endswith(_STOPS):
        end = last  # "Let me know …", and not the signature of a letter
    spans = dict.fromkeys([(0, len(reply)), (start, len(reply)), (0, end), (start, end)])
    return [*code, *(Part(*span) for span in spans)]


def _compare(text: str, body: Part, reply: str, draft: Part, min_words: int) -> Edit | None:
    code = draft.code
    new, old = _words(text, body, code), _words(reply, draft, code)
    if not new or not old or max(len(new), len(old)) > MAX_WORDS:
        return None
    kept = _solid(new, old)
    if not kept or len(kept) < CALLED_SHARE * len(old):
        return None
    replaced = kept[-1][1] < len(old) - 1
    start, end, explicit = _without_framing(text, body, new, {i for i, _ in kept}, replaced)
    rest = f"{text[:start]}\n{text[end:]}"
    inside = [i for i, word in enumerate(new) if start <= word.start and word.end <= end]
    kept = [(i, j) for i, j in kept if inside and inside[0] <= i <= inside[-1]]
    share = CALLED_SHARE if explicit else MIN_SHARE
    if sum(new[i].counts for i in inside) < min_words or len(kept) < share * len(old):
        return None
    version = [new[i] for i in inside]
    pairs = [(i - inside[0], j) for i, j in kept]
    if len(pairs) < share * len(version):
        return None
    if not _is_edited(_Comparison(version, old, pairs, text, reply, rest), explicit):
        return None
    final = text[start:end]
    final = final.strip("\n").rstrip() if code else _unquoted(final.strip())
    return Edit(final, draft, len(pairs) / len(version))


def _words(text: str, part: Part, code: bool) -> list[Word]:
    blanked = _NOISE.sub(lambda found: " " * len(found[0]), text[part.start : part.end])
    words = words_of(blanked)
    return [
        word._replace(start=word.start + part.start, end=word.end + part.start)
        for word in words
        if code or word.counts
    ]


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


def _without_framing(
    text: str, body: Part, words: Sequence[Word], kept: set[int], replaced: bool
) -> tuple[int, int, bool]:
    """Where the version begins and ends in a turn, and whether the turn calls it a version.

    Parameters: `replaced`, whether the draft goes on after its last word that stayed.
    """
    start, end = body.start, body.end
    version = _phrases()["version"]
    around = f"{text[: body.start]}\n{text[body.end :]}"
    explicit = bool(version.find(tokens(around)))
    if body.code or start or end < len(text):
        return start, end, explicit
    sentences = [found.span() for found in _SENTENCE.finditer(text)]
    shares = _shares(sentences, words, kept)
    first = next((k for k, share in enumerate(shares) if share >= FRAMING), 0)
    last = max((k for k, share in enumerate(shares) if share >= FRAMING), default=len(shares) - 1)
    for low, high in sentences[: first + 1]:
        said = text[low:high]
        colon = next((c.end() for c in _COLON.finditer(said)), None)
        before = said[:colon] if colon else said
        if low >= sentences[first][0] and not (colon and _unlike(low, colon, words, kept)):
            continue
        called = bool(version.find(tokens(before)))
        ends = colon is not None or "?" in said or "？" in said
        if called or (ends and len(before.split()) > 2) or before.rstrip().endswith((":", "：")):
            start = low + (colon or len(said))
            explicit = explicit or called
    for low, high in reversed(sentences[last + 1 :]):
        said = text[low:high]
        spoken = tokens(said)
        called = bool(version.find(spoken))
        about = _fails(spoken) or any(_phrases()[kind].find(spoken) for kind in ("after", "again"))
        if called or about or "?" in said or "？" in said:
            end, explicit = low, explicit or called
    kept_end = sentences[last][1]
    added = text[kept_end - 1 : end]
    if _GAP.search(added) and (not replaced or added.rstrip().endswith(_STOPS)):
        end = kept_end  # a paragraph of its own, not a greeting that replaces another
    return start, end, explicit


def _shares(
    sentences: Sequence[tuple[int, int]], words: Sequence[Word], kept: set[int]
) -> list[float]:
    """For each sentence, the share of its words that stayed."""
    shares, i = [], 0
    for _, high in sentences:
        count = stayed = 0
        while i < len(words) and words[i].start < high:
            count, stayed, i = count + 1, stayed + (i in kept), i + 1
        shares.append(stayed / count if count else 0.0)
    return shares


def _unlike(low: int, length: int, words: Sequence[Word], kept: set[int]) -> bool:
    here = [i in kept for i, word in enumerate(words) if low <= word.start < low + length]
    return sum(here) <= FRAMING * len(here)


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
    said, phrases = tokens(found.rest), _phrases()
    if _fails(said):
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


def _fails(said: Sequence[str]) -> bool:
    """Whether words tell of an error, or are one."""
    named = any(len(w) > 9 and w.endswith(("error", "exception")) for w in said)
    return named or bool(_phrases()["failure"].find(said))


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


def _unquoted(text: str) -> str:
    for opening, closing in ('""', "“”", "„“", "«»", "「」", "''"):
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and opening not in inner:
            return inner.strip()
    return text
