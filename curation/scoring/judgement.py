"""What a judge says of two replies, asked in both orders, since judges favour a place over a reply.

Orders that disagree on the winner make a tie, marked as not consistent.
"""

from typing import NamedTuple

FIRST, SECOND, TIE, UNPARSABLE = "first", "second", "tie", "unparsable"
"""Verdicts on a comparison."""


class Judgement(NamedTuple):
    """What a judge says of a comparison."""

    verdict: str
    """`first`, `second`, `tie`, or `unparsable` where an answer was not in form."""
    consistent: bool
    """Whether both orders say the same; False where one is not in form."""
    probability: float | None
    """That the first reply is better, mean of both orders; None where one is not in form."""
    by_order: tuple[float | None, float | None]
    """The same with the first reply shown as A, and shown as B."""


def combine_orders(first_as_a: float | None, first_as_b: float | None) -> Judgement:
    """Put the two orders together.

    Input: the probability that the first reply is better, as judged when it was shown as A and
    as B; None for an answer that was not in form.

    >>> combine_orders(0.75, 0.5625)
    Judgement(verdict='first', consistent=True, probability=0.65625, by_order=(0.75, 0.5625))
    >>> combine_orders(0.75, 0.25)
    Judgement(verdict='tie', consistent=False, probability=0.5, by_order=(0.75, 0.25))
    >>> combine_orders(1.0, None).verdict
    'unparsable'
    """
    by_order = (first_as_a, first_as_b)
    if first_as_a is None or first_as_b is None:
        return Judgement(UNPARSABLE, False, None, by_order)
    one, other = _winner(first_as_a), _winner(first_as_b)
    verdict = one if one == other else TIE
    return Judgement(verdict, one == other, (first_as_a + first_as_b) / 2, by_order)


def _winner(probability: float) -> str:
    # 1 - p rounds: a tie from the other side has to be one from this side.
    if 1 - probability == 0.5:
        return TIE
    return FIRST if probability > 0.5 else SECOND
