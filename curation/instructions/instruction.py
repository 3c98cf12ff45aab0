"""One verifiable instruction, and making one that suits given replies."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from curation.instructions.catalogue import kind_named
from curation.instructions.draw import Draw
from curation.instructions.view import View


class Instruction(NamedTuple):
    """Something that a user may ask of a reply, and that code can check.

    >>> short = Instruction("words_at_most", {"n": 3})
    >>> short.holds("It is e.g. blue."), short.holds("It is.")
    (False, True)
    >>> short.text(seed=1)
    'Your answer must not be longer than 3 words.'
    """

    kind: str
    """Name of one of `curation.instructions.catalogue.KINDS`."""
    parameters: Mapping[str, Any]
    """Its parameters, as JSON has them."""

    def holds(self, text: str | View) -> bool:
        """Whether a reply does what the instruction says.

        Raises: UsageError for an unknown kind, or parameters that are not of it;
        MissingExtraError for `language` without the extra `languages`.
        """
        kind = kind_named(self.kind)
        kind.check(self.parameters)
        return kind.holds(View(text) if isinstance(text, str) else text, self.parameters)

    def text(self, seed: int, identity: str = "") -> str:
        """The instruction in English, in one of its phrasings.

        Parameters: `seed` and `identity` draw the phrasing. Raises: UsageError as `holds`.
        """
        kind = kind_named(self.kind)
        kind.check(self.parameters)
        return kind.say(self.parameters, Draw(seed, identity))


def make_instruction(
    kind: str, kept: View | None, broken: View | None, draw: Draw
) -> Instruction | None:
    """An instruction of a kind that one reply keeps and another breaks, both beyond doubt.

    Parameters: None for a reply that does not matter. Output: None where the kind has nothing to
    offer for these replies. Raises: UsageError for an unknown kind.

    Reference: MAPL (arXiv 2505.12845): g_i(y, True | False).

    >>> short, long = View("It is blue."), View("It is as blue as the sky. " * 20)
    >>> make_instruction("words_at_most", short, long, Draw(0, "pair")).kind
    'words_at_most'
    >>> make_instruction("words_at_most", long, short, Draw(0, "pair"))
    """
    known = kind_named(kind)
    if any(view is not None and not view.text for view in (kept, broken)):
        return None
    for parameters in known.offers(kept, broken, draw.of(kind)):
        if all(
            known.is_clear(view, parameters) and known.holds(view, parameters) is wanted
            for view, wanted in ((kept, True), (broken, False))
            if view is not None
        ):
            return Instruction(kind, parameters)
    return None


def satisfied_by(kind: str, text: str, seed: int = 0) -> Instruction | None:
    """An instruction that a fixed reply keeps: MAPL's g_i(y, True); see `make_instruction`.

    >>> satisfied_by("no_commas", "It is blue.").holds("It is blue.")
    True
    """
    return make_instruction(kind, View(text), None, Draw(seed, text))


def violated_by(kind: str, text: str, seed: int = 0) -> Instruction | None:
    """An instruction that a fixed reply breaks: MAPL's g_i(y, False); see `make_instruction`.

    >>> violated_by("no_commas", "It is blue, I said.").holds("It is blue, I said.")
    False
    """
    return make_instruction(kind, None, View(text), Draw(seed, text))
