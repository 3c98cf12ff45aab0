"""Each strategy with its settings on the comparable responses of one prompt."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.selection.comparable import Comparable, variance
from curation.selection.likeness import (
    Similarities,
    distances,
    vector_similarities,
    word_rarities,
    word_similarities,
)
from curation.selection.pairing_settings import PairingSettings
from curation.selection.picked import Nothing, Places
from curation.selection.strategies.aepo import diverse_subset
from curation.selection.strategies.air import moderate_pairs
from curation.selection.strategies.ampo import best_against_several
from curation.selection.strategies.best_worst import best_worst
from curation.selection.strategies.divpo import rare_against_common
from curation.selection.strategies.draws import drawn
from curation.selection.strategies.every_pair import every_pair
from curation.selection.strategies.sweet_spot import sweet_spot

MAX_COMPARED = 512
"""Most responses to one prompt where each is compared with each other one."""
MAX_CLUSTERED = 128
"""Most responses to one prompt where they are clustered."""
_EACH_WITH_EACH = ("air", "aepo", "random", "all")
_ROUNDING = 1e-9
"""Share by which a variance may be above its bound."""
_SUBSET = 2

Found = Sequence[Places] | Nothing
"""Pairs, the foremost first, or why there is none."""


class Asked(NamedTuple):
    """What a strategy is asked: one prompt's responses, and how to choose."""

    found: Comparable
    settings: PairingSettings
    seed: int
    identity: str
    vectors: NDArray[np.float64] | None
    """One row a response, in their order; None where words are compared."""

    @property
    def levels(self) -> tuple[int, ...]:
        """The scores that are compared."""
        return self.found.compared.levels

    @property
    def tie(self) -> int:
        """Largest difference of levels that is none."""
        return self.found.tie

    def similarities(self) -> Similarities:
        """By vectors where they are given, else by words."""
        if self.vectors is None:
            return word_similarities(self.found.texts)
        return vector_similarities(self.vectors)

    def tied(self, places: Sequence[int]) -> Nothing:
        """Say that some responses have the same score."""
        ranked = sorted(places, key=lambda place: self.levels[place])
        margin = self.found.margin(Places(ranked[-1], ranked[0]))
        return Nothing("tied_scores", max(0.0, margin), self.settings.tie)


def places_of(asked: Asked) -> Found:
    """The pairs of one prompt by its strategy; never an empty list."""
    count, settings = len(asked.levels), asked.settings
    if (most := _most(settings)) is not None and count > most:
        return Nothing("too_many_responses", float(count), float(most))
    if max(asked.levels) <= asked.tie:
        return asked.tied(range(count))
    found = _STRATEGIES[settings.strategy](asked)
    if isinstance(found, Nothing):
        return found
    return found[: settings.max_pairs] or asked.tied(range(count))


def _most(settings: PairingSettings) -> int | None:
    """Most responses that can be compared, None for any number."""
    if settings.strategy == "ampo" and settings.rejected != "bottom":
        return MAX_CLUSTERED
    by_distance = settings.strategy == "divpo" and settings.diversity == "embedding"
    return MAX_COMPARED if by_distance or settings.strategy in _EACH_WITH_EACH else None


def _best_worst(asked: Asked) -> Found:
    return _among(asked, range(len(asked.levels)))


def _west_of_n(asked: Asked) -> Found:
    every = len(asked.levels)
    return _among(asked, drawn(asked.settings.subset or every, every, asked.seed, asked.identity))


def _aepo(asked: Asked) -> Found:
    size, weight = asked.settings.subset or _SUBSET, asked.settings.diversity_weight
    return _among(asked, diverse_subset(asked.similarities(), size, weight))


def _among(asked: Asked, places: Sequence[int]) -> Found:
    """The best against the worst of some of the responses."""
    # In order, so that of equal ones the same is taken however the subset was found.
    places = sorted(places)
    pair = best_worst([asked.levels[place] for place in places], asked.tie)
    if pair is None:
        return asked.tied(places)
    return [Places(places[pair.chosen], places[pair.rejected])]


