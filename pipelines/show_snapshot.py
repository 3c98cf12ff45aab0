"""A snapshot on a terminal: the funnel, what the pairs are like, and what made them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.printable import plain
from sinks.funnel import noted

_QUANTILES = {"p5": "5 %", "p50": "median", "p95": "95 %"}


def snapshot_tables(described: Mapping[str, Any]) -> RenderableType:
    """Show what `sinks.inspect.inspect_snapshot` says of a snapshot.

    Input: its result. Text in it comes from data and is never interpreted.
    """
    rows = ", ".join(f"{n:,} {split}" for split, n in described["rows"].items())
    head = Text.assemble(
        ("snapshot ", "dim"),
        plain(described["snapshot"], style="bold"),
        f"  {rows}  ",
        (f"{described.get('pool') or 0:,} more measured pairs, ", "dim"),
        (f"{described['rejected']:,} rejected rows, ", "dim"),
        (f"schema version {described['schema_version']}", "dim"),
    )
    scores = described.get("scores", {})
    parts: list[RenderableType] = [
        head,
        funnel_table(described["funnel"]),
        _table("Pairs by method", ("method", "pairs"), described.get("methods", {}).items()),
        _table("Models", ("role", "model"), described["models"].items()),
        _table(
            "Inputs", ("file", "bytes"), [(i["path"], i["size"]) for i in described["inputs"][:10]]
        ),
    ]
    if scores:
        cells = [[name, *(values[q] for q in _QUANTILES)] for name, values in scores.items()]
        parts.insert(3, _table("Scores", ("score", *_QUANTILES.values()), cells))
    if len(described["inputs"]) > 10:
        parts.append(Text(f"and {len(described['inputs']) - 10:,} more files", style="dim"))
    return Group(*parts)


def funnel_table(funnel: Sequence[Mapping[str, Any]]) -> Table:
    """Show a funnel: what went into each stage, what came out, and why the rest did not.

    Input: rows with `stage`, `in`, `out` and `dropped`, a mapping from reason to number, and
    perhaps `notes`, a mapping from what was noted to a number.
    """
    cells = [
        (
            row["stage"],
            row["in"],
            row["out"],
            ", ".join(f"{reason} {n:,}" for reason, n in row["dropped"].items()),
            noted(row),
        )
        for row in funnel
    ]
    head = ("stage", "in", "out", "dropped", "noted")
    width = len(head) if any(row[-1] for row in cells) else len(head) - 1
    return _table("Funnel", head[:width], [row[:width] for row in cells])


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    listed = list(rows)
    for position, name in enumerate(head):
        numbers = bool(listed) and isinstance(listed[0][position], (int, float))
        # The name of a row stays whole, however narrow the terminal is.
        whole = position == 0 and head[0] == "stage"
        side: Literal["left", "right"] = "right" if numbers else "left"
        table.add_column(name, justify=side, overflow="fold", no_wrap=whole)
    for row in listed:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: object) -> Text:
    if isinstance(value, float):
        return Text(f"{value:.4f}")
    return Text(f"{value:,}") if isinstance(value, int) else plain(str(value))
