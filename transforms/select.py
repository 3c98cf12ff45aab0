"""Selection and split: decisions over stored columns, without any model.

pairs → columns → facts of all pairs, phase by phase
pairs ──────────→ decision by the facts → pairs, pool, drops
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import apache_beam as beam
import polars as pl
from apache_beam.transforms.window import GlobalWindows

from curation import progress
from curation.selection.decision import begin, decide, frame_of, left, phases
from curation.selection.flip import flipped
from curation.selection.phase import Phase
from curation.selection.thresholds import Selection, checked
from schemas.ids import unit_interval
from schemas.records import CandidateSet, Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

Divided = TypeVar("Divided", PreferencePair, CandidateSet)
"""What is in `train` or in `test`."""
STAGE = "select"
"""What the funnel calls the selection."""
BATCH_PAIRS = 1000
"""Most pairs that are decided about at once; the decision does not depend on it."""
BATCH_CHARS = 32_000_000
"""Characters of replies at which a batch is closed early."""


class Selected(NamedTuple):
    """Outputs of `SelectPairs`."""

    pairs: beam.PCollection
    """`PreferencePair`: the kept ones, with `target` as the selection says, and with their sides
    exchanged where it says so."""
    pool: beam.PCollection
    """`PreferencePair`: the others, and the kept ones whose sides were exchanged, all as they came
    in, for another selection."""
    drops: beam.PCollection
    """`Drop`: the others, each with the filter and the value that did it."""
    counts: beam.PCollection
    """Funnel counts of the stage `select`, with notes of what was `flipped` and `smoothed`."""


class SelectPairs(Stage):
    """Keep the pairs that a selection asks for: `curation.selection.decision` over a stream.

    Input: PCollection[PreferencePair]. Output: `Selected`. Shares, quotas and scales are facts of
    all pairs: a selection without them decides in one pass; with them, columns of the pairs (no
    texts) are read once more for each phase, and the facts, which are small, are side inputs.

    Parameters: `selection`, see `curation.selection.thresholds.Selection`; `seed` of what is drawn.

    Raises: UsageError for a selection that means nothing.
    """

    def __init__(self, selection: Selection = Selection(), seed: int = 0) -> None:
        super().__init__()
        self._selection = checked(selection)
        self._seed = seed

    def expand(self, pairs: beam.PCollection) -> Selected:
        """Gather the facts, then decide on each pair."""
        facts, notes = self._facts(pairs)
        decided = pairs | "Decide" >> beam.ParDo(
            _Decide(self._selection, self._seed), *map(beam.pvalue.AsSingleton, facts)
        ).with_outputs(COUNTS, "drops", "pool", main="pairs")
        counts = decided[COUNTS]
        if notes:
            counts = (counts, *notes) | "All counts" >> beam.Flatten()
        return Selected(decided.pairs, decided.pool, decided.drops, counts)

    def _facts(self, pairs: beam.PCollection) -> tuple[list[Any], list[Any]]:
        """Facts of each phase, and what is to be noted about them."""
        facts: list[Any] = []
        notes: list[Any] = []
        needed = phases(self._selection, self._seed)
        if needed:
            frames = pairs | "Columns" >> beam.ParDo(_Columns(self._selection))
        for phase in needed:
            found = frames | f"Facts of {phase.name}" >> beam.CombineGlobally(_Facts(phase))
            decide = beam.Map(_decided, phase, beam.pvalue.AsSingleton(found))
            frames = frames | f"Left after {phase.name}" >> decide.with_output_types(pl.DataFrame)
            note = beam.FlatMap(_notes, phase).with_output_types(Count)
            notes.append(found | f"Notes of {phase.name}" >> note)
            facts.append(found)
        return facts, notes


class _Batching(CountingDoFn):
    """Gives its subclasses pairs in batches, which end with the bundle."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(STAGE)
        self._selection = selection
        self._facts: tuple[Any, ...] = ()
        self._pairs: list[PreferencePair] = []
        self._chars = 0

    def start_bundle(self) -> None:
        super().start_bundle()
        self._pairs, self._chars = [], 0

    def process(self, pair: PreferencePair, *facts: Any) -> Iterator[Any]:
        self._facts = facts
        self._pairs.append(pair)
        self._chars += sum(len(m.content) for side in (pair.chosen, pair.rejected) for m in side)
        if len(self._pairs) >= BATCH_PAIRS or self._chars >= BATCH_CHARS:
            yield from self._taken()

    def finish_bundle(self) -> Iterator[Any]:
        for output in self._taken():
            if isinstance(output, beam.pvalue.TaggedOutput):
                windowed = GlobalWindows.windowed_value(output.value)
                yield beam.pvalue.TaggedOutput(output.tag, windowed)
            else:
                yield GlobalWindows.windowed_value(output)
        yield from super().finish_bundle()

    def _taken(self) -> Iterator[Any]:
        pairs, self._pairs, self._chars = self._pairs, [], 0
        if pairs:
            yield from self.decided(pairs)

    def decided(self, pairs: list[PreferencePair]) -> Iterator[Any]:
        """What comes of a batch."""
        raise NotImplementedError


