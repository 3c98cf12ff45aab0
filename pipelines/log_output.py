"""What libraries log while a command runs: warnings, on standard error, without noise."""

import logging
import sys

_NOISE = (
    # Beam says so at each start without its Google Cloud extra, which a local run does not need.
    "apitools not found",
)


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, so that a live panel stays whole."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr)


def show_warnings() -> None:
    """Let the warnings of all libraries reach standard error, except those known as noise."""
    handler = _StandardError()
    handler.addFilter(lambda record: not record.getMessage().startswith(_NOISE))
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", handlers=[handler])
