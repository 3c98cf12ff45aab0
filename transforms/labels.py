"""Labels and their noise: ensembles, juries, and how far each annotator is to be believed.

pairs → ensemble and jury ─┬─ what it tells of annotators → reliability of each ─┐
                           └──────────────────────────────────────── posterior ──┴→ uncertainty
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import apache_beam as beam

from curation.selection.annotators import (
    Annotator,
    Evidence,
    Observation,
    add,
    annotator,
    merge,
    no_evidence,
)
from curation.selection.judge_agreement import (
    JudgeAgreement,
    agreement_of_all,
    agreement_of_two,
    judge_pairs,
    profile,
)
from curation.selection.label_columns import (
    LabelSettings,
    observations,
    with_ensemble_and_jury,
    with_posterior,
    with_uncertainty,
)
from curation.selection.label_noise import EmSettings
from schemas.records import PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

STAGE = "labels"
"""The funnel's name for it; no pair goes."""


MOST_TOLD = 20
"""Most annotators, and pairs of judges, that the counts have notes of."""


class LabelsEstimated(NamedTuple):
    """Outputs of `EstimateLabels`."""

    pairs: beam.PCollection
    """`PreferencePair`, all of them, with their columns."""
    annotators: beam.PCollection
    """`Annotator`: how reliable each annotator or source is; empty unless it was asked for. The
    counts have notes of those with the most labels."""
    agreement: beam.PCollection
    """`JudgeAgreement`: of any two judges in `labels`, and of all; empty where none share pairs."""
    counts: beam.PCollection
    """Funnel counts of the stage `labels`."""


class EstimateLabels(Stage):
    """Say how far each label is to be believed, from stored margins, labels and probabilities.

    Input: PCollection[PreferencePair]. Output: `LabelsEstimated`; the pairs have the columns
    ensemble_mean, ensemble_std, ensemble_agreement, jury_share, label_posterior and uncertainty, as
    far as there is something to make them of. What cannot be used is left out and counted, see
    `curation.selection.label_columns.Labelled`.

    Parameters: `settings`, see `LabelSettings`. Only where annotators are asked for do pairs wait
    until all have been seen.

    Raises: UsageError for settings that mean nothing, when built.

    References: Secrets of RLHF II (arXiv 2401.06080), LCPO (arXiv 2509.24159), rDPO (arXiv
    2403.00409).

    >>> from schemas.records import Message, NamedScore, Provenance
    >>> said = [(Message(role, text),) for role, text in
    ...         (("user", "Name a bird."), ("assistant", "Wren."), ("assistant", "Oak."))]
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> pair = PreferencePair("i", *said, *[None] * 6, "existing", "s", "c", None, None, origin, "",
    ...                       margins=(NamedScore("a", 1.0), NamedScore("b", 2.0)))
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     pairs = (pipeline | beam.Create([pair]) | EstimateLabels()).pairs
    ...     _ = pairs | beam.Map(lambda p: print(p.ensemble_mean, p.ensemble_std))
    1.5 0.5
    """

    def __init__(self, settings: LabelSettings = LabelSettings()) -> None:
        super().__init__()
        self._settings = settings.check()

    def expand(self, pairs: beam.PCollection) -> LabelsEstimated:
        """Fill what each pair holds itself, then what takes all of them."""
        voted = pairs | "Ensemble and jury" >> beam.ParDo(_Vote(STAGE)).with_outputs(
            COUNTS, main="pairs"
        )
        known: Any = {}
        found = pairs.pipeline | "Nobody" >> beam.Create([])
        if self._settings.annotators:
            found = voted.pairs | "Annotators" >> _FindAnnotators(self._settings)
            named = found | "By name" >> beam.Map(lambda who: (who.name, who))
            known = beam.pvalue.AsDict(named)
        done = voted.pairs | "Posterior and uncertainty" >> beam.ParDo(
            _Estimate(STAGE, self._settings), known
        ).with_outputs(COUNTS, main="pairs")
        agreement = voted.pairs | "Agreement" >> _Agree()
        told = (
            found | "Most labels" >> beam.combiners.Top.Of(MOST_TOLD, key=_labels_of),
            agreement | "Most shared" >> beam.combiners.Top.Of(MOST_TOLD, key=_shared_of),
        ) | "Told" >> beam.Flatten()
        notes = told | "As notes" >> beam.FlatMap(_notes).with_output_types(Count)
        counts = (voted[COUNTS], done[COUNTS], notes) | "Counts" >> beam.Flatten()
        return LabelsEstimated(done.pairs, found, agreement, counts)


