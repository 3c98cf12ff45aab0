"""How reliable an annotator is, found from labels and from what a model thinks of the pairs.

A model gives the labelled side of pair i the probability p_i of being the better one; annotator k
labels rightly with probability eta_k. Then the labels of k have the likelihood

    L(eta) = product of (eta p_i + (1 - eta)(1 - p_i)),

which EM maximises: the E step takes each label for right with `label_responsibility(eta, p_i)`,
the M step makes their mean the new eta. log L is concave, so there is one maximum for any start
(labels turned round are no second solution: the model tells them apart), and a step of EM always
goes towards it. Near it, EM creeps; so each round here makes one step, sees where it goes, and
starts the next one from the middle of what is left.

p_i is counted in bins of its log-odds, `WIDTH` wide up to +-`WIDEST`: counts of labels add up over
any parts of the data in any order, and all rounds need one pass. Taking the middle of a bin
changes no responsibility by more than WIDTH / 8, one two-thousandth; the mean of many, over which
these errors cancel, far less.

What it rests on: the probabilities were not made from the labels, and they are calibrated. A model
that is too sure makes annotators look worse than they are, one that is not sure enough better: of
log-odds that spread by 1, a flip rate of 0.2 is found as 0.24 when all are 1.25 times too large, as
0.14 when they are 0.8 of what they should be.

Reference: Cao et al., LCPO / RE-PO (arXiv 2509.24159), EM over label correctness.
"""

from collections.abc import Iterable, Mapping
from math import fsum, inf, isnan, log, log1p
from typing import NamedTuple

from curation.scoring.logistic import sigmoid
from curation.selection.soft_labels import label_responsibility
from schemas.errors import ModelError, UsageError

WIDTH = 1 / 256
"""Width of a bin, log-odds in nats."""
WIDEST = 20
"""Log-odds that are the last bin's, with all beyond: probabilities of 2e-9 and less."""
_DROP = 1.9207294  # Half the 95 % quantile of chi-square with one degree of freedom.


class EmSettings(NamedTuple):
    """How the estimate is made.

    Parameters: `prior` labels, so many right and as many wrong ones, that an annotator has before
    any is seen; they keep everyone from being infallible (0: LCPO's own, the maximum likelihood).
    `tolerance`: how far from the maximum the estimate may be. `max_rounds` of E and M step.
    """

    prior: float = 1.0
    tolerance: float = 1e-7
    max_rounds: int = 100

    def check(self) -> "EmSettings":
        """These settings. Raises: UsageError for ones that nothing can be estimated with."""
        if not (0 <= self.prior < inf and 0 < self.tolerance < 1 and self.max_rounds >= 1):
            raise UsageError(
                f"{self}: expected a prior of 0 or more, a tolerance between 0 and 1, and a round"
            )
        return self


class Reliability(NamedTuple):
    """Share of right labels of an annotator."""

    value: float | None
    """The estimate, strictly between 0 and 1; None where the probabilities say nothing: there
    are no labels, or the model holds both sides of every pair for equal."""
    low: float
    """Where the likelihood is so much lower that less is implausible (95 %)."""
    high: float
    """The same above."""
    labels: int
    """Labels that it was made of."""
    rounds: int
    """Rounds of EM."""
    converged: bool
    """Whether the estimate is within the tolerance; else more rounds are needed."""


def log_odds(probability: float) -> float:
    """Logarithm of p / (1 - p), infinite at both ends.

    Raises: ModelError for what is no probability.

    >>> log_odds(0.5), round(log_odds(0.9), 4), log_odds(0.0)
    (0.0, 2.1972, -inf)
    """
    if not 0 <= probability <= 1:
        raise ModelError(f"expected a probability between 0 and 1, got {probability}")
    if probability in (0, 1):
        return inf if probability else -inf
    return log(probability) - log1p(-probability)


