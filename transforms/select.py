"""Selection and split: decisions over stored scores, without any model."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import apache_beam as beam

from curation import progress
from curation.selection.thresholds import Selection, first_failed_filter
from schemas.ids import unit_interval
from schemas.records import Drop, PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage


class Selected(NamedTuple):
    """Outputs of `SelectPairs`."""

    pairs: beam.PCollection
    """`PreferencePair`: the kept ones."""
    pool: beam.PCollection
    """`PreferencePair`: the others, as they came in, for another selection."""
    drops: beam.PCollection
    """`Drop`: the others, each with the filter and the value that did it."""
    counts: beam.PCollection
    """Funnel counts of the stage `select`."""


class SelectPairs(Stage):
    """Keep the pairs whose scores are within bounds.

    Input: PCollection[PreferencePair]. Output: `Selected`.

    Parameters: `selection`, see `curation.selection.thresholds.Selection`.
    """

    def __init__(self, selection: Selection = Selection()) -> None:
        super().__init__()
        self._selection = selection

    def expand(self, pairs: beam.PCollection) -> Selected:
        """Decide on each pair."""
        decided = pairs | "Within bounds?" >> beam.ParDo(
            _Select("select", self._selection)
        ).with_outputs(COUNTS, "drops", "pool", main="pairs")
        return Selected(decided.pairs, decided.pool, decided.drops, decided[COUNTS])


@beam.typehints.with_output_types(PreferencePair, drops=Drop, pool=PreferencePair, counts=Count)
class _Select(CountingDoFn):
    def __init__(self, stage: str, selection: Selection) -> None:
        super().__init__(stage)
        self._selection = selection

    def process(self, pair: PreferencePair) -> Iterator[Any]:
        self.tally["in"] += 1
        drop = first_failed_filter(pair, self._selection)
        if drop:
            self.tally[f"drop:{drop.filter}"] += 1
            yield beam.pvalue.TaggedOutput("drops", drop)
            yield beam.pvalue.TaggedOutput("pool", pair)
        else:
            self.tally["out"] += 1
            progress.count("pairs")
            yield pair


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


def assign_split(pair: PreferencePair, test: float, seed: int) -> PreferencePair:
    """The pair with its split filled in, see `AssignSplit`."""
    held_out = unit_interval(seed, f"split:{pair.provenance.group}") < test
    return pair._replace(split="test" if held_out else "train")
