"""What comes of looking at several responses to one prompt: pairs of them, or why there is none."""

from typing import NamedTuple


class Places(NamedTuple):
    """Places of the two sides of a pair among the responses."""

    chosen: int
    rejected: int


class PickedPair(NamedTuple):
    """Two responses that make a pair."""

    chosen: int
    """Place of the better one in the list that was given."""
    rejected: int
    """Place of the worse one."""
    margin: float
    """How much better, above 0, in the unit that was compared: that of the score, or standard
    deviations of the prompt's scores; less the length penalty."""


class Nothing(NamedTuple):
    """Why a prompt has no pair."""

    reason: str
    """`no_common_score`: no measure that all responses have; `too_few_scored`: fewer than two
    responses with a usable score; `too_few_texts`: they all say the same; `too_many_responses`:
    more than can be compared with each other; `tied_scores`: none is better than another;
    `scores_vary`: the prompt's scores vary more than allowed; `low_scores`: no response is good
    enough to be chosen; `outside_margin`: no margin lies within the bounds."""
    value: float | None
    """What was found: a number of responses, a margin, a variance or a score."""
    threshold: float | None
    """What was asked for."""


class Chosen(NamedTuple):
    """The pairs of one prompt."""

    pairs: tuple[PickedPair, ...]
    """In the order of the strategy, the largest margin first where it has no other."""
    measure: str | None
    """Name of the score that decided."""
    left_out: int
    """Responses that have no usable score."""
    repeated: int
    """Usable responses whose text was there already; their scores are averaged."""
    nothing: Nothing | None
    """Set where there is no pair."""
