"""Which n-grams stand on one side: a marker word gives a whole dataset away.

The list is by weighted log-odds with an informative Dirichlet prior. Its z-scores take each
occurrence for a draw of its own, so they rank, but do not warn: what warns is an exact sign test of
the prompts in which one reply alone has the n-gram, corrected for all n-grams that are common
enough to be noticed.

Reference: Monroe, Colaresi & Quinn, Fightin' Words (Political Analysis 16, 2008), section 3.5;
Tarone, A modified Bonferroni method for discrete data (Biometrics 46, 1990).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.audit.chance import sign_test
from curation.audit.figure import Figure
from curation.audit.grams import Grams
from curation.audit.reading import SampledPair
from curation.audit.settings import AuditSettings

PRIOR = 1000.0
"""Tokens that the prior is worth: the replies of both sides together, scaled to these."""
_NAME = "words.one_sided"


class Votes(NamedTuple):
    """Prompts that an n-gram tells the sides of, each with one vote."""

    wins: NDArray[np.int64]
    """Prompts in which more chosen replies have it."""
    losses: NDArray[np.int64]
    """Prompts in which more rejected ones do."""
    seen: NDArray[np.int64]
    """Prompts of pairs in which one reply alone has it, won, lost or torn."""


def one_sided_words(sample: Sequence[SampledPair], grams: Grams, settings: AuditSettings) -> Figure:
    """The n-gram that tells chosen from rejected best, and the top n-grams of each side.

    Value: of the prompts in which one reply alone has that n-gram, the share on its side.
    """
    meaning = (
        "The n-gram that most surely tells the sides apart: share of the prompts with it in one "
        f"reply that have it on the same side. Warns from {settings.one_sided:g}."
    )
    votes = _votes(sample, grams)
    tested = _testable(votes.seen, settings.false_alarm_rate)
    if not len(tested):
        return Figure(_NAME, None, settings.one_sided, False, meaning, len(sample))
    rows = [_row(int(i), grams, votes, len(tested)) for i in tested]
    odds = log_odds(grams.chosen[tested], grams.rejected[tested])
    rows = [{**row, "z": float(z)} for row, z in zip(rows, odds, strict=True)]
    flagged = [
        row
        for row in rows
        if row["p_value"] <= settings.false_alarm_rate and row["share"] >= settings.one_sided
    ]
    best = min(flagged or rows, key=_surest)
    shown = _top(rows, settings.top_ngrams) + sorted(flagged, key=_surest)[: settings.top_ngrams]
    unique = {row["n_gram"]: row for row in shown}
    found = grams.gram == best["number"]
    return Figure(
        _NAME,
        best["share"],
        settings.one_sided,
        bool(flagged),
        meaning,
        len(sample),
        best["p_value"],
        settings.false_alarm_rate,
        tuple(sample[i].id for i in grams.pair[found][: settings.examples]),
        [_shown(row, row in flagged) for row in unique.values()],
    )


def log_odds(one: NDArray[Any], other: NDArray[Any], prior: float = PRIOR) -> NDArray[np.float64]:
    """z-scores of the weighted log-odds of words in two bodies of text, above 0 for the first.

    Input: counts of each word in both. Parameters: `prior`, tokens that the prior is worth.

    >>> log_odds(np.array([50, 50]), np.array([50, 50])).tolist()
    [0.0, 0.0]
    >>> bool(log_odds(np.array([60, 10]), np.array([10, 60]))[0] > 3)
    True
    """
    together = one + other
    share = prior * together / max(1, together.sum())
    logits, variance = [], np.zeros(len(one))
    for counts in (one, other):
        there = counts + share
        rest = counts.sum() + prior - there
        logits.append(np.log(np.maximum(there, 1e-9)) - np.log(np.maximum(rest, 1e-9)))
        variance = variance + 1 / np.maximum(there, 1e-9)
    result: NDArray[np.float64] = (logits[0] - logits[1]) / np.sqrt(variance)
    return result


def _votes(sample: Sequence[SampledPair], grams: Grams) -> Votes:
    _, prompt = np.unique([pair.prompt for pair in sample], return_inverse=True)
    size = len(grams.words)
    groups = max(1, len(sample))
    keys, place = np.unique(
        grams.gram * groups + prompt[grams.pair] if len(sample) else grams.gram, return_inverse=True
    )
    sums = np.bincount(place, weights=grams.sign, minlength=len(keys))
    gram = keys // groups

    def count(which: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(gram[which], minlength=size)

    return Votes(count(sums > 0), count(sums < 0), np.bincount(gram, minlength=size))


def _testable(seen: NDArray[np.int64], rate: float) -> NDArray[np.intp]:
    """N-grams in enough prompts to be significant among all that are: no label is looked at."""
    least = 1
    while sign_test(least, 0) * int((seen >= least).sum()) > rate:
        least += 1
    return np.flatnonzero(seen >= least)


def _row(number: int, grams: Grams, votes: Votes, tests: int) -> dict[str, Any]:
    wins, losses = int(votes.wins[number]), int(votes.losses[number])
    return {
        "number": number,
        "n_gram": " ".join(grams.words[number]),
        "side": "chosen" if wins >= losses else "rejected",
        "share": max(wins, losses) / max(1, wins + losses),
        "prompts": wins + losses,
        "p_value": min(1.0, tests * sign_test(wins, losses)),
        "chosen": int(grams.chosen[number]),
        "rejected": int(grams.rejected[number]),
    }


def _surest(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["p_value"], -row["share"], -row["prompts"], row["n_gram"]


def _top(rows: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    order = sorted(rows, key=lambda row: (-row["z"], row["n_gram"]))
    of_chosen = [row for row in order[:count] if row["z"] > 0]
    of_rejected = [row for row in reversed(order[-count:] if count else []) if row["z"] < 0]
    return of_chosen + of_rejected


def _shown(row: dict[str, Any], flagged: bool) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "number"} | {"flagged": flagged}
