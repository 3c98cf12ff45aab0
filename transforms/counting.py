"""Counting what goes into a stage and what comes out of it, exactly once.

Counts leave a DoFn as elements of the bundle they belong to: a bundle that is run again
counts once, on any runner, which its metrics would not.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.transforms.window import GlobalWindows

COUNTS = "counts"
"""Name of the output that carries counts."""
Count = tuple[tuple[str, str], int]
"""((stage, key), n), where key is `in`, `out` or `drop:` and a reason."""


class CountingDoFn(beam.DoFn):
    """A DoFn that tells how many records it took, gave and dropped.

    Subclasses call `self.tally[key] += n`; the counts leave through the output `COUNTS`, in the
    global window, which is the only one that this project works in.
    Parameters: `stage` is the funnel's name for it.
    """

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.tally: Counter[str] = Counter()

    def start_bundle(self) -> None:
        """Begin to count."""
        self.tally = Counter()

    def finish_bundle(self) -> Iterator[Any]:
        """Give the bundle's counts away."""
        for key, n in sorted(self.tally.items()):
            count: Count = ((self.stage, key), n)
            yield beam.pvalue.TaggedOutput(COUNTS, GlobalWindows.windowed_value(count))
