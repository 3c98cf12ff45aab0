"""Responses to one prompt made comparable: one score each, in an order that hangs on nothing.

The same text counts once, with the mean of its scores. The order is that of a hash of the prompt's
identity and the text, so that equal responses are told apart the same way wherever they stood in
the input, and no text is favoured in all prompts.
"""

from collections.abc import Sequence
from math import fsum, sqrt
from typing import NamedTuple

from curation.selection.levels import LARGEST, Levels, levels_of
from curation.selection.pairing_settings import PairingSettings
from curation.selection.picked import Nothing, PickedPair, Places
from schemas.ids import content_id
from schemas.records import ScoredResponse


class Comparable(NamedTuple):
    """The usable responses of one prompt, each text once, in the order of a hash."""

    places: tuple[int, ...]
    """Where they stand in the list that was given."""
    responses: tuple[ScoredResponse, ...]
    """The responses; of repeated ones one with the highest score."""
    scores: tuple[float, ...]
    """Their scores as they were given."""
    compared: Levels
    """What is compared: standardised where asked for, less the length penalty."""
    unit: float
    """What divided the scores: 1, or their standard deviation."""
    penalty: float
    """Taken for each character."""
    tie: int
    """Largest difference of levels that is none."""

    @property
    def texts(self) -> list[str]:
        """What the responses say."""
        return [response.text for response in self.responses]

    def margin(self, pair: Places) -> float:
        """How much better the first of two is, in the compared unit."""
        one, other = pair
        longer = len(self.responses[one].text) - len(self.responses[other].text)
        exact = (self.scores[one] - self.scores[other]) / self.unit - self.penalty * longer
        steps = self.compared.levels[one] - self.compared.levels[other]
        # Where hardly more than rounding is left, its sign is not that of the steps.
        return exact if exact * steps > 0 else steps * self.compared.step

    def picked(self, pair: Places) -> PickedPair:
        """A pair by its places in the list that was given."""
        return PickedPair(self.places[pair[0]], self.places[pair[1]], self.margin(pair))


def score_of(response: ScoredResponse, measure: str) -> float | None:
    """The score of a response by the name of the measure.

    Output: None where it is missing, no finite number, or beyond `levels.LARGEST`.

    >>> from schemas.records import NamedScore
    >>> response = ScoredResponse("Hi.", None, [NamedScore("helpful", 4.0)])
    >>> score_of(response, "helpful"), score_of(response, "honest")
    (4.0, None)
    """
    for name, value in response.scores or ():
        if name == measure:
            usable = isinstance(value, float | int) and abs(value) <= LARGEST
            return float(value) if usable else None
    return None


def measure_of(responses: Sequence[ScoredResponse]) -> str | None:
    """The first measure that all responses have, whatever order they stand in.

    Output: of the names that all have, the one that stands first on the whole; None without one.

    >>> from schemas.records import NamedScore
    >>> both = [NamedScore("honest", 1.0), NamedScore("helpful", 4.0)]
    >>> measure_of([ScoredResponse("A", None, both), ScoredResponse("B", None, both[1:])])
    'helpful'
    """
    ranks: dict[str, int] = {}
    seen: dict[str, int] = {}
    for response in responses:
        names = dict.fromkeys(name for name, _ in response.scores or ())
        for rank, name in enumerate(names):
            ranks[name] = ranks.get(name, 0) + rank
            seen[name] = seen.get(name, 0) + 1
    shared = [name for name, count in seen.items() if count == len(responses)]
    return min(shared, key=lambda name: (ranks[name], name), default=None)


def comparable(
    responses: Sequence[ScoredResponse],
    usable: Sequence[int],
    measure: str,
    settings: PairingSettings,
    identity: str,
) -> Comparable | Nothing:
    """Make the usable responses comparable.

    Input: all responses, the places of those that have a score by this measure. Output: `Nothing`
    with fewer than two of them, or two that say the same.
    """
    if len(usable) < 2:
        return Nothing("too_few_scored", float(len(usable)), 2.0)
    by_text: dict[str, list[int]] = {}
    for place in usable:
        by_text.setdefault(responses[place].text, []).append(place)
    if len(by_text) < 2:
        return Nothing("too_few_texts", float(len(by_text)), 2.0)
    given = {place: score_of(responses[place], measure) or 0.0 for place in usable}
    top = max(given.values())
    found = []
    for text, same in by_text.items():
        best = max(same, key=lambda place: (given[place], repr(responses[place])))
        # Means of differences do not change when a constant is added to all scores.
        below = fsum(given[place] - top for place in same) / len(same)
        score = given[best] if len(same) == 1 else top + below
        found.append((content_id("response", identity, text), below, score, best))
    found.sort()
    magnitude = max(abs(score) for score in given.values())
    means = [below for _, below, _, _ in found]
    unit = _deviation(means, magnitude) if settings.z_score else 1.0
    penalty = settings.length_penalty / 1000
    lengths = [len(responses[place].text) for *_, place in found]
    values = [low / unit - penalty * chars for low, chars in zip(means, lengths, strict=True)]
    compared = levels_of(values, magnitude / unit + penalty * max(lengths))
    return Comparable(
        tuple(place for *_, place in found),
        tuple(responses[place] for *_, place in found),
        tuple(score for *_, score, _ in found),
        compared,
        unit,
        penalty,
        compared.steps(settings.tie),
    )


def variance(values: Sequence[float]) -> float:
    """The variance of all of some values, the same for any order.

    >>> variance([1.0, 3.0])
    1.0
    """
    top = max(values)
    below = [value - top for value in values]
    mean = fsum(below) / len(below)
    return fsum((value - mean) ** 2 for value in below) / len(below)


def _deviation(values: Sequence[float], magnitude: float) -> float:
    """The standard deviation; 1 where the values differ by rounding alone."""
    if not any(levels_of(values, magnitude).levels):
        return 1.0
    return sqrt(variance(values))
