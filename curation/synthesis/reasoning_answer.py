"""The final answer of a worked solution: where it stands, and whether two of them are the same.

Read are, the last one of a reply:

    #### 42                           GSM8K's mark
    \\boxed{42}, \\boxed{\\frac{1}{2}}   LaTeX's box
    the answer is 42 · Answer: 42     said so, within one sentence
    … = 42 km                         the end of the last line
    So she has 42 apples left.        a last sentence that concludes, with one number
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from curation.synthesis.reasoning_equations import Chain
from curation.synthesis.reasoning_lexemes import Number
from curation.synthesis.reasoning_units import UnitAt

MAX_STATEMENT = 200
"""Longest statement of an answer, in characters."""

_MARKS = re.compile(
    r"(?:^|(?<=[ \t]))(?P<hash>####(?=[ \t]*[*_]{0,2}(?:\\?[-−$€£]){0,2}[0-9\\]))"
    r"|(?P<boxed>\\boxed[ ]?\{)"
    r"|(?P<stated>(?i:\banswer\b)[^\n0-9.?!]{0,60}?(?:\bis\b|:|=)[*_]{0,2}\s{0,4})",
    re.MULTILINE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|[*_)\"'”]|$)|\n")
_CONCLUDES = re.compile(
    r"(?:^|(?<=[.!?:] ))[ \t>*_]{0,8}(?:So|Thus|Therefore|Hence|Altogether|In total|In conclusion"
    r"|Finally|Consequently)\b[^\n.!?]{0,10}",
    re.MULTILINE,
)
_DIGITS = re.compile(r"[0-9]+")
_TAIL = re.compile(r"[^0-9\n=]{0,40}")


class Answer(NamedTuple):
    """A final answer."""

    value: Fraction
    """What it is worth; of `50 %`, a half."""
    numbers: tuple[int, ...]
    """Index of its number, or those of numerator and denominator."""
    unit: UnitAt | None
    form: str
    """`hash`, `boxed`, `stated`, `equation` or `conclusion`."""
    start: int
    """Of its statement."""


class _Found(NamedTuple):
    text: str
    numbers: Sequence[Number]
    chains: Sequence[Chain]
    frozen: frozenset[int]


def find_answer(
    text: str,
    numbers: Sequence[Number],
    chains: Sequence[Chain],
    frozen: frozenset[int] = frozenset(),
) -> Answer | None:
    """The final answer of a reply, None where none can be read off.

    A statement with several numbers is no answer, unless they are a fraction or visible
    arithmetic, whose result it is then. Parameters: `frozen`, numbers that are part of something
    that is not understood (`x - 30`), and so no answer.

    >>> from curation.synthesis.reasoning_equations import chains_in
    >>> from curation.synthesis.reasoning_lexemes import lex
    >>> text = "2 * 3 = 6. The answer is 6 km."
    >>> found = lex(text)
    >>> answer = find_answer(text, found.numbers, chains_in(*found))
    >>> int(answer.value), answer.form, answer.unit.unit.spellings[0]
    (6, 'stated', 'kilometer')
    """
    found = _Found(text, numbers, chains, frozen)
    marks = list(_MARKS.finditer(text))
    if marks:
        mark = marks[-1]
        form = mark.lastgroup or ""
        end = _end(text, mark)
        answer = _read(found, form, mark.start(), mark.end(), end)
        return None if answer and _goes_on(found, answer, end) else answer
    stripped = text.rstrip()
    line = stripped.rfind("\n") + 1
    last = [i for i, number in enumerate(numbers) if number.start >= line]
    ends = [c for c in chains for r in c.results() if last and last[-1] in r.numbers()]
    if ends:
        tail = _TAIL.match(stripped, numbers[last[-1]].end)
        if tail and tail.end() == len(stripped) and not _sentence_after(tail[0]):
            return _answer(found, last[-1:], "equation", numbers[ends[0].numbers()[0]].start)
    conclusions = list(_CONCLUDES.finditer(stripped, line))
    if not conclusions:
        return None
    concluding = conclusions[-1]
    stop = _SENTENCE_END.search(stripped, concluding.end())
    # Something more after the conclusion makes it none.
    if stop and stripped[stop.end() :].strip(" *_)\"'”\n"):
        return None
    return _read(found, "conclusion", concluding.start(), concluding.end(), len(stripped))


def same_answer(one: Answer, other: Answer) -> bool:
    """Whether two answers say the same: 1.0 and 1, a half and 50 %, an hour and 60 minutes.

    A unit that only one of them names, or that is not known, is not compared.
    """
    if one.unit is None or other.unit is None:
        return one.value == other.value
    a, b = one.unit, other.unit
    if a.unit.dimension != b.unit.dimension or a.power != b.power:
        return False
    return one.value * a.unit.factor == other.value * b.unit.factor


def _goes_on(found: _Found, answer: Answer, end: int) -> bool:
    """Whether what follows a statement has other numbers than the one it says."""
    said = found.numbers[answer.numbers[0]].value
    values = [number.value for number in found.numbers]
    later = [
        value for value, number in zip(values, found.numbers, strict=True) if number.start >= end
    ]
    behind = [c for c in found.chains if found.numbers[c.numbers()[0]].start >= end]
    other = any(said not in [values[i] for i in chain.numbers()] for chain in behind)
    return other or bool(later and said not in later)


def _sentence_after(tail: str) -> bool:
    return bool(re.search(r"[.!?]\s+\S", tail))


def _end(text: str, mark: re.Match[str]) -> int:
    """End of the statement that a mark begins."""
    most = min(len(text), mark.end() + MAX_STATEMENT)
    if mark.lastgroup == "boxed":
        depth = 1
        for at in range(mark.end(), most):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if not depth:
                return at
        return mark.end()
    pattern = re.compile(r"\n") if mark.lastgroup == "hash" else _SENTENCE_END
    end = pattern.search(text, mark.end(), most)
    return end.start() if end else most


def _read(found: _Found, form: str, start: int, begin: int, end: int) -> Answer | None:
    text, numbers, chains, _ = found
    inside = [i for i, number in enumerate(numbers) if begin <= number.start < end]
    covered = {at for i in inside for at in range(numbers[i].start, numbers[i].end)}
    if any(match.start() not in covered for match in _DIGITS.finditer(text, begin, end)):
        return None
    if not inside:
        return None
    if len(inside) > 1 and not _is_fraction(text, numbers, inside):
        results = [c.results()[-1].numbers()[0] for c in chains if inside[-1] in c.numbers()]
        if results != inside[-1:]:
            return None
        inside = inside[-1:]
    return _answer(found, inside, form, start)


def _is_fraction(text: str, numbers: Sequence[Number], inside: Sequence[int]) -> bool:
    if len(inside) != 2 or not numbers[inside[1]].value:
        return False
    one, other = (numbers[i] for i in inside)
    between = text[one.end : other.start]
    return between == "/" or (between == "}{" and text[: one.start].rstrip("-").endswith("frac{"))


def _answer(found: _Found, inside: Sequence[int], form: str, start: int) -> Answer | None:
    numbers = found.numbers
    if found.frozen.intersection(inside):
        return None
    value = numbers[inside[0]].value
    if len(inside) == 2:
        value /= numbers[inside[1]].value
    last = numbers[inside[-1]]
    if last.sign == "%":
        value /= 100
    return Answer(value, tuple(inside), last.unit, form, start)
