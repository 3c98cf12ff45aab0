"""What users write around a text that they paste: where the text begins and ends in their turn.

"I changed it to:", "What do you think?", "This gives an error": such framing is no part of the
pasted text, and it says what the text is. The phrases are data: `edits.yaml`.
"""

import re
from collections.abc import Sequence, Set
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from curation.feedback.alignment import Word, words_of
from curation.feedback.phrases import PhraseTrie, spellings
from curation.feedback.wording import tokens

FRAMING = 0.34
"""Share of unchanged words below which a sentence at either end may be about the version."""

STOPS = (".", "!", "?", "。", "！", "？")
"""What a sentence ends with."""

# Every pattern is linear: no two neighbouring repetitions can match the same character.
_SENTENCE = re.compile(r"[^\n.!?。！？]+(?:[.!?]+(?=\s|$)|[。！？]+|[.!?]+|\n|$)|[.!?。！？\n]")
_FENCE_MARK = re.compile(r"```[^\n`]*\n\Z")
_OPENING = ' \t\n"“„«「'
_GAP = re.compile(r"\n[ \t]*\n")
_COLON = re.compile(r"[:：]")


class Part(NamedTuple):
    """A stretch of a text."""

    start: int
    end: int
    code: bool = False
    """Whether it stands in a code fence, where punctuation counts."""
    quoted: bool = False
    """Whether it stands between quotation marks."""


class Framed(NamedTuple):
    """A pasted text in a turn."""

    start: int
    end: int
    explicit: bool
    """Whether the turn calls it a version of the user's own."""


@cache
def framing_phrases() -> dict[str, PhraseTrie[str]]:
    """The phrases by kind: `version`, `after`, `failure`, `again`.

    >>> bool(framing_phrases()["version"].find(tokens("Here is my version:")))
    True
    """
    text = files("curation.feedback").joinpath("edits.yaml").read_text("utf-8")
    tries: dict[str, PhraseTrie[str]] = {}
    for name, phrases in yaml.safe_load(text).items():
        tries[name] = PhraseTrie()
        for phrase in phrases:
            for spelling in spellings(phrase, {}):
                tries[name].add(spelling, name)
    return tries


def without_framing(
    text: str, body: Part, words: Sequence[Word], kept: Set[int], tail: str
) -> Framed:
    """Where a pasted text begins and ends in a turn, without what the user says about it.

    Input: the turn, the part of it to look at, its words, and the indices of those that stand in
    the reply. Parameters: `tail`, how the draft goes on after its last word that stayed.
    """
    start, end = body.start, body.end
    version = framing_phrases()["version"]
    around = f"{text[: body.start]}\n{text[body.end :]}"
    explicit = bool(version.find(tokens(around)))
    if body.code or start or end < len(text):
        return Framed(start, end, explicit)
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
    replaced = any(word.counts for word in words_of(tail))
    for low, high in reversed(sentences[last + 1 :]):
        said = text[low:high]
        if _is_comment(said, tail, replaced and "\n" not in text[low - 1 : low]):
            end = low
            explicit = explicit or bool(version.find(tokens(said)))
    kept_end = sentences[last][1]
    added = text[kept_end - 1 : end].rstrip()
    if _GAP.search(added) and (not replaced or added.endswith(STOPS)):
        end = kept_end  # a paragraph of its own, not a greeting that replaces another
    return Framed(start, end, explicit)


def _is_comment(said: str, tail: str, in_place: bool) -> bool:
    """Whether a sentence after a text is about it, and not the end of it.

    Parameters: `in_place`, whether it stands where the draft went on otherwise (`tail`).
    """
    words, phrases = tokens(said), framing_phrases()
    if fails(words) or phrases["again"].find(words) or phrases["version"].find(words):
        return True
    asks, asked = ("?" in text or "？" in text for text in (said, tail))
    return (asks and not asked) or (not in_place and bool(phrases["after"].find(words)))


def _shares(
    sentences: Sequence[tuple[int, int]], words: Sequence[Word], kept: Set[int]
) -> list[float]:
    """For each sentence, the share of its words that stayed."""
    shares, i = [], 0
    for _, high in sentences:
        count = stayed = 0
        while i < len(words) and words[i].start < high:
            count, stayed, i = count + 1, stayed + (i in kept), i + 1
        shares.append(stayed / count if count else 0.0)
    return shares


def _unlike(low: int, length: int, words: Sequence[Word], kept: Set[int]) -> bool:
    here = [i in kept for i, word in enumerate(words) if low <= word.start < low + length]
    return sum(here) <= FRAMING * len(here)


def is_a_task(before: str, explicit: bool) -> bool:
    """Whether what stands before a text says what is to be done with it.

    >>> is_a_task("Translate this:\\n", False), is_a_task("```python\\n", False)
    (True, False)
    """
    return not explicit and bool(_FENCE_MARK.sub("", before).strip(_OPENING))


def fails(said: Sequence[str]) -> bool:
    """Whether words tell of an error, or are one.

    >>> fails(tokens("It throws a ValueError.")), fails(tokens("Fine."))
    (True, False)
    """
    named = any(len(w) > 9 and w.endswith(("error", "exception")) for w in said)
    return named or bool(framing_phrases()["failure"].find(said))


def unquoted(text: str) -> str:
    """A text without the quotation marks around all of it.

    >>> unquoted("«Bonjour»"), unquoted('"a" and "b"')
    ('Bonjour', '"a" and "b"')
    """
    for opening, closing in ('""', "“”", "„“", "«»", "「」", "''"):
        inner = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and opening not in inner:
            return inner.strip()
    return text