def _sweet_spot(asked: Asked) -> Found:
    pair = sweet_spot(asked.levels, asked.settings.k, asked.tie)
    return [pair] if pair else []


def _all(asked: Asked) -> Found:
    return every_pair(asked.levels, asked.tie)


def _random(asked: Asked) -> Found:
    pairs = every_pair(asked.levels, asked.tie)
    # In an order that does not hang on the margins, so that the draw does not.
    ordered = sorted(pairs, key=lambda pair: (min(pair), max(pair)))
    count = asked.settings.max_pairs or 1
    picked = drawn(count, len(ordered), asked.seed, asked.identity)
    largest_first = {pair: place for place, pair in enumerate(pairs)}
    return sorted((ordered[place] for place in picked), key=largest_first.__getitem__)


def _air(asked: Asked) -> Found:
    settings, found = asked.settings, asked.found
    spread = variance(found.scores)
    most = settings.max_variance
    if most is not None and spread > most * (1 + _ROUNDING):
        return Nothing("scores_vary", spread, most)
    least = settings.min_score
    able = [least is None or score >= least for score in found.scores]
    if not any(able):
        return Nothing("low_scores", max(found.scores), least)
    # A step of slack: both ends of a margin were rounded.
    low = None if (low := settings.min_margin) is None else found.compared.steps(low) - 1
    high = None if (high := settings.max_margin) is None else found.compared.steps(high) + 1
    pairs = moderate_pairs(asked.levels, able, low, high, asked.tie)
    return pairs[: settings.max_pairs or 1] or _outside(asked, able)


def _outside(asked: Asked, able: Sequence[bool]) -> Nothing:
    """The margin that comes nearest to being moderate."""
    low, high = asked.settings.min_margin, asked.settings.max_margin
    misses = []
    for pair in every_pair(asked.levels, asked.tie):
        if able[pair.chosen]:
            margin = asked.found.margin(pair)
            below = low is not None and (high is None or margin < low)
            bound = low if below else high
            misses.append((abs(margin - (bound or 0.0)), margin, bound))
    if not misses:
        return asked.tied([place for place, good in enumerate(able) if good])
    _, margin, bound = min(misses)
    return Nothing("outside_margin", margin, bound)


def _divpo(asked: Asked) -> Found:
    settings = asked.settings
    if settings.diversity == "log_probability":
        rarities = _surprise(asked)
    elif settings.diversity == "embedding":
        rarities = distances(asked.similarities())
    else:
        rarities = word_rarities(asked.found.texts)
    pair = rare_against_common(asked.levels, rarities, settings.threshold, asked.tie)
    return [pair] if pair else []


def _surprise(asked: Asked) -> list[float]:
    """Minus the log-probability of each response, nats per token, else per character.

    Not of the whole response: of these, every long one would be rare.
    """
    responses = asked.found.responses
    tokens = [response.tokens or 0 for response in responses]
    if min(tokens) < 1:
        tokens = [max(1, len(response.text)) for response in responses]
    return [
        -(response.log_probability or 0.0) / count
        for response, count in zip(responses, tokens, strict=True)
    ]


def _ampo(asked: Asked) -> Found:
    settings = asked.settings
    return best_against_several(
        asked.levels,
        settings.subset or _SUBSET,
        how=settings.rejected,
        similarities=None if settings.rejected == "bottom" else asked.similarities(),
        unit=1 / asked.found.compared.step,
        tie=asked.tie,
    )


_STRATEGIES: Mapping[str, Callable[[Asked], Found]] = {
    "best_worst": _best_worst,
    "sweet_spot": _sweet_spot,
    "air": _air,
    "divpo": _divpo,
    "aepo": _aepo,
    "ampo": _ampo,
    "west_of_n": _west_of_n,
    "random": _random,
    "all": _all,
}
