"""A worked solution is done in the wrong order."""

import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from curation.synthesis.reasoning_carry import Slip, carried, rewritten
from curation.synthesis.reasoning_corruption import MAX_TRIES, Corruption, Draw, differs, shown
from curation.synthesis.reasoning_equations import Chain, Node
from curation.synthesis.reasoning_lexemes import Number
from curation.synthesis.reasoning_numbers import decimals_of
from curation.synthesis.reasoning_solution import Part, Solution
from curation.synthesis.reasoning_steps import SLACK, arithmetic_parts, number_of, result_of

_HEAD = re.compile(
    r"[ \t>*#_]*(?:(?:[Ss]tep )?\(?[0-9]{1,3}[.):][*_]{0,2}[ \t]+)?(?:-[ \t])?"
    r"(?:(?:First|Second|Third|Next|Then|After that|Now|Finally|Lastly|So|Therefore|Thus|Hence)\b"
    r",?[ \t]+)?"
)
_CAPITALS = (
    "A", "An", "The", "She", "He", "They", "It", "We", "This", "That", "These", "Those", "To",
    "Multiply", "Add", "Subtract", "Divide", "Calculate", "Find", "There", "Her", "His", "Each",
)  # fmt: skip
"""Words whose capital only says that a sentence begins."""
_LAST = re.compile(r"(?i)\b(?:total|altogether|in all|overall|in sum|together)\b")
"""What a step says that is the last one."""


def order(solution: Solution, given: frozenset[Fraction], draw: Draw) -> Iterator[Corruption]:
    """Do things in the wrong order.

    Two steps are swapped that do not commute (first the discount, then the share); a quotient is
    turned over; or an expression is calculated from left to right, though `*` and `/` come first.
    """
    parts = arithmetic_parts(solution)
    places = [(draw(f"swap {i}"), i, _swapped(solution, *pair, given))
              for i, pair in enumerate(pairwise(parts))][:MAX_TRIES]  # fmt: skip
    places += [
        (draw(f"turn {i}"), i, _calculated_wrongly(solution, chain, given))
        for i, chain in enumerate(solution.chains[:MAX_TRIES])
    ]
    for _, _, found in sorted(places, key=lambda place: place[:2]):
        yield from found


class _Binary(NamedTuple):
    """A step that is one operation of two numbers."""

    operator: str
    left: Number
    right: Number
    result: Number


def _binary(solution: Solution, part: Part) -> _Binary | None:
    chains = solution.inside(part)
    node = chains[0].segments[0]
    if len(chains) != 1 or node.left is None or node.right is None:
        return None
    if node.left.operator or node.right.operator:
        return None
    left, right = number_of(solution, node.left), number_of(solution, node.right)
    return _Binary(node.operator, left, right, result_of(solution, chains[0]))


def _worth(operator: str, left: Fraction, right: Fraction) -> Fraction | None:
    return Node(operator, Node("", number=0), Node("", number=1)).value((left, right))


class _Swap(NamedTuple):
    """What two steps calculate when the second comes first."""

    start: Fraction
    """What both began from."""
    old: Fraction
    """What was between them."""
    between: Fraction
    """What is between them now."""
    end: Fraction


def _swap(first: _Binary, second: _Binary) -> _Swap | None:
    """The two steps swapped; None where they do not follow one another, or nothing changes."""
    old = first.result
    # Sums commute with sums, and products with products.
    commute = (first.operator in "+-") == (second.operator in "+-")
    if commute or old.value not in (second.left.value, second.right.value):
        return None
    # Of a sum or product, what the result looks like was carried through it.
    start, other = first.left, first.right
    if first.operator in "+*" and _alike(other, old) and not _alike(start, old):
        start, other = other, start
    if not (start.measures_like(old) and old.measures_like(second.result)):
        return None
    pair = (start.value if n.value == old.value else n.value for n in (second.left, second.right))
    between = _worth(second.operator, *pair)
    end = None if between is None else _worth(first.operator, between, other.value)
    if between is None or end is None or min(between, end) <= 0 or end == second.result.value:
        return None
    most = second.result.format.decimals + SLACK
    if decimals_of(between, most) is None or decimals_of(end, most) is None:
        return None
    return _Swap(start.value, old.value, between, end)


def _alike(one: Number, other: Number) -> bool:
    looks = [(n.sign, n.format.decimals, n.unit and n.unit.unit) for n in (one, other)]
    return looks[0] == looks[1]


