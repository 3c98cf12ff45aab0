"""Whether a reply refuses: by the flags that the pair has, else by how the reply begins."""

from collections.abc import Sequence

from curation.selection.refusals import REFUSAL, stance

_FLAGS = ("refusal:chosen", "refusal:rejected")


def refusals(flags: Sequence[str] | None, chosen: str, rejected: str) -> tuple[int, int]:
    """1 for each side that refuses, chosen and rejected, else 0.

    Flags say it where the pair was measured (`curation.selection.flags`: refusals of harmless
    requests); without flags a phrase at the beginning does, whatever was asked for.

    >>> refusals(None, "Sure: add salt.", "I'm sorry, but I can't help with that.")
    (0, 1)
    >>> refusals(("refusal:chosen",), "No.", "I'm sorry, but I can't help with that.")
    (1, 0)
    """
    if flags is not None:
        return int(_FLAGS[0] in flags), int(_FLAGS[1] in flags)
    return int(stance(chosen) == REFUSAL), int(stance(rejected) == REFUSAL)
