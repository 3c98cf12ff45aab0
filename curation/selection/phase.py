"""A phase of a selection: one that needs a fact about all pairs that are left."""

from abc import ABC, abstractmethod
from typing import Any

import polars as pl


class Phase(ABC):
    """Gathers facts from frames of pairs, in any parts and any order, then decides by them.

    An accumulator is what was gathered from some frames; `add` may change the one that it is
    given. Facts are small, can be pickled, and are the same however the pairs were parted.
    """

    name: str
    """What the phase is called, unique in a selection."""

    @abstractmethod
    def start(self) -> Any:
        """An accumulator of nothing."""

    @abstractmethod
    def add(self, accumulator: Any, frame: pl.DataFrame) -> Any:
        """The accumulator with a working frame's pairs that are kept so far."""

    @abstractmethod
    def merge(self, one: Any, other: Any) -> Any:
        """What both accumulators have gathered."""

    @abstractmethod
    def facts(self, accumulator: Any) -> Any:
        """What the phase decides by."""

    @abstractmethod
    def decide(self, frame: pl.DataFrame, facts: Any) -> pl.DataFrame:
        """A working frame after this phase."""

    def notes(self, facts: Any) -> dict[str, int]:
        """Numbers about the facts that a report should show, by name; none by default."""
        return {}
