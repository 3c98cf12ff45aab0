"""What a judge is shown: a conversation and two replies to it."""

from collections.abc import Sequence
from typing import NamedTuple

from curation.prompts.frame import defuse, unused_mark
from schemas.records import Message, PreferencePair

__all__ = ["LABELS", "Comparison", "compared", "defuse", "unused_mark"]

LABELS = ("A", "B")
"""Names of the two replies: the one shown first, the one shown second."""


class Comparison(NamedTuple):
    """Two replies to one prompt, neither of them preferred yet."""

    prompt: Sequence[Message]
    """History that ends with a user turn."""
    first: str
    second: str
    checklist: str = ""
    """What this user asks of a reply, where that is known; shown after the conversation."""

    def swapped(self) -> "Comparison":
        """The same comparison from the other side.

        >>> Comparison([Message("user", "Hi")], "Hello.", "Go away.").swapped().first
        'Go away.'
        """
        return self._replace(first=self.second, second=self.first)


def compared(pair: PreferencePair) -> Comparison:
    """A pair as a comparison: the chosen side is the first."""
    return Comparison(pair.prompt, pair.chosen[0].content, pair.rejected[0].content)
