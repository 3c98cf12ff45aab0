"""Budgets: so many records and no more, drawn by a hash of their ids.

What is drawn depends on nothing but seed and ids, so it is the same in every run and any order.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import apache_beam as beam

from curation import progress
from schemas.ids import unit_interval
from schemas.records import Drop, PairDraft
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.deduplicate import Unique
from transforms.stage import Stage


def draft_id_of(draft: PairDraft) -> str:
    """The id of a draft."""
    return draft.pair.id


class KeepWithinBudget(Stage):
    """Keep at most so many records: the same ones in every run.

    Input: PCollection of records. Output: `Unique`, with a `Drop` (`over_budget`) for each that
    went; with no limit all stay.

    Parameters: `most`; `seed` of the draw; `stage`, the funnel's name; `identify(record)`, its id,
    by default a draft's; `record`, the class; `again`, the same records read a second time: with
    it the runner need not hold the first reading until the draw is made; `counter` of
    `curation.progress`.

    >>> from schemas.records import Document
    >>> posts = [Document(f"{n}", "", None, None, None, None, "s", None, {}) for n in range(9)]
    >>> draw = KeepWithinBudget(2, identify=lambda post: post.id, record=Document, stage="draw")
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     kept = (pipeline | beam.Create(posts) | draw).kept
    ...     _ = kept | beam.combiners.Count.Globally() | beam.Map(print)
    2
    """

    def __init__(
        self,
        most: int | None = None,
        seed: int = 0,
        *,
        stage: str = "budget",
        identify: Callable[[Any], str] = draft_id_of,
        record: type = PairDraft,
        again: beam.PCollection | None = None,
        counter: str | None = None,
    ) -> None:
        super().__init__()
        self._most = most
        self._rank = partial(_rank, seed=seed, identify=identify)
        self._keep = _WithinBudget(stage, self._rank, identify, counter)
        self._record = record
        self._again = again

    def expand(self, records: beam.PCollection) -> Unique:
        """Find the highest rank that is kept, then pass the records by it."""
        limit: Any = None
        if self._most is not None:
            read = records if self._again is None else self._again
            limit = beam.pvalue.AsSingleton(
                read
                | "Ranks" >> beam.Map(self._rank)
                | "Lowest ranks" >> beam.CombineGlobally(_Lowest(self._most))
            )
        keep = beam.ParDo(self._keep, limit).with_output_types(self._record)
        parted = records | "Within the budget?" >> keep.with_outputs(COUNTS, "removed", main="kept")
        return Unique(parted.kept, parted.removed, parted[COUNTS])


def _rank(record: Any, seed: int, identify: Callable[[Any], str]) -> float:
    """Place of a record in the draw, in [0, 1)."""
    return unit_interval(seed, f"budget:{identify(record)}")


class _Lowest(beam.CombineFn):
    """The n-th smallest of all values, or None when there are no more than n."""

    def __init__(self, n: int) -> None:
        self._n = n

    def create_accumulator(self) -> list[float]:
        return []

    def add_input(self, accumulator: list[float], value: float) -> list[float]:
        # A heap of negated values: the largest of the kept ones is on top.
        if len(accumulator) <= self._n:
            heapq.heappush(accumulator, -value)
        else:
            heapq.heappushpop(accumulator, -value)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[float]]) -> list[float]:
        merged: list[float] = []
        for part in accumulators:
            for value in part:
                self.add_input(merged, -value)
        return merged

    def extract_output(self, accumulator: list[float]) -> float | None:
        # One more than n is kept, so that "more than n" can be told from "exactly n".
        return -accumulator[0] if len(accumulator) > self._n else None


@beam.typehints.with_output_types(Any, removed=Drop, counts=Count)
class _WithinBudget(CountingDoFn):
    def __init__(
        self,
        stage: str,
        rank: Callable[[Any], float],
        identify: Callable[[Any], str],
        counter: str | None,
    ) -> None:
        super().__init__(stage)
        self._rank = rank
        self._identify = identify
        self._counter = counter

    def process(self, record: Any, limit: float | None) -> Iterator[Any]:
        self.tally["in"] += 1
        rank = self._rank(record)
        if limit is None or rank < limit:
            self.tally["out"] += 1
            if self._counter:
                progress.count(self._counter)
            yield record
        else:
            self.tally["drop:over_budget"] += 1
            drop = Drop(self._identify(record), "over_budget", rank, limit)
            yield beam.pvalue.TaggedOutput("removed", drop)
