"""What a test set says of two models: who wins how often, how sure that is, and what else may
have decided.

A judge that prefers one place or the longer reply gives rates that say less than they seem to:
the agreement of its two orders, the place that it votes for and the lengths stand beside them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median
from typing import Any, NamedTuple

from curation.evaluation.answers import Answer
from curation.evaluation.intervals import LEVEL, Interval, bootstrap, wilson
from curation.evaluation.items import Item
from curation.evaluation.judging import DECIDED, LOSS, WIN, Outcome
from curation.models.isolation import Failure
from curation.scoring.judgement import TIE, Judgement
from schemas.ids import seed_from

_DIGITS = 6
_POINTS = {WIN: 2, TIE: 1, LOSS: 0}


class Compared(NamedTuple):
    """An item with what both sides said and how it was decided."""

    item: Item
    a: Answer | Failure | None
    b: Answer | Failure | None
    outcome: Outcome


def summarise(compared: Sequence[Compared], seed: int) -> dict[str, Any]:
    """Sum up a comparison, as JSON-like values.

    Input: every item once. Parameters: `seed` of the bootstrap. Output:
        items, conversations: how many, of those that are decided `decided`
        results: items by result, `reasons`: ties, failures and missing answers by reason
        shares: of win, tie and loss among the decided, each with Wilson's interval
        win_rate: wins and half of the ties, with the bootstrap over conversations
        judge: items that it was asked about, share on which both its orders agree, share of
            its votes that went to the reply shown first
        lengths: characters of both sides, and how often the longer reply won

    Rates are None where nothing was decided. With A and B exchanged everything is mirrored.
    """
    decided = [one for one in compared if one.outcome.result in DECIDED]
    results = Counter(one.outcome.result for one in compared)
    reasons = Counter(one.outcome.reason for one in compared if one.outcome.reason)
    return {
        "items": len(compared),
        "decided": len(decided),
        "conversations": len({one.item.group for one in decided}),
        "level": LEVEL,
        "results": dict(sorted(results.items())),
        "reasons": dict(sorted(reasons.items())),
        "shares": {
            result: _rate(results[result] / len(decided), wilson(results[result], len(decided)))
            for result in DECIDED
        }
        if decided
        else None,
        "win_rate": _win_rate(decided, seed) if decided else None,
        "judge": _judge([one.outcome.judgement for one in compared if one.outcome.judgement]),
        "lengths": _lengths(compared),
    }


def _win_rate(decided: Sequence[Compared], seed: int) -> dict[str, Any]:
    points = [_POINTS[one.outcome.result] for one in decided]
    groups = [one.item.group for one in decided]
    interval = bootstrap(points, groups, seed_from(seed, "evaluation bootstrap"))
    return _rate(sum(points) / (2 * len(points)), interval)


def _judge(judged: Sequence[Judgement]) -> dict[str, Any]:
    orders = [
        (first_as_a, 1 - first_as_b)
        for first_as_a, first_as_b in (one.by_order for one in judged)
        if first_as_a is not None and first_as_b is not None
    ]
    # Each order votes for the reply that it shows first, for the other, or for neither.
    votes = sum((chance > 0.5) + 0.5 * (chance == 0.5) for order in orders for chance in order)
    return {
        "asked": len(judged),
        "unparsable": len(judged) - len(orders),
        "consistent": _share(sum(one.consistent for one in judged), len(orders)),
        "votes_for_first_place": _share(votes, 2 * len(orders)),
    }


def _lengths(compared: Sequence[Compared]) -> dict[str, Any]:
    sides: Mapping[str, list[Answer]] = {
        "a": [one.a for one in compared if isinstance(one.a, Answer)],
        "b": [one.b for one in compared if isinstance(one.b, Answer)],
    }
    won = [one for one in compared if one.outcome.result in (WIN, LOSS)]
    longer = Counter(_longer_won(one) for one in won)
    return {
        **{side: _sizes(answers) for side, answers in sides.items()},
        "won_by_longer": longer[1],
        "won_by_shorter": longer[-1],
        "won_at_equal_length": longer[0],
    }


def _longer_won(one: Compared) -> int:
    """1 where the longer reply won, -1 where the shorter did, 0 where both are as long."""
    assert isinstance(one.a, Answer)
    assert isinstance(one.b, Answer)
    difference = len(one.a.text) - len(one.b.text)
    sign = (difference > 0) - (difference < 0)
    return sign if one.outcome.result == WIN else -sign


def _sizes(answers: Sequence[Answer]) -> dict[str, Any]:
    sizes = [len(answer.text) for answer in answers]
    return {
        "answers": len(sizes),
        "mean_chars": round(mean(sizes), 1) if sizes else None,
        "median_chars": median(sizes) if sizes else None,
        "empty": sizes.count(0),
        "truncated": sum(answer.truncated for answer in answers),
        "prompts_cut": sum(answer.cut_messages > 0 for answer in answers),
    }


def _share(part: float, whole: int) -> float | None:
    return round(part / whole, _DIGITS) if whole else None


def _rate(value: float, interval: Interval) -> dict[str, Any]:
    bounds = [round(bound, _DIGITS) for bound in interval]
    return {"value": round(value, _DIGITS), "low": bounds[0], "high": bounds[1]}
