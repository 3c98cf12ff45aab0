"""Kinds that ask for a number of something: at least, at most, exactly.

A text is near the boundary of `at least n` or `at most n` when it would take less than its slack
to cross it: `gap`, or `share` of what it has, whichever is more.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil

from curation.instructions.draw import Draw
from curation.instructions.kind import Kind, Parameters, Test, always
from curation.instructions.view import View

Count = Callable[[View], int]
"""Something that can be counted in a text."""
MOST = 20
"""Most list items, headings and paragraphs that are asked for."""


@dataclass(frozen=True)
class Counted(Kind):
    """A kind with one parameter, `n`.

    Parameters: `count`, what is counted; `low`, the least `n` worth asking for; `gap` and `share`
    of the slack; `fits`, the texts in which the count is beyond doubt.
    """

    count: Count
    low: int
    gap: int
    share: float
    fits: Test

    def slack(self, count: int) -> int:
        """By how much a count has to be off the boundary."""
        return max(self.gap, ceil(self.share * count))


@dataclass(frozen=True)
class AtLeast(Counted):
    """At least `n`."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether there are as many, or more."""
        return bool(self.count(view) >= parameters["n"])

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether some more or fewer would change nothing."""
        count = self.count(view)
        slack, n = self.slack(count), parameters["n"]
        return self.fits(view) and bool(count - slack >= n or count + slack < n)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """A round number between the two counts."""
        most = self.count(kept) if kept else 0
        least = self.count(broken) if broken else most // 2
        low = least + self.slack(least) + 1 if broken else least
        high = most - self.slack(most) if kept else max(2 * low, self.low)
        yield from _round_number(max(low, self.low), high, draw)


@dataclass(frozen=True)
class AtMost(Counted):
    """At most `n`."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether there are no more."""
        return bool(self.count(view) <= parameters["n"])

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether some more or fewer would change nothing."""
        count = self.count(view)
        slack, n = self.slack(count), parameters["n"]
        return self.fits(view) and bool(count + slack <= n or count - slack > n)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """A round number between the two counts."""
        least = self.count(kept) if kept else 0
        most = self.count(broken) if broken else 2 * least
        low = least + self.slack(least) if kept else most // 2
        high = most - self.slack(most) - 1 if broken else max(most, low, self.low)
        yield from _round_number(max(low, self.low), high, draw)


@dataclass(frozen=True)
class Exactly(Counted):
    """Exactly `n`, `low` to `MOST`."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether the numbers are equal."""
        return bool(self.count(view) == parameters["n"])

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether the count is beyond doubt."""
        return self.fits(view)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """What the one text has, or nearly what the other has not."""
        if kept:
            around = [self.count(kept)]
        else:
            count = min(self.count(broken), MOST) if broken else 0
            around = [n for n in range(count - 2, count + 4) if n != count]
        asked = [n for n in around if self.low <= n <= MOST]
        if asked:
            yield {"n": draw.pick(asked)}


def at_least(
    name: str,
    topic: str,
    count: Count,
    *phrasings: str,
    low: int = 1,
    gap: int = 0,
    share: float = 0.0,
    fits: Test = always,
) -> AtLeast:
    """An `AtLeast`, written shortly."""
    return AtLeast(name, topic, phrasings, {"n": int}, count, low, gap, share, fits)


def at_most(
    name: str,
    topic: str,
    count: Count,
    *phrasings: str,
    low: int = 1,
    gap: int = 0,
    share: float = 0.0,
    fits: Test = always,
) -> AtMost:
    """An `AtMost`, written shortly."""
    return AtMost(name, topic, phrasings, {"n": int}, count, low, gap, share, fits)


def exactly(
    name: str, topic: str, count: Count, *phrasings: str, low: int = 1, fits: Test = always
) -> Exactly:
    """An `Exactly`, written shortly."""
    return Exactly(name, topic, phrasings, {"n": int}, count, low, 0, 0.0, fits)


def round_numbers(low: int, high: int) -> list[int]:
    """Numbers that people ask for, of a range: the larger, the rounder.

    >>> round_numbers(18, 31), round_numbers(480, 610)
    ([18, 19, 20, 25, 30], [500, 550, 600])
    """
    found: list[int] = []
    n = low
    while n <= high and len(found) < 60:
        step = _step(n)
        n = -(-n // step) * step
        if n <= high:
            found.append(n)
        n += 1
    return found


def _step(n: int) -> int:
    for bound, step in ((20, 1), (100, 5), (300, 10), (1000, 50)):
        if n < bound:
            return step
    return int(10 ** (len(str(n)) - 2))


def _round_number(low: int, high: int, draw: Draw) -> Iterable[Parameters]:
    if numbers := round_numbers(low, high):
        yield {"n": draw.pick(numbers)}
