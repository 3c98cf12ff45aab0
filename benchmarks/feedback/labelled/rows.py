"""What a labelled set is made of, and which users the weights were trained on."""

import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schemas import Conversation

TRAINING_SHARE = 7
"""Users of 10 whose conversations may be trained on; the others are for testing."""


class Labelled(NamedTuple):
    """One conversation with what people, or models, said of it."""

    conversation: Conversation
    """The messages; `id` is unique within its set."""
    user: str
    """Set and user, for example `recllmsim_human/User_7`: the unit that is split."""
    ratings: Mapping[int, tuple[float, ...]]
    """Ratings from 1 to 5 by the index of the USER turn that follows the rated reply; several
    where there were several annotators."""
    votes: tuple[str, ...] = ()
    """Tags of the whole conversation, one per vote: Positive, Negative, Both or NoFeedback."""


def may_train(user: str) -> bool:
    """Whether a user belongs to the part that weights may be trained on.

    A hash of the name decides, so the answer never changes.

    >>> may_train("recllmsim_human/User_7"), may_train("recllmsim_human/User_13")
    (True, False)
    """
    return zlib.crc32(user.encode()) % 10 < TRAINING_SHARE


def untrained(rows: Iterable[Labelled], trained: Iterable[str]) -> list[Labelled]:
    """The rows of users that no weights were trained on.

    Parameters: trained: names of users, as kept with the weights.
    """
    known = frozenset(trained)
    return [row for row in rows if row.user not in known]
