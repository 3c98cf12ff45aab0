"""An audit on a terminal: warnings first in sight, what they mean, and pairs that show them."""

from collections.abc import Mapping
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.printable import plain

_DETAIL_ROWS = 8
_DETAIL_CHARS = 60
_IN_DETAIL = ("words.one_sided", "attributes.leader", "separability.surface")


def audit_tables(audit: Mapping[str, Any]) -> RenderableType:
    """Show what `Audit.as_json` says.

    Input: its result. Text in it comes from data and is never interpreted.
    """
    rate = audit["settings"].get("false_alarm_rate", 0.0)
    head = Text.assemble(
        (f"{audit['pairs']:,} pairs", "bold"),
        f", {audit['sampled']:,} of them read by words and embeddings ({audit['encoder']}); ",
        (
            f"{len(audit['warnings'])} warnings" if audit["warnings"] else "no warning",
            "bold red" if audit["warnings"] else "green",
        ),
        (f"; each figure gives a false alarm in at most {rate:.1%} of sets", "dim"),
    )
    parts: list[RenderableType] = [head, _figures(audit["figures"])]
    parts += [_warning(figure) for figure in audit["figures"] if figure["warns"]]
    for figure in audit["figures"]:
        if figure["details"] and (figure["warns"] or figure["name"] in _IN_DETAIL):
            parts.append(_details(figure))
    return Group(*parts)


def _figures(figures: list[Mapping[str, Any]]) -> Table:
    table = Table(title="Audit", title_justify="left")
    for name in ("figure", "value", "threshold", "p", "pairs", ""):
        side: Literal["left", "right"] = "left" if name in ("figure", "") else "right"
        table.add_column(name, justify=side, overflow="fold")
    silent = 0
    for figure in figures:
        if figure["value"] is None:
            silent += 1
            continue
        warns = figure["warns"]
        table.add_row(
            Text(figure["name"], style="bold red" if warns else ""),
            Text(_number(figure["value"]), style="bold red" if warns else ""),
            _number(figure["threshold"]),
            _number(figure["p_value"]),
            f"{figure['pairs']:,}",
            Text("WARNS", style="bold red") if warns else Text("ok", style="green"),
        )
    if silent:
        table.caption = f"{silent} figures say nothing here: no pair has what they look at"
        table.caption_justify = "left"
    return table


def _warning(figure: Mapping[str, Any]) -> Text:
    """What a figure that warns means, and pairs that show it."""
    shown = plain(
        f" For example {', '.join(figure['examples'][:2])}." if figure["examples"] else ""
    )
    return Text.assemble((figure["name"], "bold red"), ": ", plain(figure["meaning"]), shown)


def _details(figure: Mapping[str, Any]) -> Table:
    table = Table(title=figure["name"], title_justify="left")
    rows = figure["details"][:_DETAIL_ROWS]
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(plain(_cell(value), _DETAIL_CHARS) for value in row.values()))
    return table


def _cell(value: object) -> str:
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _number(value: float | None) -> str:
    """A number in a narrow column.

    >>> _number(None), _number(0.5), _number(1e-30)
    ('', '0.500', '1e-30')
    """
    if value is None:
        return ""
    return f"{value:.3f}" if value == 0 or abs(value) >= 0.001 else f"{value:.0e}"
