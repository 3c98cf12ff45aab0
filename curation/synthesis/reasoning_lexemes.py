"""A worked solution as numbers, operators, brackets and words, in plain text and in LaTeX."""

import re
from fractions import Fraction
from typing import NamedTuple

from curation.synthesis.reasoning_numbers import (
    Format,
    Spans,
    decimal_mark,
    not_arithmetic,
    read_number,
)
from curation.synthesis.reasoning_units import UnitAt, unit_after

NUMBER, OPERATOR, EQUALS, LEFT, RIGHT, PERCENT, WORD, FRACTION, MIDDLE, LINE, OTHER = range(11)
"""Kinds of lexemes; `FRACTION` … `MIDDLE` … `RIGHT` is LaTeX's `\\frac{…}{…}`."""


class Number(NamedTuple):
    """A number that can be calculated with."""

    start: int
    """Of its first digit, or of the minus that belongs to it."""
    end: int
    value: Fraction
    format: Format
    unit: UnitAt | None
    """The unit behind it, where it is a known one."""
    sign: str
    """The currency or percent sign that it has, or nothing."""

    def measures_like(self, other: "Number") -> bool:
        """Whether two numbers may stand for the same quantity: no sign or unit parts them."""
        units = [number.unit.unit.dimension for number in (self, other) if number.unit]
        scales = {number.unit.unit.factor for number in (self, other) if number.unit}
        return self.sign == other.sign and (len(units) < 2 or len({*units}) == len(scales) == 1)


class Lexeme(NamedTuple):
    """A part of the text that matters to arithmetic."""

    kind: int
    text: str
    """Of an operator one of `+-*/`."""
    start: int
    number: int = -1
    """Index of the number."""


class Lexed(NamedTuple):
    """A text taken apart."""

    lexemes: tuple[Lexeme, ...]
    numbers: tuple[Number, ...]


_LEXEME = re.compile(
    r"""(?P<number>[0-9]+(?:[.,][0-9]+)*)
    |(?P<bold>\*\*|__|\#+)
    |(?P<calculator><<)
    |(?P<equals>>>(?=\\?[$€£-]?[0-9])|\\approx\b|[=≈])
    |(?P<operator>\\times\b|\\cdot\b|\\div\b|[×·*÷/+−–-]
        |\b(?:divided|multiplied)[ ]by\b|\b(?:plus|minus|times)\b)
    |(?P<fraction>\\[dt]?frac[ ]?\{)
    |(?P<skip>\\?[$€£¥]|\\[()\[\],;! ]|\\(?:text|mathrm|boxed|mathbf|textbf)[ ]?(?=\{)|[&~])
    |(?P<percent>\\?%)
    |(?P<left>\\left\(|\()
    |(?P<right>\\right\)|\))
    |(?P<open>\{)|(?P<close>\})
    |(?P<line>\\\\|\n)
    |(?P<word>[A-Za-z][A-Za-z']*)
    |(?P<other>[^\s])""",
    re.VERBOSE,
)
_OPERATORS = {
    "\\times": "*", "\\cdot": "*", "×": "*", "·": "*", "*": "*", "times": "*",
    "\\div": "/", "÷": "/", "/": "/", "+": "+", "plus": "+", "−": "-", "–": "-", "-": "-",
    "minus": "-",
}  # fmt: skip
_TIMES = re.compile(r"(?<=[0-9])x(?=[0-9])|(?<=[ )])x(?= ?[$€£]?[0-9(])")
_PERCENT = re.compile(r" ?\\?%")
_UNREADABLE_BEFORE = re.compile(r"[A-Za-z_^\\.,²³√#]")
_UNREADABLE_AFTER = re.compile(r"\^|²|³|_|[A-Za-z]")


