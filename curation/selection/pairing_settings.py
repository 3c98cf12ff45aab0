"""How pairs are made of several scored responses: the settings, and which of them go together."""

from collections.abc import Callable
from typing import NamedTuple

from curation.selection.levels import LARGEST
from schemas.errors import UsageError

STRATEGIES = (
    "best_worst",
    "sweet_spot",
    "air",
    "divpo",
    "aepo",
    "ampo",
    "west_of_n",
    "random",
    "all",
)
"""Names of the strategies; see `curation.selection.strategies`."""
LARGEST_SUBSET = 32
"""Most responses of a subset."""
_CHOICES = {
    "strategy": STRATEGIES,
    "diversity": ("log_probability", "word_frequency", "embedding"),
    "rejected": ("bottom", "coreset", "opt_select"),
    "similarity": ("words", "embedding"),
}
_GO_WITH = {
    "k": ("sweet_spot",),
    "subset": ("aepo", "ampo", "west_of_n"),
    "diversity_weight": ("aepo",),
    "threshold": ("divpo",),
    "diversity": ("divpo",),
    "rejected": ("ampo",),
    "similarity": ("aepo", "ampo"),
    "min_score": ("air",),
    "min_margin": ("air",),
    "max_margin": ("air",),
    "max_variance": ("air",),
}
_BOTTOM = ("ampo", "bottom")
_RANGES: tuple[tuple[str, Callable[[float], bool], str], ...] = (
    ("length_penalty", lambda value: value >= 0, "0 or more"),
    ("tie", lambda value: value >= 0, "0 or more"),
    ("diversity_weight", lambda value: value >= 0, "0 or more"),
    ("k", lambda value: value > 0, "more than 0"),
    ("threshold", lambda value: 0 < value < 1, "a share between 0 and 1"),
    ("subset", lambda value: 2 <= value <= LARGEST_SUBSET, f"2 to {LARGEST_SUBSET}"),
    ("max_variance", lambda value: value > 0, "more than 0"),
    ("max_pairs", lambda value: value >= 1, "1 or more"),
)


class PairingSettings(NamedTuple):
    """How pairs are made of the responses to one prompt."""

    strategy: str = "best_worst"
    """One of `STRATEGIES`."""
    score: str | None = None
    """Name of the score that ranks; None: the first one that all responses have."""
    z_score: bool = False
    """Standardise the scores of each prompt first: margins are in standard deviations."""
    length_penalty: float = 0.0
    """Taken from the score, after standardising, for each 1,000 characters of a response."""
    tie: float = 0.0
    """Scores that differ by no more than this, after the penalty, are ties, and make no pair."""
    k: float = 2.0
    """Of sweet_spot: standard deviations below the mean of the rejected response."""
    subset: int | None = None
    """Of aepo and west_of_n: responses that are looked at; of ampo: rejected responses. None: 2 of
    aepo and ampo, all of west_of_n."""
    diversity_weight: float = 1.0
    """Of aepo: weight of diversity against representativeness."""
    threshold: float = 0.5
    """Of divpo: share of the responses that count as good, and as bad."""
    diversity: str = "word_frequency"
    """Of divpo: what is rare, by `log_probability` (per token where all responses have tokens,
    else per character), `word_frequency` or `embedding`."""
    rejected: str = "bottom"
    """Of ampo: which responses are rejected, by `bottom`, `coreset` or `opt_select`."""
    similarity: str = "words"
    """Of aepo and ampo: what makes responses alike, their `words` or their `embedding`."""
    min_score: float | None = None
    """Of air: smallest score of a chosen response, as it was given."""
    min_margin: float | None = None
    """Of air: smallest moderate margin."""
    max_margin: float | None = None
    """Of air: largest moderate margin."""
    max_variance: float | None = None
    """Of air: prompts whose scores, as they were given, vary more are left out."""
    max_pairs: int | None = None
    """Most pairs of one prompt; None: 1, of ampo `subset`, of all every pair."""


def check(settings: PairingSettings) -> None:
    """Refuse settings that cannot be meant.

    Raises: UsageError for an unknown name, a number outside its range, or a setting that the
    strategy does not have.

    >>> check(PairingSettings("sweet_spot", k=2.5))
    >>> check(PairingSettings("all", k=2.5))
    Traceback (most recent call last):
    schemas.errors.UsageError: candidates: k goes with sweet_spot, not with all
    """
    _check_names(settings)
    _check_numbers(settings)
    _check_air(settings)


def needs_vectors(settings: PairingSettings) -> bool:
    """Whether `choose` must be given a vector for each response.

    >>> needs_vectors(PairingSettings("divpo", diversity="embedding"))
    True
    """
    by = settings.diversity if settings.strategy == "divpo" else settings.similarity
    return by == "embedding"


def _check_names(settings: PairingSettings) -> None:
    values = settings._asdict()
    for name, choices in _CHOICES.items():
        if values[name] not in choices:
            raise _wrong(f"{name} {values[name]!r}: expected one of {', '.join(choices)}")
    for name, owners in _GO_WITH.items():
        given = values[name] != PairingSettings._field_defaults[name]
        if given and settings.strategy not in owners:
            raise _wrong(f"{name} goes with {' and '.join(owners)}, not with {settings.strategy}")
    if settings.similarity != "words" and (settings.strategy, settings.rejected) == _BOTTOM:
        raise _wrong("similarity goes with rejected coreset and opt_select, not with bottom")


def _check_numbers(settings: PairingSettings) -> None:
    values = settings._asdict()
    for name, value in values.items():
        if isinstance(value, float | int) and not abs(value) <= LARGEST:
            raise _wrong(f"{name} is {value}: expected a finite number")
    for name, fits, expected in _RANGES:
        if values[name] is not None and not fits(values[name]):
            raise _wrong(f"{name} is {values[name]}: expected {expected}")


def _check_air(settings: PairingSettings) -> None:
    low, high = settings.min_margin, settings.max_margin
    if settings.strategy == "air" and low is None and high is None:
        raise _wrong("air needs bounds of a moderate margin: name margin.min, margin.max or both")
    if low is not None and high is not None and low > high:
        raise _wrong(f"margin.min {low} is above margin.max {high}: no pair would be made")
    if high is not None and high <= settings.tie:
        raise _wrong(f"margin.max is {high}, and scores that differ by {settings.tie} are ties")


def _wrong(message: str) -> UsageError:
    return UsageError(f"candidates: {message}")
