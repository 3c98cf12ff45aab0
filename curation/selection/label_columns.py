"""The columns of a pair that say how far its label is to be believed, made of stored measures.

Nothing here asks a model: margins, labels and probabilities are columns of the pair already.
"""

from collections.abc import Iterator, Mapping
from math import inf, isfinite, isnan
from typing import Literal, NamedTuple

from curation.selection.annotators import Annotator, Observation
from curation.selection.certainty import UNCERTAINTIES, uncertainty_of
from curation.selection.ensemble import ensemble
from curation.selection.jury import is_label, jury_share, verdict
from curation.selection.label_noise import EmSettings, bin_of, label_posterior, log_odds
from schemas.errors import UsageError
from schemas.records import PreferencePair

MARGINS = ("margin", "rubric_margin", "ensemble_mean", "implicit_margin")
"""Columns that are log-odds of the chosen side, once multiplied by `beta`."""
PROBABILITIES = ("dropout_probability",)
"""Columns that are its probability."""


class LabelSettings(NamedTuple):
    """What is estimated of labels.

    Parameters: `annotators`, whose reliability: of each `source`, whose label is the order in
    which a pair has its sides, or of each `annotator` named in the pair's `labels`; None: no
    label_posterior. `probability`, the column that says how probable a model holds the chosen
    side, one of `MARGINS` or `PROBABILITIES`; `beta`, what makes a margin log-odds in nats.
    `uncertainty`, the column that `uncertainty` is made of, one of
    `curation.selection.certainty.UNCERTAINTIES`; None leaves it as it is. `em`, see there.
    """

    annotators: Literal["source", "annotator"] | None = None
    probability: str = "margin"
    beta: float = 1.0
    uncertainty: str | None = None
    em: EmSettings = EmSettings()

    def check(self) -> "LabelSettings":
        """These settings. Raises: UsageError for ones that mean nothing."""
        if self.annotators not in (None, "source", "annotator"):
            raise UsageError(f"annotators {self.annotators!r}: expected source or annotator")
        if self.probability not in (*MARGINS, *PROBABILITIES):
            known = ", ".join((*MARGINS, *PROBABILITIES))
            raise UsageError(f"probability {self.probability!r}: expected one of {known}")
        if not 0 < self.beta < inf:
            raise UsageError(f"beta {self.beta}: expected a number above 0")
        if self.uncertainty is not None and self.uncertainty not in UNCERTAINTIES:
            known = ", ".join(UNCERTAINTIES)
            raise UsageError(f"uncertainty of {self.uncertainty!r}: expected one of {known}")
        self.em.check()
        return self


class Labelled(NamedTuple):
    """A pair with its columns, and what about it is to be counted."""

    pair: PreferencePair
    notes: tuple[str, ...] = ()
    """`bad_margin`: no finite number; `single_margin`: no ensemble for lack of one; `bad_label`: no
    number from 0 to 1; `no_probability`, `no_label`, `unknown_reliability`: no label_posterior
    for lack of it; `no_uncertainty`: its column has no value, or an impossible one."""


def with_ensemble_and_jury(pair: PreferencePair) -> Labelled:
    """Fill the ensemble's columns from `margins` and jury_share from `labels`.

    What a pair has no margins or labels for stays as it is. Values that cannot be are left out.
    """
    margins = [margin.value for margin in pair.margins if isfinite(margin.value)]
    labels = [label.value for label in pair.labels if is_label(label.value)]
    notes = ["bad_margin"] * (len(pair.margins) - len(margins))
    notes += ["bad_label"] * (len(pair.labels) - len(labels))
    if len(margins) == 1:
        notes.append("single_margin")
    if len(margins) > 1:
        mean, std, agreement = ensemble(margins)
        pair = pair._replace(ensemble_mean=mean, ensemble_std=std, ensemble_agreement=agreement)
    elif pair.margins:
        pair = pair._replace(ensemble_mean=None, ensemble_std=None, ensemble_agreement=None)
    if pair.labels:
        pair = pair._replace(jury_share=jury_share(labels) if labels else None)
    return Labelled(pair, tuple(notes))


def observations(
    pair: PreferencePair, settings: LabelSettings
) -> Iterator[tuple[str, Observation]]:
    """What a pair tells of annotators: of whom, and what.

    Labels for neither side tell nothing. Repeated labels are those of one name; where sources are
    the annotators, all labels of a pair are its source's.
    """
    odds = odds_of(pair, settings)
    if odds is not None:
        for name, agrees in _votes(pair, settings):
            yield name, Observation(place=bin_of(odds if agrees else -odds))
    said: dict[str, list[bool]] = {}
    for name, agrees in _sided_labels(pair):
        said.setdefault(pair.source if settings.annotators == "source" else name, []).append(agrees)
    for name, sides in said.items():
        if len(sides) > 1:
            yield name, Observation(votes=(sum(sides), len(sides) - sum(sides)))


def with_posterior(
    pair: PreferencePair, annotators: Mapping[str, Annotator], settings: LabelSettings
) -> Labelled:
    """Fill label_posterior: of all labels that are known to tell something, and of the model.

    Input: the annotators by name, see `observations`.
    """
    odds, votes = odds_of(pair, settings), _votes(pair, settings)
    known = [
        (trust, agrees)
        for name, agrees in votes
        if name in annotators and (trust := annotators[name].reliability.value) is not None
    ]
    posterior, note = None, ""
    if not votes:
        note = "no_label"
    elif odds is None:
        note = "no_probability"
    elif not known:
        note = "unknown_reliability"
    else:
        posterior = label_posterior(odds, known)
    return Labelled(pair._replace(label_posterior=posterior), (note,) if note else ())


def with_uncertainty(pair: PreferencePair, settings: LabelSettings) -> Labelled:
    """Fill uncertainty from the column that the settings name."""
    if settings.uncertainty is None:
        return Labelled(pair)
    value = uncertainty_of(pair, settings.uncertainty)
    notes = ("no_uncertainty",) if value is None else ()
    return Labelled(pair._replace(uncertainty=value), notes)


def odds_of(pair: PreferencePair, settings: LabelSettings) -> float | None:
    """Log-odds (nats) of the chosen side, by the column that the settings name.

    Output: None where the pair has no value there, or an impossible one.
    """
    value = getattr(pair, settings.probability)
    if value is None:
        return None
    if settings.probability in PROBABILITIES:
        return log_odds(value) if 0 <= value <= 1 else None
    return None if isnan(value) else settings.beta * value


def _votes(pair: PreferencePair, settings: LabelSettings) -> list[tuple[str, bool]]:
    """Whose label it is, and whether it is for the chosen side."""
    return [(pair.source, True)] if settings.annotators == "source" else _sided_labels(pair)


def _sided_labels(pair: PreferencePair) -> list[tuple[str, bool]]:
    return [
        (label.name, label.value > 0.5)
        for label in pair.labels
        if is_label(label.value) and verdict(label.value) != 0.5
    ]