def lex(text: str) -> Lexed:
    """Take a text apart.

    Output: lexemes in order, and the numbers among them. Digits that are no arithmetic, or stand
    in something that is not understood (a power, a name such as `x2`), are of kind `OTHER`.

    >>> found = lex("12 \\\\times 3 = 36 km")
    >>> [lexeme.text for lexeme in found.lexemes]
    ['12', '*', '3', '=', '36', 'km']
    >>> found.numbers[2].unit.unit.spellings[0]
    'kilometer'
    """
    return _Lexer(text).lexed()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._mark = decimal_mark(text)
        self._excluded: Spans = not_arithmetic(text)
        self._lexemes: list[Lexeme] = []
        self._numbers: list[Number] = []
        self._braces: list[str] = []

    def lexed(self) -> Lexed:
        at = 0
        while match := _LEXEME.search(self._text, at):
            at = match.end()
            excluded = self._excluded.end_of(match.start())
            if excluded is not None:
                at = max(at, excluded)
                self._add(OTHER, "", match.start())
            else:
                at = self._take(match)
        return Lexed(tuple(self._lexemes), tuple(self._numbers))

    def _take(self, match: re.Match[str]) -> int:
        """Add a lexeme; gives where to go on."""
        group, found, start = match.lastgroup or "", match[0], match.start()
        if group == "number":
            return self._number(start, start, match.end())
        if group == "operator":
            if found in "-−" and self._is_sign(start):
                digits = re.compile(r"[0-9]+(?:[.,][0-9]+)*").match(self._text, match.end())
                if digits:
                    return self._number(start, match.end(), digits.end())
            name = found.split()[0]
            symbol = {"divided": "/", "multiplied": "*"}.get(name) or _OPERATORS[name]
            self._add(OPERATOR, symbol, start)
        elif group == "word":
            return self._word(match)
        elif group in ("open", "close", "fraction"):
            return self._brace(group, match)
        else:
            kind = {
                "equals": EQUALS, "left": LEFT, "right": RIGHT, "percent": PERCENT, "line": LINE,
                "other": OTHER,
            }.get(group)  # fmt: skip
            if kind is not None:
                self._add(kind, found, start)
        return match.end()

    def _word(self, match: re.Match[str]) -> int:
        if times := _TIMES.match(self._text, match.start()):
            self._add(OPERATOR, "*", match.start())
            return times.end()
        self._add(EQUALS if match[0] == "equals" else WORD, match[0], match.start())
        return match.end()

    def _brace(self, group: str, match: re.Match[str]) -> int:
        """Braces that group nothing but text are left out; those of a fraction are kept."""
        end = match.end()
        if group == "fraction":
            self._braces.append("numerator")
            self._add(FRACTION, "", match.start())
        elif group == "open":
            self._braces.append("")
        else:
            closed = self._braces.pop() if self._braces else ""
            if closed == "numerator" and self._text[end : end + 1] == "{":
                self._braces.append("denominator")
                self._add(MIDDLE, "", end)
                end += 1
            elif closed:
                self._add(RIGHT, "", match.start())
        return end

    def _is_sign(self, start: int) -> bool:
        if start and self._text[start - 1] not in " \t\n=([{$*":
            return False
        kind = self._lexemes[-1].kind if self._lexemes else LINE
        return kind not in (NUMBER, RIGHT, PERCENT)

    def _number(self, start: int, digits: int, end: int) -> int:
        text = self._text
        before = text[digits - 1 : digits] if start == digits else ""
        read = read_number(text[digits:end], self._mark)
        unit = unit_after(text, end)
        glued = unit is not None and unit.start == end
        after = _UNREADABLE_AFTER.match(text, end)
        power = after and not glued and not _TIMES.match(text, end)
        if read is None or power or (before and _UNREADABLE_BEFORE.match(before)):
            self._add(OTHER, "", start)
            return end
        value, written = read
        value = value if start == digits else -value
        self._add(NUMBER, text[start:end], start, len(self._numbers))
        percent = _PERCENT.match(text, end)
        sign = "%" if percent else text[max(0, start - 1) : start]
        sign = sign if sign and sign in "%$€£¥" else ""
        self._numbers.append(Number(start, end, value, written, unit, sign))
        return end

    def _add(self, kind: int, text: str, start: int, number: int = -1) -> None:
        self._lexemes.append(Lexeme(kind, text, start, number))
