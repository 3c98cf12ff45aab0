"""Draws that depend on a seed and on names, and on nothing else."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from schemas.ids import unit_interval

T = TypeVar("T")


class Draw(NamedTuple):
    """A source of draws for one record.

    Parameters: `seed` of the run; `identity` of what is drawn for.
    """

    seed: int
    identity: str

    def of(self, name: str) -> "Draw":
        """The draws for a part of the record, independent of those for other parts."""
        return Draw(self.seed, f"{self.identity}:{name}")

    @property
    def unit(self) -> float:
        """A number in [0, 1)."""
        return unit_interval(self.seed, self.identity)

    def pick(self, items: Sequence[T]) -> T:
        """One of several items, each as likely as the others; always the same one.

        Raises: IndexError when there is none.

        >>> Draw(0, "a").pick("xyz") == Draw(0, "a").pick("xyz")
        True
        """
        return items[int(self.unit * len(items))]

    def shuffled(self, names: Iterable[str]) -> list[str]:
        """Names in an order that does not depend on the one they came in."""
        return sorted(names, key=lambda name: (self.of(name).unit, name))
