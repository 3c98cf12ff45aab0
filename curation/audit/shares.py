"""The commonest kind of figure: of the pairs whose sides differ in something, who has it."""

from typing import Any, NamedTuple

from numpy.typing import NDArray

from curation.audit.chance import vote_test
from curation.audit.figure import Figure


class Sided(NamedTuple):
    """Which side of each pair has something, or has more of it."""

    signs: NDArray[Any]
    """+1 the chosen one, -1 the rejected one, 0 both or neither."""
    prompts: NDArray[Any]
    """What has one vote each."""
    ids: NDArray[Any]
    """Ids of the pairs."""


class Share(NamedTuple):
    """What a figure about shares says when it warns."""

    name: str
    """`Figure.name`."""
    meaning: str
    """`Figure.meaning`, up to when it warns."""
    threshold: float
    """From which share on, to either side."""


def share_figure(sided: Sided, share: Share, rate: float, examples: int, tests: int = 1) -> Figure:
    """Share of the chosen side among the pairs whose sides differ.

    Parameters: `rate`, the false alarms that this figure may give; `tests`, how many figures share
    that rate. Output: a figure that warns when the share is at or beyond `threshold`, or at or
    below 1 minus it, and a sign test with a vote for each prompt says it is no chance.

    >>> import numpy as np
    >>> sided = Sided(np.ones(20), np.arange(20), np.array([b"a"] * 20))
    >>> figure = share_figure(sided, Share("x", "Who has x.", 0.6), 0.01, 1)
    >>> figure.value, figure.warns, figure.examples
    (1.0, True, ('a',))
    """
    differ = sided.signs != 0
    n, wins = int(differ.sum()), int((sided.signs > 0).sum())
    meaning = f"{share.meaning} Warns from {share.threshold:g} or up to {1 - share.threshold:g}."
    if not n:
        return Figure(share.name, None, share.threshold, False, meaning, 0)
    p_value = min(1.0, tests * vote_test(sided.prompts[differ], sided.signs[differ]))
    most = 1 if 2 * wins >= n else -1
    warns = p_value <= rate and max(wins, n - wins) >= share.threshold * n
    shown = sided.ids[sided.signs == most][:examples]
    return Figure(
        share.name,
        wins / n,
        share.threshold,
        warns,
        meaning,
        n,
        p_value,
        rate / tests,
        tuple(key.decode() for key in shown),
    )