@beam.typehints.with_output_types(pl.DataFrame)
class _Columns(_Batching):
    """The columns of the pairs that no rule about one pair takes out."""

    def decided(self, pairs: list[PreferencePair]) -> Iterator[pl.DataFrame]:
        yield left(begin(frame_of(pairs), self._selection))


@beam.typehints.with_output_types(PreferencePair, drops=Drop, pool=PreferencePair, counts=Count)
class _Decide(_Batching):
    def __init__(self, selection: Selection, seed: int) -> None:
        super().__init__(selection)
        self._seed = seed

    def decided(self, pairs: list[PreferencePair]) -> Iterator[Any]:
        found = decide(frame_of(pairs), self._selection, self._seed, self._facts)
        self.tally["in"] += len(pairs)
        for name, mark in (("flipped", "flip"), ("smoothed", "smoothed")):
            if n := int(found[mark].sum()):
                self.tally[f"note:{name}"] += n
        rows = zip(pairs, found.drop("id", "smoothed").rows(), strict=True)
        for pair, (name, value, threshold, target, flip) in rows:
            if name is not None:
                self.tally[f"drop:{name}"] += 1
                yield beam.pvalue.TaggedOutput("drops", Drop(pair.id, name, value, threshold))
                yield beam.pvalue.TaggedOutput("pool", pair)
                continue
            self.tally["out"] += 1
            progress.count("pairs")
            if flip:
                yield beam.pvalue.TaggedOutput("pool", pair)
            yield (flipped(pair) if flip else pair)._replace(target=target)


class _Facts(beam.CombineFn):
    """A phase's accumulators, as Beam adds and merges them."""

    def __init__(self, phase: Phase) -> None:
        self._phase = phase

    def create_accumulator(self) -> Any:
        return self._phase.start()

    def add_input(self, accumulator: Any, frame: pl.DataFrame) -> Any:
        return self._phase.add(accumulator, frame)

    def merge_accumulators(self, accumulators: Iterable[Any]) -> Any:
        merged = self._phase.start()
        for accumulator in accumulators:
            merged = self._phase.merge(merged, accumulator)
        return merged

    def extract_output(self, accumulator: Any) -> Any:
        return self._phase.facts(accumulator)


def _decided(frame: pl.DataFrame, phase: Phase, facts: Any) -> pl.DataFrame:
    return left(phase.decide(frame, facts))


def _notes(facts: Any, phase: Phase) -> Iterator[Count]:
    for name, number in sorted(phase.notes(facts).items()):
        yield (STAGE, f"note:{name}"), number


class AssignSplit(beam.PTransform):
    """Put each pair into `train` or `test`, all pairs of a group into the same.

    Input and output: PCollection[PreferencePair]. The split depends on the pair's
    `provenance.group` and the seed, so a conversation, its tree and its parts stay together and
    keep their side in later runs.

    Parameters: `test` share of groups, in [0, 1); `seed`.
    """

    def __init__(self, test: float = 0.1, seed: int = 0) -> None:
        super().__init__()
        self._test = test
        self._seed = seed

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        """Look at each pair's group."""
        return pairs | "By group" >> beam.Map(
            assign_split, test=self._test, seed=self._seed
        ).with_output_types(PreferencePair)


def assign_split(record: Divided, test: float, seed: int) -> Divided:
    """The pair or the ranking with its split filled in, see `AssignSplit`."""
    held_out = unit_interval(seed, f"split:{record.provenance.group}") < test
    return record._replace(split="test" if held_out else "train")
