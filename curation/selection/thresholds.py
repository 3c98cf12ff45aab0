"""What a selection asks for: plain values, one to one with the recipe's section `select`."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from schemas.errors import UsageError

SCORES = (
    "margin",
    "ln_ches",
    "ches",
    "chosen_score",
    "rubric_margin",
    "uncertainty",
    "ensemble_mean",
    "ensemble_std",
    "ensemble_agreement",
    "bald",
    "judge_consistency",
    "predictive_entropy",
    "implicit_margin",
    "label_posterior",
    "jury_share",
)
"""Scores that can be bounded, in the order in which their bounds decide."""
STRATA = ("source", "method", "language", "cluster", "policy")
"""By what pairs can be divided."""
TARGETS_OF = ("margin", "rubric_margin", "ensemble_mean", "implicit_margin")
"""Margins that soft targets can be made of."""


class Bounds(NamedTuple):
    """Inclusive bounds of a score, and shares of the pairs; None is no bound.

    Parameters: `low`, `high` in the score's unit; `lowest` or `highest`, the share of the pairs
    that is kept, in (0, 1]; `per`, one of `STRATA`: the share holds in each of them; `missing`,
    what becomes of pairs without the score, `keep` or `drop`, None as `Selection.keep_unscored`.
    """

    low: float | None = None
    high: float | None = None
    lowest: float | None = None
    highest: float | None = None
    per: str | None = None
    missing: str | None = None


class Truncation(NamedTuple):
    """Limits of a trainer in tokens, None for no limit, and which end it keeps."""

    max_prompt_tokens: int | None = None
    max_tokens: int | None = 1024
    mode: str = "keep_start"


class Gates(NamedTuple):
    """What a pair must not be; see `pipelines.recipe_select.Gates`."""

    identical: bool = True
    truncation: Truncation | None = Truncation()
    refusal: str = "both"
    compliance: str = "none"
    prompt: bool = True
    contradictions: str = "drop"
    range: bool = True
    language: bool = True


class Bands(NamedTuple):
    """Bands by the ensemble's mean margin (Secrets of RLHF II): flip, smooth, keep."""

    flip: float | None = None
    smooth: float = 0.0
    smoothing: float = 0.1


class SoftTargets(NamedTuple):
    """Targets sigma(gamma * margin) (MMPO), of one of `TARGETS_OF`."""

    gamma: float = 1.0
    of: str = "margin"


class UpoSampling(NamedTuple):
    """Shares of the pairs that are drawn by BALD: easy ones first, then hard ones (UPO)."""

    easy: float = 0.5
    hard: float = 0.2


class Mix(NamedTuple):
    """Weights or quotas of each stratum (`by`, one of `STRATA`), `*` for each other one."""

    by: str
    weights: Mapping[str, float] | None = None
    quotas: Mapping[str, int] | None = None
    total: int | None = None


class Selection(NamedTuple):
    """Which pairs are kept, which sides are exchanged, what is soft.

    Parameters: `bounds` by name of the score; `min_chosen_chars`; `max_chars_ratio` of the
    longer to the shorter side; `keep_unscored` keeps pairs that lack a score that is bounded;
    `methods` of the pairs, None for all; `certainty`, the half by the implicit margin's size
    that is kept, `small` or `large`; `z_score`, one of `STRATA`: margins are divided by their
    standard deviation in each; `gates`; `bands`; `soft_targets`; `sampling`; `mix`; `max_pairs`.
    """

    bounds: Mapping[str, Bounds] = {}
    min_chosen_chars: int = 1
    max_chars_ratio: float | None = None
    keep_unscored: bool = False
    methods: Sequence[str] | None = None
    certainty: str | None = None
    z_score: str | None = None
    gates: Gates = Gates()
    bands: Bands | None = None
    soft_targets: SoftTargets | None = None
    sampling: UpoSampling | None = None
    mix: Mix | None = None
    max_pairs: int | None = None


def checked(selection: Selection) -> Selection:
    """The selection itself, when it can be decided by.

    Raises: UsageError that names what is wrong: a score, a stratum or a word that does not
    exist, a number out of its range.

    >>> checked(Selection({"length": Bounds(1.0)}))
    Traceback (most recent call last):
        ...
    schemas.errors.UsageError: bounds: 'length' is no score: expected one of margin, ...
    """
    for name, bounds in selection.bounds.items():
        _one_of("bounds", name, SCORES, "score")
        _check_bounds(name, bounds)
    _one_of("certainty", selection.certainty, (None, "small", "large"))
    _one_of("z_score", selection.z_score, (None, *STRATA))
    gates = selection.gates
    for name in ("refusal", "compliance"):
        _one_of(name, getattr(gates, name), ("both", "chosen", "rejected", "none"))
    _one_of("contradictions", gates.contradictions, ("drop", "keep", "soft"))
    if gates.truncation:
        _one_of("truncation", gates.truncation.mode, ("keep_start", "keep_end"))
    if selection.soft_targets:
        _one_of("soft_targets", selection.soft_targets.of, TARGETS_OF)
    if selection.sampling:
        shares = selection.sampling
        _require(min(shares) >= 0 and 0 < sum(shares) <= 1, f"sampling: {shares}: shares of 0 to 1")
    if selection.mix:
        _check_mix(selection.mix)
    _require(selection.max_pairs is None or selection.max_pairs >= 1, "max_pairs: 1 or more")
    return selection


def _check_bounds(name: str, bounds: Bounds) -> None:
    given = [number for number in bounds[:4] if number is not None]
    _require(all(map(isfinite, given)), f"bounds: {name}: {bounds}: expected finite numbers")
    _require(bounds.lowest is None or bounds.highest is None, f"bounds: {name}: lowest or highest")
    for share in (bounds.lowest, bounds.highest):
        _require(share is None or 0 < share <= 1, f"bounds: {name}: {share} is no share")
    _one_of(f"bounds: {name}", bounds.per, (None, *STRATA))


def _check_mix(mix: Mix) -> None:
    _one_of("mix", mix.by, STRATA)
    _require((mix.weights is None) != (mix.quotas is None), "mix: name weights or quotas")
    for numbers in (mix.weights, mix.quotas):
        good = numbers is None or all(isfinite(n) and n >= 0 for n in numbers.values())
        _require(good, f"mix: {numbers}: expected numbers of 0 or more")
    _require(mix.weights is None or any(mix.weights.values()), "mix: all weights are 0")
    _require(mix.total is None or mix.total >= 1, "mix: total: 1 or more")


def _one_of(where: str, word: str | None, words: Sequence[str | None], kind: str = "value") -> None:
    expected = ", ".join(str(known) for known in words)
    _require(word in words, f"{where}: {word!r} is no {kind}: expected one of {expected}")


def _require(good: bool, message: str) -> None:
    if not good:
        raise UsageError(message)
