"""Clusters of prompts: learnt from a sample, then each pair is told where its prompt belongs."""

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np

from curation.selection.clusters import Clusters, learn_clusters, request_text, sample_size
from curation.selection.semantics import Codes, codes
from schemas.errors import UsageError
from schemas.ids import seed_from
from schemas.records import PreferencePair
from transforms.counting import COUNTS, Count, CountingDoFn
from transforms.stage import Stage

Sample = dict[int, bytes]
"""Words of prompts, by their places in the draw."""


class Clustered(NamedTuple):
    """Outputs of `AssignClusters`."""

    pairs: beam.PCollection
    """`PreferencePair` with its cluster."""
    counts: beam.PCollection
    """Funnel counts of the stage `clusters`; the note `no_cluster` is of prompts that share no word
    with the sample."""


class AssignClusters(Stage):
    """Put the prompts of pairs into clusters by what they are about.

    Input: PCollection[PreferencePair]. Output: `Clustered`. Cluster 0 is the largest of the
    sample. The sample is the distinct prompts with the lowest hashes, some thousands: what is
    learnt, and so every cluster, is the same in any order and on any number of workers.

    Parameters: `clusters`, how many, at least 2; `seed` of the draw and of the beginnings.

    Raises: UsageError for fewer clusters.

    References: see `curation.selection.clusters` and `curation.selection.semantics`.

    >>> from transforms.clusters import AssignClusters
    >>> with beam.Pipeline("FnApiRunner") as pipeline:
    ...     made = pipeline | beam.Create([], reshuffle=False) | AssignClusters(2)
    ...     _ = made.counts | beam.Map(print)
    """

    def __init__(self, clusters: int, seed: int = 0) -> None:
        super().__init__()
        if clusters < 2:
            raise UsageError(f"clusters: {clusters}: at least 2")
        self._clusters = clusters
        self._seed = seed

    def expand(self, pairs: beam.PCollection) -> Clustered:
        """Draw a sample, learn from it, then pass the pairs by what was learnt."""
        learnt = (
            pairs
            | "Words" >> beam.Map(_drawn, self._seed).with_output_types(tuple[int, bytes])
            | "Sample" >> beam.CombineGlobally(LowestHashes(sample_size(self._clusters)))
            | "Learn" >> beam.Map(_learn, self._clusters, self._seed)
        )
        assigned = pairs | "Nearest" >> beam.ParDo(
            _Assign("clusters"), beam.pvalue.AsSingleton(learnt)
        ).with_outputs(COUNTS, main="pairs")
        return Clustered(assigned.pairs, assigned[COUNTS])


class LowestHashes(beam.CombineFn):
    """Of values by their hashes, those with the lowest; of equal hashes one.

    Parameters: `most`, how many.

    >>> draw = LowestHashes(2)
    >>> parts = [draw.add_input({}, (h, b"")) for h in (5, 3, 9, 3)]
    >>> sorted(draw.extract_output(draw.merge_accumulators(parts)))
    [3, 5]
    """

    def __init__(self, most: int) -> None:
        self._most = most

    def create_accumulator(self) -> Sample:
        """Nothing."""
        return {}

    def add_input(self, accumulator: Sample, value: tuple[int, bytes]) -> Sample:
        """Take a value, and let the highest go when they are twice too many."""
        accumulator[value[0]] = value[1]
        return accumulator if len(accumulator) < 2 * self._most else self._lowest(accumulator)

    def merge_accumulators(self, accumulators: Iterable[Sample]) -> Sample:
        """Those of all parts."""
        merged: Sample = {}
        for part in accumulators:
            merged = self._lowest(merged | part)
        return merged

    def compact(self, accumulator: Sample) -> Sample:
        """No more than is needed."""
        return self._lowest(accumulator)

    def extract_output(self, accumulator: Sample) -> Sample:
        """The values that are left."""
        return self._lowest(accumulator)

    def _lowest(self, sample: Sample) -> Sample:
        if len(sample) <= self._most:
            return sample
        return {rank: sample[rank] for rank in nsmallest(self._most, sample)}


def _drawn(pair: PreferencePair, seed: int) -> tuple[int, bytes]:
    text = request_text(pair.prompt)
    return seed_from(seed, f"cluster:{text}"), codes(text).astype("<i2").tobytes()


def _learn(sample: Sample, clusters: int, seed: int) -> Clusters:
    prompts: list[Codes] = [
        np.frombuffer(words, "<i2").astype(np.int64) for _, words in sorted(sample.items())
    ]
    return learn_clusters(prompts, clusters, seed)


@beam.typehints.with_output_types(PreferencePair, counts=Count)
class _Assign(CountingDoFn):
    def process(self, pair: PreferencePair, learnt: Clusters) -> Iterator[Any]:
        self.tally["in"] += 1
        self.tally["out"] += 1
        (cluster,) = learnt.nearest([codes(request_text(pair.prompt))])
        if cluster is None:
            self.tally["note:no_cluster"] += 1
        yield pair._replace(cluster=cluster)
