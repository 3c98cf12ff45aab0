"""A worked solution: its numbers, its visible arithmetic, its steps and its final answer."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from curation.synthesis.reasoning_answer import Answer, find_answer
from curation.synthesis.reasoning_equations import Chain, chains_in
from curation.synthesis.reasoning_lexemes import (
    EQUALS,
    NUMBER,
    OPERATOR,
    WORD,
    Lexeme,
    Number,
    lex,
)

MARKER = re.compile(
    r"^[ \t>*#_]*(?:[Ss]tep[ ])?\(?(?P<number>[0-9]{1,3})[.):](?=[ \t*\n])", re.MULTILINE
)
"""What a numbered step begins with: `2.`, `(2)`, `**Step 2:**`."""
_SENTENCE = re.compile(r"(?<=[.!?])[ \t]+(?=[A-Z\"“(*$\\])")


class Part(NamedTuple):
    """A piece of the text: a sentence, a line, or a numbered step with all its lines."""

    start: int
    end: int
    """With the blanks that follow."""


class Solution(NamedTuple):
    """A worked solution, taken apart."""

    text: str
    numbers: tuple[Number, ...]
    chains: tuple[Chain, ...]
    answer: Answer | None
    parts: tuple[Part, ...]
    """All of the text, in order."""
    frozen: frozenset[int]
    """Numbers that are part of an expression that is not understood, such as `3x + 5`."""
    calculates: bool
    """Whether something is said to equal a number."""

    def inside(self, part: Part) -> list[Chain]:
        """The arithmetic that stands in a part, all of it."""
        start, end = self.span(part)
        first = bisect_left(self.chains, start, key=_first_number)
        behind = bisect_left(self.chains, end, key=_first_number)
        return [c for c in self.chains[first:behind] if c.numbers()[-1] < end]

    def span(self, part: Part) -> tuple[int, int]:
        """Index of the first number of a part, and of the first behind it."""
        first = bisect_left(self.numbers, part.start, key=lambda number: number.start)
        return first, bisect_left(self.numbers, part.end, key=lambda number: number.start)


def parse(text: str) -> Solution:
    """Take a reply apart.

    >>> found = parse("1. 3 + 4 = 7 pens\\n2. 7 * 2 = 14 dollars\\n\\nThe answer is 14.")
    >>> len(found.parts), len(found.chains), int(found.answer.value)
    (3, 2, 14)
    """
    lexemes, numbers = lexed = lex(text)
    chains = chains_in(*lexed)
    frozen = _frozen(lexemes, chains)
    answer = find_answer(text, numbers, chains, frozen)
    kinds = pairwise(lexeme.kind for lexeme in lexemes)
    calculates = bool(chains) or (EQUALS, NUMBER) in kinds
    parts = tuple(_parts(text))
    return Solution(text, numbers, tuple(chains), answer, parts, frozen, calculates)


def _first_number(chain: Chain) -> int:
    return chain.segments[0].numbers()[0]


def _frozen(lexemes: Sequence[Lexeme], chains: Sequence[Chain]) -> frozenset[int]:
    """Numbers beside an operator that are in no chain; a fraction of its own is not meant."""
    known = {i for chain in chains for i in chain.numbers()}
    found = set()
    for at, lexeme in enumerate(lexemes):
        if lexeme.kind == NUMBER and lexeme.number not in known:
            before, after = _operator(lexemes, at - 1), _operator(lexemes, at + 1)
            top = after == "/" and not before and _stands_alone(lexemes, at + 2)
            bottom = before == "/" and not after and _stands_alone(lexemes, at - 2)
            if (before or after) and not top and not bottom:
                found.add(lexeme.number)
    return frozenset(found)


def _operator(lexemes: Sequence[Lexeme], at: int) -> str:
    """The operator at an index, if it is one: no dash before a word, no `/` of a unit."""
    if not 0 <= at < len(lexemes) or lexemes[at].kind != OPERATOR:
        return ""
    behind = lexemes[at + 1] if at + 1 < len(lexemes) else None
    word = behind is not None and behind.kind == WORD
    dash = word and behind is not None and len(behind.text) > 2
    text = lexemes[at].text
    return "" if (text == "/" and word) or (text == "-" and dash) else text


def _stands_alone(lexemes: Sequence[Lexeme], at: int) -> bool:
    """Whether the other number of a fraction has no operator on its far side."""
    if not 0 <= at < len(lexemes) or lexemes[at].kind != NUMBER:
        return False
    beside = {_operator(lexemes, at - 1), _operator(lexemes, at + 1)}
    return beside == {"/", ""}


def _parts(text: str) -> list[Part]:
    """Numbered steps as they are, everything else by sentences."""
    marks = list(MARKER.finditer(text))
    runs = [m for i, m in enumerate(marks) if _continues(marks, i)]
    if not runs:
        return _sentences(text, 0, len(text))
    blank = text.find("\n\n", runs[-1].end())
    last = len(text) if blank < 0 else blank + 2
    bounds = [*(m.start() for m in runs), last]
    steps = [Part(a, b) for a, b in pairwise(bounds)]
    return [*_sentences(text, 0, bounds[0]), *steps, *_sentences(text, last, len(text))]


def _continues(marks: list[re.Match[str]], i: int) -> bool:
    number = int(marks[i]["number"])
    before = i > 0 and int(marks[i - 1]["number"]) == number - 1
    after = i + 1 < len(marks) and int(marks[i + 1]["number"]) == number + 1
    return before or after


def _sentences(text: str, start: int, end: int) -> list[Part]:
    """Sentences and lines; what a colon announces belongs to it, and a displayed formula to what
    stands before it."""
    bounds = [start]
    announced = displayed = False
    at = start
    while at < end:
        newline = text.find("\n", at, end)
        stop = end if newline < 0 else newline + 1
        line = text[at:stop].strip()
        if line:
            opens = line.startswith(_OPENS) and not displayed
            if not announced and not displayed and not opens:
                bounds.append(at)
            if not displayed and not opens:
                bounds += [at + m.end() for m in _SENTENCE.finditer(text[at:stop])]
                announced = line.rstrip("*_").endswith(":")
            displayed = (displayed or opens) and not _closes(line, opens)
        at = stop
    return [Part(a, b) for a, b in pairwise([*sorted({b for b in bounds if b < end}), end])]


_OPENS = ("\\[", "$$", "\\begin{")


def _closes(line: str, opens: bool) -> bool:
    """Whether a line ends a displayed formula; one that begins it may end it as well."""
    found = line[2:] if opens else line
    return found.rstrip(".").endswith(("\\]", "$$", "}")) and not found.startswith("begin")
