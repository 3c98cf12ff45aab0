"""A kind of instruction: its words, its checker, and the parameters that suit a given reply."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from curation.instructions.draw import Draw
from curation.instructions.view import View
from schemas.errors import UsageError

Parameters = Mapping[str, Any]
"""Parameters of one instruction by name: integers, texts and lists of texts, as JSON has them."""


@dataclass(frozen=True)
class Kind:
    """A kind of verifiable instruction.

    Parameters: `name`; `topic`, what it speaks of: instructions of one topic are never combined;
    `phrasings`, what it says, with the parameters in braces; `types` of the parameters.
    """

    name: str
    topic: str
    phrasings: tuple[str, ...]
    types: Mapping[str, type]

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether a text does what the instruction says."""
        raise NotImplementedError  # protocol

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether nobody would judge otherwise than `holds` does: the text is of a script and form
        that the kind is made for, and far enough from the boundary."""
        raise NotImplementedError  # protocol

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """Parameters worth trying for an instruction that one text keeps and another breaks.

        Parameters: None for a text that does not matter; one of the two is there. Output: few,
        the best first; whoever takes one checks it with `holds` and `is_clear`.
        """
        raise NotImplementedError  # protocol

    def check(self, parameters: Parameters) -> None:
        """Refuse parameters that are not of this kind. Raises: UsageError."""
        if set(parameters) != set(self.types) or any(
            not _is_of(parameters[name], wanted) for name, wanted in self.types.items()
        ):
            wanted = ", ".join(f"{name} ({cls.__name__})" for name, cls in self.types.items())
            raise UsageError(
                f"instruction {self.name}: expected {wanted or 'no parameters'}, "
                f"got {dict(parameters)!r:.200}"
            )

    def say(self, parameters: Parameters, draw: Draw) -> str:
        """The instruction in words, in one of its phrasings."""
        n = parameters.get("n")
        words = {"s": "" if n == 1 else "s", **{k: _shown(v) for k, v in parameters.items()}}
        return draw.of(self.topic).pick(self.phrasings).format(**words)


Test = Callable[[View], bool]
"""Something that is true or false of a text."""


def always(view: View) -> bool:
    """True of every text that can be seen."""
    return bool(view.text)


@dataclass(frozen=True)
class Flag(Kind):
    """A kind without parameters: something is there, or is not.

    Parameters: `test`; `fits`, the texts on which the test is beyond doubt.
    """

    test: Test
    fits: Test = always

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether the test is true."""
        return self.test(view)

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether the text is one that the test is made for."""
        return self.fits(view)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """The only instruction that there is."""
        yield {}


def flag(name: str, topic: str, test: Test, *phrasings: str, fits: Test = always) -> Flag:
    """A `Flag`, written shortly."""
    return Flag(name, topic, phrasings, {}, test, fits)


def _is_of(value: Any, wanted: type) -> bool:
    if wanted is list:
        return (
            isinstance(value, list | tuple)
            and bool(value)
            and all(isinstance(item, str) and item for item in value)
        )
    if wanted is int:
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    return isinstance(value, wanted) and bool(value)


def _shown(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(f'"{item}"' for item in value)
    return str(value)