@beam.typehints.with_output_types(PreferencePair, counts=Count)
class _Vote(CountingDoFn):
    def process(self, pair: PreferencePair) -> Iterator[PreferencePair]:
        self.tally["in"] += 1
        voted = with_ensemble_and_jury(pair)
        self.tally.update(f"note:{note}" for note in voted.notes)
        yield voted.pair


@beam.typehints.with_output_types(PreferencePair, counts=Count)
class _Estimate(CountingDoFn):
    def __init__(self, stage: str, settings: LabelSettings) -> None:
        super().__init__(stage)
        self._settings = settings

    def process(
        self, pair: PreferencePair, annotators: Mapping[str, Annotator]
    ) -> Iterator[PreferencePair]:
        notes: tuple[str, ...] = ()
        if self._settings.annotators:
            pair, notes = with_posterior(pair, annotators, self._settings)
        pair, more = with_uncertainty(pair, self._settings)
        self.tally.update(f"note:{note}" for note in (*notes, *more))
        self.tally["out"] += 1
        yield pair


class _FindAnnotators(Stage):
    """PCollection[PreferencePair] → PCollection[Annotator]."""

    def __init__(self, settings: LabelSettings) -> None:
        super().__init__()
        self._settings = settings

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        settings = self._settings
        seen = pairs | "What it tells" >> beam.FlatMap(
            observations, settings=settings
        ).with_output_types(tuple[str, Any])
        return (
            seen
            | "Add up" >> beam.CombinePerKey(_AddUp())
            | "Reliability" >> beam.Map(_annotator, em=settings.em)
        )


class _AddUp(beam.CombineFn):
    """Observations of one annotator; no more of them is kept than there are bins."""

    def create_accumulator(self) -> Evidence:
        return no_evidence()

    def add_input(self, accumulator: Evidence, seen: Observation) -> Evidence:
        return add(accumulator, seen)

    def merge_accumulators(self, accumulators: Iterable[Evidence]) -> Evidence:
        return merge(accumulators)

    def extract_output(self, accumulator: Evidence) -> Evidence:
        return accumulator


def _labels_of(annotator: Annotator) -> tuple[int, str]:
    return annotator.reliability.labels, annotator.name


def _shared_of(found: JudgeAgreement) -> tuple[int, tuple[str, ...]]:
    return found.agreement.items, found.judges


def _notes(told: list[Annotator] | list[JudgeAgreement]) -> Iterator[Count]:
    """Shares in thousandths, since counts are whole numbers."""
    for one in told:
        if isinstance(one, Annotator):
            who = one.name
            shares = {"reliability": one.reliability.value, "flip_rate": one.flips.value}
        else:
            who = " and ".join(one.judges) or "all judges"
            shares = {"kappa": one.agreement.kappa}
        for name, value in shares.items():
            if value is not None:
                yield (STAGE, f"note:{name}_per_mille of {who}"), round(1000 * value)


def _annotator(seen: tuple[str, Evidence], em: EmSettings) -> Annotator:
    return annotator(*seen, em)


class _Agree(Stage):
    """PCollection[PreferencePair] → PCollection[JudgeAgreement]."""

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        profiles = pairs | "Profiles" >> beam.FlatMap(_profiles)
        together = (
            profiles
            | "Of all" >> beam.CombineGlobally(_Tally())
            | "Fleiss" >> beam.Map(agreement_of_all)
            | "Of any" >> beam.Filter(lambda found: found.agreement.items > 0)
        )
        tables = pairs | "Any two judges" >> beam.FlatMap(judge_pairs).with_output_types(
            tuple[tuple[str, str], tuple[float, float]]
        )
        by_two = (
            tables
            | "Of each two" >> beam.CombinePerKey(_Tally())
            | "Cohen" >> beam.MapTuple(agreement_of_two)
        )
        return (together, by_two) | "Kappas" >> beam.Flatten()


class _Tally(beam.CombineFn):
    """How often each value occurs."""

    def create_accumulator(self) -> Counter[Any]:
        return Counter()

    def add_input(self, accumulator: Counter[Any], value: Any) -> Counter[Any]:
        accumulator[value] += 1
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Counter[Any]]) -> Counter[Any]:
        merged: Counter[Any] = Counter()
        for part in accumulators:
            merged.update(part)
        return merged

    def extract_output(self, accumulator: Counter[Any]) -> Counter[Any]:
        return accumulator


def _profiles(pair: PreferencePair) -> list[tuple[int, ...]]:
    found = profile(pair)
    return [] if found is None else [found]
