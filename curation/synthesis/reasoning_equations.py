"""Visible arithmetic of a worked solution: `48 / 2 = 24`, chains of it, in text or in LaTeX."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from curation.synthesis.reasoning_lexemes import (
    EQUALS,
    FRACTION,
    LEFT,
    LINE,
    MIDDLE,
    NUMBER,
    OPERATOR,
    PERCENT,
    RIGHT,
    WORD,
    Lexeme,
    Number,
)

MAX_OPERANDS = 30
"""Most numbers of one expression that is read."""
MAX_DEPTH = 8
"""Deepest brackets of an expression that is read."""
MAX_UNIT_WORDS = 4
"""Most words behind a number inside of an expression: `5 boxes of eggs * 12`."""


class Node(NamedTuple):
    """An expression: an operator of two, a number, a percentage."""

    operator: str
    """One of `+-*/`, `%` (of `left`), or empty for a number."""
    left: "Node | None" = None
    right: "Node | None" = None
    number: int = -1
    """Index of the number."""
    grouped: bool = False
    """Whether brackets stand around it."""

    def numbers(self) -> list[int]:
        """Indexes of the numbers, in order."""
        if not self.operator:
            return [self.number]
        right = self.right.numbers() if self.right else []
        return (self.left.numbers() if self.left else []) + right

    def value(self, values: Sequence[Fraction]) -> Fraction | None:
        """What the expression is worth; None where it divides by zero."""
        if not self.operator:
            return values[self.number]
        left = self.left.value(values) if self.left else None
        if self.operator == "%":
            return None if left is None else left / 100
        return _applied(self.operator, left, self.right.value(values) if self.right else None)

    def is_result(self) -> bool:
        """Whether it is a bare number or percentage."""
        return not self.operator or (self.operator == "%" and not self.left_operator())

    def left_operator(self) -> str:
        """Operator of the left side, empty where that is a number."""
        return self.left.operator if self.left else ""


def _applied(operator: str, left: Fraction | None, right: Fraction | None) -> Fraction | None:
    if left is None or right is None or (operator == "/" and not right):
        return None
    if operator == "/":
        return left / right
    return left * right if operator == "*" else left + right if operator == "+" else left - right


class Chain(NamedTuple):
    """An expression and what it is said to equal: `2 * 3 + 1 = 6 + 1 = 7`."""

    segments: tuple[Node, ...]
    """The first is an expression with an operator, one at least is a result."""
    verdict: str
    """`holds`; `wrong`; `unclear`, where units or rounding leave it open."""

    def results(self) -> list[Node]:
        """The segments that are a bare number."""
        return [segment for segment in self.segments if segment.is_result()]

    def numbers(self) -> list[int]:
        """Indexes of all its numbers, in order."""
        return [index for segment in self.segments for index in segment.numbers()]


def chains_in(lexemes: Sequence[Lexeme], numbers: Sequence[Number]) -> list[Chain]:
    """All visible arithmetic, in order, and whether it holds.

    >>> from curation.synthesis.reasoning_lexemes import lex
    >>> [chain.verdict for chain in chains_in(*lex("So 16 - 3 = 13, and 13 * 2 = 25."))]
    ['holds', 'wrong']
    """
    return list(_Parser(lexemes, numbers).chains())


class _Parser:
    def __init__(self, lexemes: Sequence[Lexeme], numbers: Sequence[Number]) -> None:
        self._lexemes = lexemes
        self._numbers = numbers
        self._values = [number.value for number in numbers]
        self._operands = 0

    def chains(self) -> Iterator[Chain]:
        at = 0
        while at < len(self._lexemes):
            found = self._chain(at) if self._can_start(at) else None
            if found is None:
                at += 1
            else:
                at = found[1]
                if found[0]:
                    yield found[0]

    def _kind(self, at: int) -> int:
        return self._lexemes[at].kind if at < len(self._lexemes) else LINE

    def _can_start(self, at: int) -> bool:
        kind = self._kind(at)
        # What follows an operator that was not understood is the rest of an expression.
        if kind not in (NUMBER, LEFT, FRACTION) or (at and self._kind(at - 1) == OPERATOR):
            return False
        named = at and kind == LEFT and self._kind(at - 1) == WORD
        text = self._lexemes[at - 1]
        return not (named and text.start + len(text.text) == self._lexemes[at].start)

    def _chain(self, at: int) -> tuple[Chain | None, int] | None:
        """The chain that starts here, if it is one, and where it ends; None without expression."""
        self._operands = 0
        first = self._expression(at, 0)
        if first is None:
            return None
        node, at = first
        segments = [node]
        while (behind := self._equals(at, node)) is not None:
            self._operands = 0
            following = self._expression(behind, 0)
            if following is None or self._goes_on(following[1]):
                break
            node, at = following
            segments.append(node)
        while segments and segments[0].is_result():
            del segments[0]
        # A bare number of another unit after the result is a conversion, which is not checked.
        kept = segments[:1]
        for segment in segments[1:]:
            if segment.is_result() and kept[-1].is_result() and self._converted(kept[-1], segment):
                break
            kept.append(segment)
        if not any(segment.is_result() for segment in kept[1:]):
            return None, at
        return Chain(tuple(kept), self._verdict(kept)), at

    def _goes_on(self, at: int) -> bool:
        """Whether an operator follows whose other side is not understood, and no dash."""
        behind = self._lexemes[at + 1] if at + 1 < len(self._lexemes) else None
        is_word = behind is not None and behind.kind == WORD and len(behind.text) > 2
        return self._operator(at) != "" and not (self._operator(at) == "-" and is_word)

    def _converted(self, one: Node, other: Node) -> bool:
        a, b = (self._numbers[n.numbers()[0]].unit for n in (one, other))
        return (a and a.unit) != (b and b.unit) and a is not None and b is not None

    def _equals(self, at: int, node: Node) -> int | None:
        behind = at
        while self._kind(behind) == LINE and behind < len(self._lexemes):
            behind += 1
        if self._kind(behind) == EQUALS:
            behind += 1
            while self._kind(behind) == LINE and behind < len(self._lexemes):
                behind += 1
            return behind
        is_word = self._kind(at) == WORD and self._lexemes[at].text == "is"
        return at + 1 if is_word and node.operator in tuple("+-*/") else None

    def _expression(self, at: int, depth: int) -> tuple[Node, int] | None:
        found = self._term(at, depth)
        while found and self._operator(found[1]) in ("+", "-"):
            node, at = found
            right = self._term(at + 1, depth)
            if right is None:
                break
            found = Node(self._operator(at), node, right[0]), right[1]
        return found

    def _term(self, at: int, depth: int) -> tuple[Node, int] | None:
        found = self._primary(at, depth)
        while found:
            node, at = found
            operator, behind = self._operator(at), at + 1
            share = node.operator == "%" and self._kind(at) == WORD
            if share and self._lexemes[at].text == "of":
                operator = "*"
            if operator not in ("*", "/"):
                break
            right = self._primary(behind, depth)
            if right is None:
                break
            found = Node(operator, node, right[0]), right[1]
        return found

    def _operator(self, at: int) -> str:
        return self._lexemes[at].text if self._kind(at) == OPERATOR else ""

    def _primary(self, at: int, depth: int) -> tuple[Node, int] | None:
        kind = self._kind(at)
        if depth > MAX_DEPTH or self._operands > MAX_OPERANDS:
            return None
        if kind == NUMBER:
            self._operands += 1
            node, at = Node("", number=self._lexemes[at].number), at + 1
            if self._kind(at) == PERCENT:
                node, at = Node("%", node), at + 1
                if self._kind(at) == WORD and self._lexemes[at].text == "of":
                    return node, at
            return node, self._after_unit(at)
        if kind == LEFT:
            inner = self._expression(at + 1, depth + 1)
            if inner is None or self._kind(inner[1]) != RIGHT:
                return None
            return inner[0]._replace(grouped=True), self._after_unit(inner[1] + 1)
        return self._fraction(at, depth) if kind == FRACTION else None

    def _fraction(self, at: int, depth: int) -> tuple[Node, int] | None:
        top = self._expression(at + 1, depth + 1)
        if top is None or self._kind(top[1]) != MIDDLE:
            return None
        bottom = self._expression(top[1] + 1, depth + 1)
        if bottom is None or self._kind(bottom[1]) != RIGHT:
            return None
        return Node("/", top[0], bottom[0], grouped=True), self._after_unit(bottom[1] + 1)

    def _after_unit(self, at: int) -> int:
        """Behind the words of a unit, where an operator or an equals sign follows them."""
        behind = at
        while behind - at < MAX_UNIT_WORDS and self._is_unit_word(behind):
            behind += 1
            if self._operator(behind) == "/" and self._kind(behind + 1) == WORD:
                behind += 1
        if self._operator(at) == "/" and self._kind(at + 1) == WORD:
            behind = at + 2  # `$2/egg`
        followed = self._kind(behind) in (OPERATOR, EQUALS, RIGHT, MIDDLE)
        return behind if followed else at

    def _is_unit_word(self, at: int) -> bool:
        return self._kind(at) == WORD and self._lexemes[at].text not in ("is", "and", "or")

    def _verdict(self, segments: Sequence[Node]) -> str:
        values = self._values
        expected = segments[0].value(values)
        if expected is None:
            return "unclear"
        verdict = "holds"
        for segment in segments[1:]:
            value = segment.value(values)
            if value is None:
                return "unclear"
            if value == expected or (segment.is_result() and self._close(segment, value, expected)):
                continue
            verdict = "wrong"
        return "unclear" if verdict == "wrong" and self._is_open(segments) else verdict

    def _close(self, segment: Node, value: Fraction, expected: Fraction) -> bool:
        """Whether a result is rounded."""
        places = self._numbers[segment.numbers()[0]].format.decimals + (
            2 if segment.operator == "%" else 0
        )
        return places > 0 and abs(value - expected) <= Fraction(1, 10**places)

    def _is_open(self, segments: Sequence[Node]) -> bool:
        """Whether units, percentages or a rounded whole number may explain what does not hold."""
        indexes = [i for segment in segments for i in segment.numbers()]
        units = [unit for i in indexes if (unit := self._numbers[i].unit)]
        mixed = len({u.unit.factor for u in units}) > len({u.unit.dimension for u in units})
        first = segments[0].value(self._values)
        whole = first is not None and first.denominator == 1
        return mixed or not whole or any(_has_percent(segment) for segment in segments)


def _has_percent(node: Node | None) -> bool:
    return node is not None and (
        node.operator == "%" or _has_percent(node.left) or _has_percent(node.right)
    )
