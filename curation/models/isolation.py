"""Finding the one record that a batch failed on, so that the others need not fail with it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from schemas.errors import ModelUnavailableError

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Failure(NamedTuple):
    """An item that the work could not be done for."""

    reason: str
    """Short and countable: the exception's class, in snake_case and without `_error`."""
    detail: str
    """The exception's message."""


def isolate_failures(
    work: Callable[[Sequence[Item]], Sequence[Answer]], items: Sequence[Item]
) -> list[Answer | Failure]:
    """Do batch work; when it raises, halve the batch until the culprits stand alone.

    Input: work that answers a whole batch or raises, and its items. Output: an answer or a
    `Failure` for each item, in order.

    Raises: ModelUnavailableError, ConnectionError and EOFError (a model in another process that
    has gone) as they come: they are no single item's fault.

    >>> def invert(numbers):
    ...     return [1 / n for n in numbers]
    >>> isolate_failures(invert, [2, 0, 4])
    [0.5, Failure(reason='zero_division', detail='division by zero'), 0.25]
    """
    if not items:
        return []
    try:
        answers = list(work(items))
        if len(answers) != len(items):
            raise RuntimeError(f"{len(items)} items asked, {len(answers)} answered")
        return list(answers)
    except (ModelUnavailableError, ConnectionError, EOFError):
        raise
    except Exception as error:
        if len(items) == 1:
            return [Failure(_reason(error), str(error)[:500])]
    half = len(items) // 2
    return [*isolate_failures(work, items[:half]), *isolate_failures(work, items[half:])]


def _reason(error: Exception) -> str:
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
