"""From several scored responses to one prompt to pairs, or to a ranking of all of them.

What is chosen are texts: neither the order of the responses nor a constant that is added to all
scores changes which (where a score itself is bounded, as by AIR's smallest one, it does). Equal
responses are told apart by a hash; numbers are compared as `curation.selection.levels` says.
"""

from collections.abc import Sequence
from math import isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

from curation.selection.comparable import comparable, measure_of, score_of
from curation.selection.pairing_settings import PairingSettings, check, needs_vectors
from curation.selection.picked import Chosen, Nothing, PickedPair
from curation.selection.strategies.apply import Asked, places_of
from schemas.errors import ModelError, UsageError
from schemas.records import CandidateSet, ScoredResponse

__all__ = [
    "Chosen",
    "Nothing",
    "PairingSettings",
    "PickedPair",
    "check",
    "choose",
    "measure_of",
    "needs_vectors",
    "ranking",
    "score_of",
]


def choose(
    responses: Sequence[ScoredResponse],
    settings: PairingSettings,
    seed: int,
    identity: str,
    vectors: ArrayLike | None = None,
) -> Chosen:
    """Make pairs of the responses to one prompt.

    Input: the responses; checked settings. Parameters: `seed` of the recipe; `identity` of the
    prompt, which draws and ties hang on; `vectors`, a row for each response, where
    `needs_vectors(settings)`. Output: pairs by places in `responses`, or why there is none.

    Raises: UsageError without the vectors that the settings need; ModelError for vectors that are
    not one row of finite numbers for each response.

    >>> from schemas.records import NamedScore
    >>> said = [("Yes.", 3.0), ("No.", 1.0), ("Yes, gladly.", 4.5), ("Maybe.", float("nan"))]
    >>> responses = [ScoredResponse(text, None, [NamedScore("rm", s)]) for text, s in said]
    >>> found = choose(responses, PairingSettings(), 0, "prompt")
    >>> found.pairs, found.left_out
    ((PickedPair(chosen=2, rejected=1, margin=3.5),), 1)
    """
    rows = _rows(responses, settings, vectors)
    measure = settings.score or measure_of(responses)
    if measure is None:
        return Chosen((), None, len(responses), 0, Nothing("no_common_score", None, None))
    scored = _scored(responses, measure)
    usable = [place for place in scored if _has_rarity(responses[place], settings)]
    left_out = len(responses) - len(usable)
    found = comparable(responses, usable, measure, settings, identity)
    if isinstance(found, Nothing):
        return Chosen((), measure, left_out, max(0, len(usable) - 1), found)
    repeated = len(usable) - len(found.places)
    own = None if rows is None else rows[list(found.places)]
    places = places_of(Asked(found, settings, seed, identity, own))
    if isinstance(places, Nothing):
        return Chosen((), measure, left_out, repeated, places)
    return Chosen(tuple(map(found.picked, places)), measure, left_out, repeated, None)


def ranking(candidates: CandidateSet, settings: PairingSettings) -> CandidateSet | Nothing:
    """All responses of a prompt in order, the best first.

    Responses without a usable score, and all but one with the same text, are left out; the id
    stays that of the input. Output: why there is none, with fewer than two responses left.

    >>> from schemas.records import NamedScore, Provenance
    >>> said = [ScoredResponse(text, None, [NamedScore("rm", len(text))]) for text in ("a", "bc")]
    >>> ranked = ranking(CandidateSet("0" * 32, [], said, "demo", None), PairingSettings())
    >>> [response.text for response in ranked.responses]
    ['bc', 'a']
    """
    measure = settings.score or measure_of(candidates.responses)
    if measure is None:
        return Nothing("no_common_score", None, None)
    usable = _scored(candidates.responses, measure)
    found = comparable(candidates.responses, usable, measure, settings, candidates.id)
    if isinstance(found, Nothing):
        return found
    order = sorted(range(len(found.places)), key=lambda place: -found.compared.levels[place])
    return candidates._replace(responses=[found.responses[place] for place in order])


def _rows(
    responses: Sequence[ScoredResponse], settings: PairingSettings, vectors: ArrayLike | None
) -> NDArray[np.float64] | None:
    if not needs_vectors(settings):
        return None
    if vectors is None:
        raise UsageError(f"candidates: {settings.strategy} by embedding needs sentence vectors")
    rows = np.asarray(vectors, np.float64)
    if rows.ndim != 2 or len(rows) != len(responses) or not np.isfinite(rows).all():
        raise ModelError(f"expected vectors of finite numbers, one for each of {len(responses)}")
    return rows


def _scored(responses: Sequence[ScoredResponse], measure: str) -> list[int]:
    """Places of the responses with a usable score."""
    return [place for place, one in enumerate(responses) if score_of(one, measure) is not None]


def _has_rarity(response: ScoredResponse, settings: PairingSettings) -> bool:
    """Whether a response has what its rarity is computed from."""
    if settings.strategy != "divpo" or settings.diversity != "log_probability":
        return True
    said = response.log_probability
    return isinstance(said, float | int) and isfinite(said) and said <= 0
