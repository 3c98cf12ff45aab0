"""How long to wait before a server is asked again."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple


class Backoff(NamedTuple):
    """Exponential back-off with jitter.

    >>> Backoff(first=1, longest=30).wait(failures=3, retry_after=None, jitter=1.0)
    4.0
    >>> Backoff(first=1, longest=30).wait(failures=9, retry_after=None, jitter=0.0)
    15.0
    >>> Backoff(first=1, longest_retry_after=60).wait(failures=1, retry_after=3600, jitter=0.5)
    60.0
    """

    first: float = 0.5
    """Seconds before the second attempt; doubled for each one after it."""
    longest: float = 30.0
    """Most seconds between two attempts, where the server does not ask for more."""
    longest_retry_after: float = 120.0
    """Most seconds that a server's `Retry-After` is granted."""

    def wait(self, failures: int, retry_after: float | None, jitter: float) -> float:
        """Seconds to wait after so many failures.

        Parameters: `retry_after`, what the server asked for, in seconds; `jitter`, a random
        number in [0, 1), which keeps clients that failed together from coming back together.
        """
        own = min(self.longest, self.first * 2 ** min(failures - 1, 62)) * (0.5 + jitter / 2)
        return float(max(own, min(retry_after or 0.0, self.longest_retry_after)))


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """Read a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or an HTTP date.

    Output: seconds from `now`, at least 0, or None where the header is missing or says
    nothing that can be understood.

    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> retry_after_seconds("3", now), retry_after_seconds("Thu, 01 Jan 2026 00:01:00 GMT", now)
    (3.0, 60.0)
    >>> retry_after_seconds("soon", now) is None
    True
    """
    try:
        seconds = float(header or "nan")
    except ValueError:
        try:
            date = parsedate_to_datetime(header or "")
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return None if math.isnan(seconds) else max(0.0, seconds)
