"""The cascade: the classifier decides the clear turns, the judge sees the rest.

A turn is the less clear the closer the classifier's probability of either polarity is to one
half. The budget of the judge is a share of the turns or a number of tokens; which turns fit
follows from a histogram of all turns by uncertainty, which can be added up on many machines.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from math import ceil, isfinite
from typing import NamedTuple

from curation.feedback.detector import TurnLabel
from curation.feedback.turn_judge import TurnJudging, is_unparsable
from schemas import Conversation
from schemas.errors import UsageError

METHOD = "cascade"
"""`TurnLabel.method` of labels that the judge decided in the classifier's place."""
BINS = 1024
"""Bins of a histogram over uncertainty; a power of two, so that their edges are exact."""

_BYTES_PER_TOKEN = 3.5  # English has about four and a half, Chinese two to three.


def uncertainty(label: TurnLabel) -> float:
    """How unclear a turn is: 1 where a polarity is as likely as not, 0 where both are certain.

    A label without an answer is as unclear as can be.

    >>> uncertainty(TurnLabel(2, 0.75, 0.0)), uncertainty(TurnLabel(2, None, None))
    (0.5, 1.0)
    """
    return max(_closeness(label.dissatisfaction), _closeness(label.satisfaction))


def _closeness(probability: float | None) -> float:
    if probability is None or not isfinite(probability):
        return 1.0
    return 1.0 - 2.0 * abs(min(1.0, max(0.0, probability)) - 0.5)


def bin_of(uncertain: float) -> int:
    """The bin of an uncertainty: bin k holds what is above k / `BINS`, up to its upper edge.

    >>> bin_of(0.0), bin_of(0.5), bin_of(0.5001), bin_of(1.0)
    (0, 511, 512, 1023)
    """
    return max(0, ceil(uncertain * BINS) - 1)


def needs_judge(label: TurnLabel, threshold: float) -> bool:
    """Whether a turn is for the judge: it is less clear than the threshold.

    >>> needs_judge(TurnLabel(2, 0.6, 0.0), 0.5), needs_judge(TurnLabel(2, 0.9, 0.0), 0.5)
    (True, False)
    """
    return uncertainty(label) > threshold


def histogram(labels: Iterable[tuple[TurnLabel, float]]) -> list[float]:
    """Add up turns by uncertainty.

    Input: labels, each with its cost: 1 to count turns, or `tokens_of`. Output: the cost in
    each of the `BINS` bins; histograms of parts add up, bin by bin, to that of the whole.

    >>> sum(histogram([(TurnLabel(2, 0.5, 0.0), 1), (TurnLabel(4, 0.9, 0.0), 1)]))
    2.0
    """
    bins = [0.0] * BINS
    for label, cost in labels:
        bins[bin_of(uncertainty(label))] += cost
    return bins


def threshold_for(bins: Sequence[float], budget: float) -> float:
    """The smallest uncertainty above which all turns together fit into a budget.

    Input: a `histogram`, also as an array. Parameters: budget: in the unit of its costs. Output:
    the lower edge of a bin; 1, which nothing is above, where not even the least clear turns fit.
    The turns above never cost more than the budget: a bin counts as a whole or not at all.

    Raises: UsageError for a budget that is no number, or another number of bins.

    >>> bins = [0.0] * BINS
    >>> bins[1023], bins[512], bins[0] = 2, 3, 90
    >>> threshold_for(bins, 99), threshold_for(bins, 5), threshold_for(bins, 1)
    (0.0, 0.0009765625, 1.0)
    """
    if len(bins) != BINS or not budget >= 0:
        raise UsageError(f"a judge's budget of {budget} for {len(bins)} bins of uncertainty")
    spent, threshold = 0.0, 1.0
    for index in range(BINS - 1, -1, -1):
        spent += float(bins[index])
        if spent > budget:
            break
        threshold = index / BINS
    return threshold


def tokens_of(conversation: Conversation, turn: int, settings: TurnJudging | None = None) -> float:
    """About how many tokens it costs to judge one turn, estimated from characters.

    What is shown of the turn, the reply and the overlap counts, and the instructions with the
    rubric in full: turns that are not clear are seldom neighbours that could share a prompt.

    Parameters: settings: of the judge; its defaults without.

    >>> from schemas import Message
    >>> talk = [Message("user", "Hi"), Message("assistant", "Ho"), Message("user", "No!")]
    >>> chat = Conversation("c", talk, "demo", None, None, None, None, {})
    >>> 500 < tokens_of(chat, 2) < 1500
    True
    """
    settings = settings or _defaults()
    start = max(0, turn - 1 - 2 * settings.overlap)
    shown = 0
    for role, text in conversation.messages[start : turn + 1]:
        longest = settings.longest_turn if role == "user" else settings.longest_reply
        shown += len(text[:longest].encode("utf-8", "replace"))
    return (settings.instruction_bytes + shown) / _BYTES_PER_TOKEN


@cache
def _defaults() -> TurnJudging:
    return TurnJudging()


class Cascaded(NamedTuple):
    """The labels of a conversation after the judge, and what it did; the counts add up."""

    labels: list[TurnLabel]
    """One for each turn, ascending."""
    asked: int
    """Turns that the judge was asked about."""
    changed: int
    """Of these, turns where it contradicts the label before: a polarity begins or ceases to be
    the likelier."""
    unparsable: int
    """Of these, turns for which its answer was not in form; the label before stands."""


def merge(decided: Sequence[TurnLabel], judged: Sequence[TurnLabel]) -> Cascaded:
    """Put the judge's labels in the place of the classifier's.

    Input: the classifier's labels of a conversation, and the judge's labels of some of its turns.
    Output: a label for every turn of either. Where both have one, the judge's counts, with the
    method `cascade`; where it has no answer, the classifier's stands as it is. What only the judge
    was asked about keeps its own label.

    Raises: ValueError when a turn has two labels of one kind.

    >>> clear, unclear = TurnLabel(2, 0.9, 0.0, method="c"), TurnLabel(4, 0.4, 0.0, method="c")
    >>> merged = merge([clear, unclear], [TurnLabel(4, 0.8, 0.1, method="judge")])
    >>> [(label.turn, label.dissatisfaction, label.method) for label in merged.labels]
    [(2, 0.9, 'c'), (4, 0.8, 'cascade')]
    >>> merged.asked, merged.changed, merged.unparsable
    (1, 1, 0)
    """
    labels = {label.turn: label for label in decided}
    if len(labels) != len(decided) or len({label.turn for label in judged}) != len(judged):
        raise ValueError("a turn has two labels of one detector")
    changed = unparsable = 0
    for verdict in judged:
        unparsable += is_unparsable(verdict)
        before = labels.get(verdict.turn)
        if before is None:
            labels[verdict.turn] = verdict
        elif verdict.dissatisfaction is not None and verdict.satisfaction is not None:
            changed += polarities(verdict) != polarities(before)
            labels[verdict.turn] = verdict._replace(method=METHOD)
    return Cascaded([labels[turn] for turn in sorted(labels)], len(judged), changed, unparsable)


def polarities(label: TurnLabel) -> tuple[bool, bool]:
    """Whether dissatisfaction, and satisfaction, is at least as likely as not.

    >>> polarities(TurnLabel(2, 0.5, 0.1)), polarities(TurnLabel(2, None, None))
    ((True, False), (False, False))
    """
    return (label.dissatisfaction or 0.0) >= 0.5, (label.satisfaction or 0.0) >= 0.5
