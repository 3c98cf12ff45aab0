"""Showing how far a run is: a live panel on a terminal, plain lines elsewhere, always on stderr."""

import contextlib
import json
import os
import pathlib
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from curation import progress as counters

LINE_SECONDS = 10.0
"""Time between two plain lines; a run that is shorter prints none."""

_LABELS = {
    "rows": "rows read",
    "rejects": "rejects",
    "conversations": "conversations",
    "documents": "documents",
    "signals": "feedback signals",
    "drafts": "pairs drafted",
    "generated": "replies written",
    "scored": "pairs scored",
    "pairs": "pairs kept",
    "tokens": "tokens",
    "remembered": "answers remembered",
}
_REFRESHES_PER_SECOND = 2


class Pace:
    """How fast a counter grows, from the moment it was last seen at zero.

    >>> pace = Pace()
    >>> pace.see(10.0, 0), pace.see(20.0, 50)
    (0.0, 5.0)
    """

    def __init__(self) -> None:
        self._since: float | None = None

    def see(self, now: float, value: int) -> float:
        """Take a reading; gives the units per second so far.

        Parameters: `now` in seconds.
        """
        if self._since is None or not value:
            self._since = now
        elapsed = now - self._since
        return value / elapsed if elapsed > 0 else 0.0


class Progress:
    """The counters of this process and of the workers that report into a folder.

    Parameters: `directory`, where the workers leave their totals; `total_rows` of the input,
    where it is known; `clock`, in seconds.
    """

    def __init__(
        self,
        directory: str,
        total_rows: int | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = pathlib.Path(directory)
        self._total_rows = total_rows
        self._clock = clock
        self._started = clock()
        # An earlier run in this process has counted, too.
        self._before = counters.totals()
        self._tokens = Pace()
        self._scored = Pace()

    def totals(self) -> Mapping[str, int]:
        """What all processes have counted since the start, by name."""
        sums = Counter(counters.totals())
        sums.subtract(self._before)
        for file in self._directory.glob("*.json"):
            if file.stem != str(os.getpid()):
                with contextlib.suppress(OSError, ValueError):
                    sums.update(json.loads(file.read_text(encoding="utf-8")))
        return sums

    def facts(self) -> list[tuple[str, str]]:
        """What is worth telling now, as pairs of a label and a value.

        The time left is that of the model work: pairs drafted and not yet scored, at the
        pace of scoring. Before the first pair is scored nobody knows it.
        """
        now, totals = self._clock(), self.totals()
        token_pace = self._tokens.see(now, totals["tokens"])
        score_pace = self._scored.see(now, totals["scored"])
        values = {name: f"{totals[name]:,}" for name in _LABELS if totals[name] or name == "rows"}
        if self._total_rows:
            values["rows"] += f" of {self._total_rows:,}"
        if token_pace:
            values["tokens"] += f" ({token_pace:,.0f} per second)"
        facts = [("elapsed", duration(now - self._started))]
        facts += [(_LABELS[name], value) for name, value in values.items()]
        if score_pace and totals["drafts"] > totals["scored"]:
            left = (totals["drafts"] - totals["scored"]) / score_pace
            facts.append(("model work left", f"about {duration(left)}"))
        return facts

    def line(self) -> str:
        """The facts as one line of plain text."""
        return ", ".join(f"{label} {value}" for label, value in self.facts())

    def panel(self) -> RenderableType:
        """The facts as a panel."""
        grid = Table.grid(padding=(0, 2))
        for label, value in self.facts():
            grid.add_row(Text(label, style="dim"), Text(value, style="bold"))
        return Panel(Group(grid), title="prefstream", title_align="left", expand=False)


@contextlib.contextmanager
def watch(total_rows: int | None = None, console: Console | None = None) -> Iterator[Progress]:
    """Show the progress of everything that runs inside this context, worker processes included.

    Parameters: `total_rows` of the input, where it is known; `console`, standard error by
    default. Output: the progress, to be asked.
    """
    console = console or Console(stderr=True)
    with (
        # A worker that is still ending may write into the folder while it is removed.
        tempfile.TemporaryDirectory(prefix="prefstream-", ignore_cleanup_errors=True) as directory,
        _variable(counters.DIRECTORY_VARIABLE, directory),
    ):
        progress = Progress(directory, total_rows)
        if console.is_terminal:
            with Live(
                get_renderable=progress.panel,
                console=console,
                refresh_per_second=_REFRESHES_PER_SECOND,
                redirect_stdout=False,
            ):
                yield progress
        else:
            with _plain_lines(progress, console):
                yield progress


def duration(seconds: float) -> str:
    """Seconds as a clock shows them.

    >>> duration(75), duration(3700)
    ('01:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes:02d}:{rest:02d}"


@contextlib.contextmanager
def _variable(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextlib.contextmanager
def _plain_lines(progress: Progress, console: Console) -> Iterator[None]:
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(LINE_SECONDS):
            console.print(progress.line(), markup=False, highlight=False, soft_wrap=True)

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