def _swapped(
    solution: Solution, one: Part, two: Part, given: frozenset[Fraction]
) -> Iterator[Corruption]:
    first, second = _binary(solution, one), _binary(solution, two)
    if first is None or second is None or one.end != two.start:
        return
    swap = _swap(first, second)
    if swap is None or _LAST.search(solution.text, one.start, two.end):
        return
    ones = {swap.start: swap.between, swap.old: swap.end}
    twos = {swap.old: swap.start, second.result.value: swap.between}
    changed = {
        i: values[solution.numbers[i].value]
        for part, values in ((one, ones), (two, twos))
        for i in range(*solution.span(part))
        if solution.numbers[i].value in values
    }
    slip = Slip(
        results={second.result.value: swap.end},
        gone=frozenset({swap.old}) - {second.result.value},
        start=solution.span(two)[1],
        begin=solution.span(one)[0],
        slack=SLACK,
    )
    later = carried(solution, slip, given)
    if later is None:
        return
    head1, body1, tail1 = _pieces(rewritten(solution, changed, one.start, one.end))
    head2, body2, tail2 = _pieces(rewritten(solution, changed, two.start, two.end))
    middle = head1 + _cased(body2, head1) + tail1 + head2 + _cased(body1, head2) + tail2
    text = solution.text[: one.start] + middle + rewritten(solution, later, two.end)
    if differs(solution, text, 0):
        yield Corruption(text, f"done too early is {shown(solution, two.start, two.end)}")


def _pieces(text: str) -> tuple[str, str, str]:
    """What stays in its place before a step, the step, and the blanks behind it."""
    head = _HEAD.match(text)
    begin, stop = head.end() if head else 0, len(text.rstrip())
    return text[:begin], text[begin:stop], text[stop:]


def _cased(body: str, head: str) -> str:
    """A step in a new place: with a capital where it opens the sentence, else without."""
    opens = not head.rstrip(" \t*_").rstrip(",").endswith(tuple("abcdefghijklmnopqrstuvwxyz"))
    if opens:
        return body[:1].upper() + body[1:]
    word = re.match(r"[A-Za-z]+", body)
    lowered = word is not None and word[0] in _CAPITALS
    return body[:1].lower() + body[1:] if lowered else body


def _calculated_wrongly(
    solution: Solution, chain: Chain, given: frozenset[Fraction]
) -> Iterator[Corruption]:
    answer = solution.answer
    if chain.verdict != "holds" or answer is None or chain.numbers()[-1] > answer.numbers[-1]:
        return
    turned = _turned(solution, chain)
    slip = turned or _without_precedence(solution, chain)
    changes = carried(solution, slip, given) if slip else None
    if changes and any(i in changes for i in answer.numbers):
        text = rewritten(solution, changes)
        if differs(solution, text, 0 if turned else 1):
            numbers = [solution.numbers[i] for i in chain.numbers()]
            piece = shown(solution, numbers[0].start, numbers[-1].end)
            yield Corruption(text, f"calculated in the wrong order is {piece}")


def _turned(solution: Solution, chain: Chain) -> Slip | None:
    """The quotient of two numbers turned over, in all its copies."""
    node = chain.segments[0]
    turned: dict[int, Fraction] = {}
    if node.operator != "/" or len(node.numbers()) != 2:
        return None
    for segment in chain.segments:
        if segment.operator == "/" and len(segment.numbers()) == 2:
            i, j = segment.numbers()
            if not solution.numbers[i].measures_like(solution.numbers[j]):
                return None
            turned |= {i: solution.numbers[j].value, j: solution.numbers[i].value}
    return Slip(turned, slack=SLACK)


def _without_precedence(solution: Solution, chain: Chain) -> Slip | None:
    """The result of a mixed expression that was calculated from left to right."""
    node, result = chain.segments[0], chain.results()[0]
    value = _from_left_to_right(solution, node) if node.operator in "+-" else None
    right = number_of(solution, result)
    if value is None or result.operator or value == right.value:
        return None
    if value * right.value <= 0 or decimals_of(value, right.format.decimals + SLACK) is None:
        return None
    return Slip({result.numbers()[0]: value}, slack=SLACK)


def _from_left_to_right(solution: Solution, node: Node) -> Fraction | None:
    """The value of an expression without brackets if no operator came before another one."""
    flat: list[tuple[str, Node]] = []
    if not _flatten("+", node, flat):
        return None
    values = [number.value for number in solution.numbers]
    total = flat[0][1].value(values)
    for operator, leaf in flat[1:]:
        value = leaf.value(values)
        if total is None or value is None or (operator == "/" and not value):
            return None
        total = _worth(operator, total, value)
    return total


def _flatten(operator: str, node: Node, flat: list[tuple[str, Node]]) -> bool:
    """Put the leaves of an expression in a row, each with what stands before it."""
    if node.grouped:
        return False
    if node.operator in ("", "%"):
        flat.append((operator, node))
        return True
    assert node.left is not None
    assert node.right is not None
    return _flatten(operator, node.left, flat) and _flatten(node.operator, node.right, flat)