def bin_of(odds: float) -> int:
    """The bin of a label whose side has these log-odds of being the better one.

    Raises: ModelError for what is no number.

    >>> bin_of(0.0), bin_of(1.0), bin_of(-1e300), bin_of(float("inf"))
    (0, 256, -5120, 5120)
    """
    if isnan(odds):
        raise ModelError("the log-odds are no number")
    return round(max(-WIDEST, min(odds, WIDEST)) / WIDTH)


def reliability(bins: Mapping[int, int], settings: EmSettings = EmSettings()) -> Reliability:
    """How reliable the annotator of some labels is.

    Input: how many labels are in each bin (`bin_of`). The order of the bins counts for nothing.

    Raises: ModelError for a number of labels below 0; UsageError for impossible settings.

    >>> found = reliability({bin_of(4.0): 900, bin_of(-4.0): 100})
    >>> round(found.value, 3), found.converged
    (0.914, True)
    >>> reliability({0: 1000}).value is None
    True
    """
    settings.check()
    if any(n < 0 for n in bins.values()):
        raise ModelError("expected numbers of labels of 0 or more")
    labels = sum(bins.values())
    counted = [(sigmoid(place * WIDTH), n) for place, n in sorted(bins.items()) if n]
    if all(p == 0.5 for p, _ in counted):
        return Reliability(None, 0.0, 1.0, labels, 0, True)
    low, high, rounds = 0.0, 1.0, 0
    while high - low > settings.tolerance and rounds < settings.max_rounds:
        middle = (low + high) / 2
        if _em_step(middle, counted, labels, settings.prior) > middle:
            low = middle
        else:
            high = middle
        rounds += 1
    value = (low + high) / 2
    bounds = _interval(value, counted, settings)
    return Reliability(value, *bounds, labels, rounds, high - low <= settings.tolerance)


def label_posterior(odds: float, votes: Iterable[tuple[float, bool]]) -> float:
    """Probability that a side is the better one, by a model and by labels of several annotators.

    Input: log-odds of the side by the model; of each label its annotator's reliability, strictly
    between 0 and 1, and whether it is for the side. Of one label for it, this is
    `label_responsibility`. Annotators are taken to err independently. The order of the votes
    counts for nothing.

    Raises: ModelError for odds that are no number, or a reliability that is out of range.

    >>> round(label_posterior(log_odds(0.9), [(0.9, True)]), 4)
    0.9878
    >>> round(label_posterior(0.0, [(0.9, True), (0.9, False), (0.6, True)]), 4)
    0.6
    """
    if isnan(odds):
        raise ModelError("the log-odds are no number")
    weights = []
    for trust, agrees in votes:
        if not 0 < trust < 1:
            raise ModelError(f"expected a reliability between 0 and 1, got {trust}")
        weights.append(log_odds(trust) if agrees else -log_odds(trust))
    return sigmoid(fsum([odds, *weights]))


def _em_step(eta: float, counted: list[tuple[float, int]], labels: int, prior: float) -> float:
    """E step: each label's responsibility; M step: their mean, with the prior labels."""
    right = fsum(n * label_responsibility(eta, p) for p, n in counted)
    return (right + prior) / (labels + 2 * prior)


def _interval(
    value: float, counted: list[tuple[float, int]], settings: EmSettings
) -> tuple[float, float]:
    """Where the log-likelihood, prior labels included, is `_DROP` below that of the estimate."""

    def height(eta: float) -> float:
        fit = fsum(n * log(1 - p + eta * (2 * p - 1)) for p, n in counted)
        return fit + (settings.prior * log(eta * (1 - eta)) if settings.prior else 0.0)

    floor = height(value) - _DROP
    ends = []
    for outside in (0.0, 1.0):
        inside, end = value, outside
        while abs(inside - end) > settings.tolerance:
            middle = (inside + end) / 2
            if height(middle) >= floor:
                inside = middle
            else:
                end = middle
        ends.append(end)
    return ends[0], ends[1]
