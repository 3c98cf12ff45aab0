"""The judge's verdicts by likelihood: which line about a turn is the likeliest to be written.

All lines about all turns of a window are continuations of one context, so that the context is
computed once. Per turn and polarity, with v over the kinds of that polarity and "no":

    P(v) = softmax_v [ log p(line with v | turn) - log p(line with v | blank) + log prior(v) ]

Lines about one turn share their beginning, so its probability cancels. The blank is a turn
without content in the same window: what a model prefers to write whatever it has read, long
names and rare words, cancels as well.

Reference: Zhao et al., Calibrate Before Use (arXiv 2102.09690), section 4: contextual calibration
with a content-free input.
"""

from collections.abc import Mapping, Sequence
from math import exp, fsum, isfinite, log

from curation.feedback.detector import Finding, TurnLabel
from curation.feedback.rubric import RubricItem, of_polarity
from curation.models.protocols import LikelihoodResult
from schemas.errors import ModelError
from schemas.records import POLARITIES, RELATIONS, STATES

ABSENT = "no"
"""What stands for no kind of a polarity."""

_WORDS = {"satisfaction": "satisfied", "dissatisfaction": "dissatisfied"}


def options(rubric: Mapping[str, RubricItem]) -> dict[str, list[str]]:
    """What may stand after each subject of a turn.

    >>> from curation.feedback.rubric import RUBRIC
    >>> {subject: len(values) for subject, values in options(RUBRIC).items()}
    {'satisfied': 10, 'dissatisfied': 10, 'state': 4, 'relation': 2}
    """
    kinds = {
        _WORDS[polarity]: [ABSENT, *(item.name for item in of_polarity(rubric, polarity))]
        for polarity in POLARITIES
    }
    return {**kinds, "state": list(STATES), "relation": list(RELATIONS)}


def lines(turns: Sequence[int], rubric: Mapping[str, RubricItem]) -> list[str]:
    """Every line about every turn, in the order in which `read_likelihoods` takes the answers.

    >>> from curation.feedback.rubric import RUBRIC
    >>> lines([2], RUBRIC)[:2]
    ['Turn 2 satisfied: no', 'Turn 2 satisfied: gratitude']
    """
    return [
        f"Turn {turn} {subject}: {value}"
        for turn in turns
        for subject, values in options(rubric).items()
        for value in values
    ]


def read_likelihoods(
    answer: LikelihoodResult,
    turns: Sequence[int],
    rubric: Mapping[str, RubricItem],
    base_rates: tuple[float, float],
    method: str,
) -> list[TurnLabel]:
    """The labels that the likelihoods of the lines give.

    Input: the answer for `lines` of the blank turn and of `turns`. Parameters: base_rates: prior
    probability of satisfaction and of dissatisfaction in a user turn.

    Raises: ModelError when these are not the likelihoods of the lines, or are no numbers.
    """
    choices = options(rubric)
    count = sum(map(len, choices.values()))
    sums = [fsum(tokens) for tokens in answer.continuations]
    if len(sums) != count * (len(turns) + 1):
        raise ModelError(f"{len(sums)} lines scored, expected {count * (len(turns) + 1)}")
    if not all(map(isfinite, sums)):
        raise ModelError("the likelihood of a line is no number: the model is broken")
    blank = sums[:count]
    priors = [x for name, values in choices.items() for x in _log_priors(name, values, base_rates)]
    labels = []
    for position, turn in enumerate(turns, 1):
        own = sums[position * count : (position + 1) * count]
        evidence = [x - b + p for x, b, p in zip(own, blank, priors, strict=True)]
        labels.append(_label(turn, evidence, choices, method))
    return labels


def _log_priors(
    subject: str, values: Sequence[str], base_rates: tuple[float, float]
) -> list[float]:
    if subject not in _WORDS.values() or len(values) == 1:
        return [0.0] * len(values)
    rate = base_rates[list(_WORDS.values()).index(subject)]
    return [log(1 - rate), *[log(rate / (len(values) - 1))] * (len(values) - 1)]


def _label(
    turn: int, evidence: Sequence[float], choices: Mapping[str, Sequence[str]], method: str
) -> TurnLabel:
    likeliest, present, start = {}, {}, 0
    for subject, values in choices.items():
        probabilities = _softmax(evidence[start : start + len(values)])
        start += len(values)
        best = max(range(len(values)), key=lambda i: (probabilities[i], -i))
        likeliest[subject] = values[best]
        if values[0] == ABSENT:
            kinds = dict(zip(values[1:], probabilities[1:], strict=True))
            likeliest[subject] = max(kinds, key=lambda kind: kinds[kind], default=ABSENT)
            present[subject] = min(1.0, fsum(kinds.values()))
    findings = [
        Finding(kind, f"{word}: {kind}, by likelihood", present[word], polarity)
        for polarity, word in _WORDS.items()
        if present[word] >= 0.5 and (kind := likeliest[word]) != ABSENT
    ]
    return TurnLabel(
        turn,
        present["dissatisfied"],
        present["satisfied"],
        tuple(sorted(findings)),
        likeliest["state"],
        likeliest["relation"],
        method,
    )


def _softmax(values: Sequence[float]) -> list[float]:
    top = max(values)
    weights = [exp(value - top) for value in values]
    total = fsum(weights)
    return [weight / total for weight in weights]
