"""Carrying an error through a worked solution: wrong once, consistent from there on.

Numbers are taken in reading order. What is calculated visibly is calculated anew; what repeats a
changed result repeats the new one. Where it is not clear what a number repeats, or a new result
would look unlike the old one, there is no corruption.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from curation.synthesis.reasoning_equations import Chain, Node
from curation.synthesis.reasoning_numbers import decimals_of, write_number
from curation.synthesis.reasoning_solution import Solution

_WORDS = {
    Fraction(n): re.compile(rf"\b{word}\b", re.IGNORECASE)
    for n, word in enumerate(
        ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
         "twelve"), 2,
    )
}  # fmt: skip


class Slip(NamedTuple):
    """What goes wrong.

    Parameters: `numbers`, new values by index; `results`, old results that are another value from
    the start on; `gone`, results that nothing may refer to any more; `start`, index of the first
    number that is looked at; `begin`, index of the first one that is left out, if some are;
    `slack`, decimals that a new result may have more than the old one.
    """

    numbers: Mapping[int, Fraction] = {}
    results: Mapping[Fraction, Fraction] = {}
    gone: frozenset[Fraction] = frozenset()
    start: int = 0
    begin: int | None = None
    slack: int = 0


def carried(
    solution: Solution, slip: Slip, given: frozenset[Fraction]
) -> dict[int, Fraction] | None:
    """New values of the numbers that change, by index.

    Input: a solution with an answer, and what goes wrong in it. Parameters: `given`, the numbers
    of the question: a result that is one of them cannot be told from it later. Output: None where
    the error cannot be carried consistently.
    """
    return _Carrying(solution, slip, given).run()


def rewritten(
    solution: Solution, values: Mapping[int, Fraction], start: int = 0, end: int | None = None
) -> str:
    """The text of a solution, or of a part of it, with new numbers in the format of the old.

    >>> from curation.synthesis.reasoning_solution import parse
    >>> rewritten(parse("It costs $1,200.50 now."), {0: Fraction(13005, 10)})
    'It costs $1,300.50 now.'
    """
    text, parts, at = solution.text, [], start
    end = len(text) if end is None else end
    for index in sorted(values):
        number = solution.numbers[index]
        if start <= number.start < end:
            places = decimals_of(values[index], number.format.decimals + 6)
            places = max(places or 0, number.format.decimals)
            new = write_number(values[index], number.format, places)
            parts += [text[at : number.start], new]
            at = number.end
    return "".join([*parts, text[at:end]])


class _Carrying:
    def __init__(self, solution: Solution, slip: Slip, given: frozenset[Fraction]) -> None:
        self._solution = solution
        self._slip = slip
        self._old = [number.value for number in solution.numbers]
        self._values = list(self._old)
        self._renamed = dict(slip.results)
        self._seen = set(given)
        self._home = {i: chain for chain in solution.chains for i in chain.numbers()}
        self._last = set(solution.answer.numbers if solution.answer else ())

    def run(self) -> dict[int, Fraction] | None:
        at, begin = self._slip.start, self._slip.begin
        if self._slip.numbers:
            # Nothing changes before the calculation that the slip is in.
            at = min(self._slip.numbers)
            at = self._home[at].numbers()[0] if at in self._home else at
        before = range(at if begin is None else begin)
        self._seen.update(self._old[i] for i in before)
        while at < len(self._old):
            chain = self._home.get(at)
            if chain is None:
                if not self._repeat(at):
                    return None
                at += 1
            else:
                if not self._calculate(chain):
                    return None
                at = chain.numbers()[-1] + 1
        pairs = zip(self._old, self._values, strict=True)
        changes = {i: new for i, (old, new) in enumerate(pairs) if new != old}
        return None if self._spelled_out(changes) else changes

    def _spelled_out(self, changes: Mapping[int, Fraction]) -> bool:
        """Whether a number that changed stands in words somewhere behind it."""
        first = {self._old[i]: i for i in sorted(changes, reverse=True)}
        for old, i in first.items():
            word = _WORDS.get(old)
            if word and word.search(self._solution.text, self._solution.numbers[i].end):
                return True
        return False

    def _repeat(self, index: int, local: Mapping[Fraction, Fraction] | None = None) -> bool:
        """Give a number the value of what it repeats; False where that is not clear."""
        old = self._old[index]
        if index in self._slip.numbers:
            new = self._slip.numbers[index]
            if local is None:
                self._renamed[old] = new
        elif local and old in local:
            new = local[old]
        elif old in self._slip.gone:
            return False
        else:
            new = self._renamed.get(old, old)
            # The final answer is what was calculated, whatever else is worth as much.
            unclear = old in self._seen and index not in self._last
            if new != old and (unclear or index in self._solution.frozen):
                return False
        self._values[index] = new
        if new == old:
            self._seen.add(old)
        return True

    def _calculate(self, chain: Chain) -> bool:
        """Take over the operands of a chain and calculate its results."""
        local: dict[Fraction, Fraction] = {}
        worth: Fraction | None = None
        stated: Fraction | None = None
        for segment in chain.segments:
            if not segment.is_result():
                for index in segment.numbers():
                    if not self._repeat(index, local):
                        return False
                    # A number that is copied wrongly is wrong in the copies of its expression.
                    if index in self._slip.numbers:
                        local[self._old[index]] = self._values[index]
                worth = segment.value(self._values)
                if worth is None:
                    return False
                continue
            index = segment.numbers()[0]
            if index in self._slip.numbers:
                self._values[index] = self._slip.numbers[index]
            else:
                source = worth if stated is None else stated
                new = self._result(segment, index, chain, source)
                if new is None:
                    return False
                self._values[index] = new
            stated = segment.value(self._values)
            self._rename(index)
        touched = any(self._values[i] != self._old[i] for i in chain.numbers())
        return chain.verdict == "holds" or not touched

    def _rename(self, index: int) -> None:
        old, new = self._old[index], self._values[index]
        if new == old:
            self._renamed.pop(old, None)
            self._seen.add(old)
        else:
            self._renamed[old] = new

    def _result(
        self, segment: Node, index: int, chain: Chain, worth: Fraction | None
    ) -> Fraction | None:
        """A result as it would be written, None where it would look unlike the old one."""
        old = self._old[index]
        if worth is None or all(
            self._values[i] == self._old[i] for i in chain.numbers() if i < index
        ):
            return old
        new = worth * 100 if segment.operator == "%" else worth
        written = self._solution.numbers[index].format
        if decimals_of(new, written.decimals + self._slip.slack) is None:
            if written.decimals < 2 and not self._was_rounded(chain, segment):
                return None
            new = round(new, written.decimals)
        alike = (new < 0) == (old < 0) and new != 0 and abs(new) < 1000 * abs(old) + 1000
        share = self._solution.numbers[index].sign == "%" and old <= 100 < new
        return new if alike and not share else None

    def _was_rounded(self, chain: Chain, segment: Node) -> bool:
        first = chain.segments[0].value(self._old)
        return first != segment.value(self._old) and bool(
            self._solution.numbers[segment.numbers()[0]].format.decimals
        )
