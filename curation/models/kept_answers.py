"""Answers of a batch that failed as a whole, kept until its halves are asked again.

Whoever asks a batch gets all of its answers or one exception, and then halves the batch to
find the culprit (`curation.models.isolation`). On a server every answer is paid for, so what
was answered beside a failure is kept here and handed out to the halves. The failure is kept
too: it is raised again for every smaller batch down to the request alone, so that a culprit
is given up once, not once for each halving. A batch that is not smaller than the one that
failed is a new try, and asks anew.
"""

from collections import OrderedDict
from typing import Generic, NamedTuple, TypeVar

Answer = TypeVar("Answer")


class _Kept(NamedTuple):
    result: object
    copies: int
    size: int


class KeptAnswers(Generic[Answer]):
    """Results by the key of their request; each is handed out once and then dropped.

    Parameters: `limit`, the number of results kept; beyond it the oldest are dropped, which
    costs a repeated question and nothing else. Not for use from several threads.

    >>> kept = KeptAnswers[str](limit=10)
    >>> kept.keep("a", "answer", copies=1, size=2)
    >>> kept.take("a", copies=1, size=1), kept.take("a", copies=1, size=1)
    ('answer', None)
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._results: OrderedDict[str, _Kept] = OrderedDict()

    def keep(self, key: str, result: Answer | Exception, copies: int, size: int) -> None:
        """Keep the result of a request that stood `copies` times in a batch of `size`."""
        before = self._results.pop(key, None)
        copies += before.copies if before else 0
        self._results[key] = _Kept(result, copies, size)
        while len(self._results) > self._limit:
            self._results.popitem(last=False)

    def take(self, key: str, copies: int, size: int) -> Answer | Exception | None:
        """Give what was kept for a request that stands `copies` times in a batch of `size`."""
        kept = self._results.pop(key, None)
        if kept is None or (isinstance(kept.result, Exception) and size >= kept.size):
            return None
        if kept.copies > copies:
            self._results[key] = kept._replace(copies=kept.copies - copies)
        return kept.result  # type: ignore[return-value]
