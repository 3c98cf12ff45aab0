"""A worked solution: its numbers, its visible arithmetic, its steps and its final answer."""

import re
from bisect import bisect_left
from itertools import pairwise
from typing import NamedTuple

from curation.synthesis.reasoning_answer import Answer, find_answer
from curation.synthesis.reasoning_equations import Chain, chains_in
from curation.synthesis.reasoning_lexemes import Number, lex

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

    def inside(self, part: Part) -> list[Chain]:
        """The arithmetic that stands in a part, all of it."""
        start, end = self.span(part)
        numbers = [(c, c.numbers()) for c in self.chains]
        return [c for c, indexes in numbers if start <= indexes[0] and indexes[-1] < end]

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
    lexed = lex(text)
    chains = chains_in(*lexed)
    answer = find_answer(text, lexed.numbers, chains)
    return Solution(text, lexed.numbers, tuple(chains), answer, tuple(_parts(text)))


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
