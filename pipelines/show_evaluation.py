"""An evaluation on a terminal: who won how often, how sure that is, and what to mistrust."""

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipelines.printable import plain

_SHARES = (("win", "A wins"), ("tie", "tie"), ("loss", "B wins"))

_LITTLE_AGREEMENT = 0.5


def evaluation_tables(report: Mapping[str, Any]) -> RenderableType:
    """Show what `pipelines.evaluation.report_of` says.

    Input: its result. Names in it are shown as they are, never interpreted.
    """
    result = report["result"]
    parts: list[RenderableType] = [_head(report), _shares(result), _win_rate(result)]
    undecided = {name: n for name, n in result["results"].items() if name not in dict(_SHARES)}
    for label, numbers in (("not decided: ", undecided), ("reasons: ", result["reasons"])):
        if numbers:
            listed = ", ".join(f"{name} {n:,}" for name, n in numbers.items())
            parts.append(Text.assemble((label, "dim"), plain(listed)))
    parts += [_judge(result["judge"]), _lengths(result["lengths"])]
    return Group(*parts)


def _head(report: Mapping[str, Any]) -> RenderableType:
    result, selection = report["result"], report["selection"]
    split = f", split {report['split']}" if report["split"] else ""
    grid = Table.grid(padding=(0, 2))
    grid.add_row(
        Text("on", style="dim"),
        plain(
            f"{report['dataset']}{split}: {result['items']:,} of {selection['items_read']:,} "
            f"items, from {selection['clusters']:,} clusters"
        ),
    )
    for side in ("a", "b"):
        grid.add_row(
            Text(side.upper(), style="bold"),
            plain(f"{report[side]['given']} ({report[side]['identity']})"),
        )
    judge = report["judge"]
    grid.add_row(Text("judge", style="dim"), plain(f"{judge['model']}, {judge['template']}"))
    return grid


def _shares(result: Mapping[str, Any]) -> Table:
    table = Table("result", title="By the user's checklist", title_justify="left")
    for name in ("items", "share", "95 % interval"):
        table.add_column(name, justify="right")
    for name, label in _SHARES:
        share = result["shares"][name] if result["shares"] else None
        table.add_row(label, f"{result['results'].get(name, 0):,}", _percent(share), _range(share))
    return table


def _win_rate(result: Mapping[str, Any]) -> Text:
    rate = result["win_rate"]
    return Text.assemble(
        ("win rate of A, ties as halves: ", "dim"),
        (_percent(rate), "bold"),
        f"  {_range(rate)}",
        (f"  (bootstrap over {result['conversations']:,} conversations)", "dim"),
    )


def _judge(judge: Mapping[str, Any]) -> Text:
    if not judge["asked"]:
        return Text("the judge was not asked", style="dim")
    agreed = judge["consistent"]
    shown = Text.assemble(
        ("the judge's two orders agree on ", "dim"),
        _number(agreed),
        (f" of {judge['asked'] - judge['unparsable']:,} items; ", "dim"),
        _number(judge["votes_for_first_place"]),
        (" of its votes went to the reply shown first", "dim"),
    )
    if agreed is not None and agreed < _LITTLE_AGREEMENT:
        shown.append("\nit mostly goes by the place of a reply: take a better judge", "yellow")
    return shown


def _lengths(lengths: Mapping[str, Any]) -> RenderableType:
    table = Table("answers of", title="Lengths, in characters", title_justify="left")
    columns = ("answers", "mean_chars", "median_chars", "empty", "truncated", "prompts_cut")
    for name in ("answers", "mean", "median", "empty", "truncated", "prompts cut"):
        table.add_column(name, justify="right")
    for side in ("a", "b"):
        cells = (lengths[side][column] for column in columns)
        table.add_row(side.upper(), *("–" if cell is None else f"{cell:,}" for cell in cells))
    won = Text(
        f"won by the longer reply {lengths['won_by_longer']:,}, by the shorter "
        f"{lengths['won_by_shorter']:,}, at equal length {lengths['won_at_equal_length']:,}",
        style="dim",
    )
    return Group(table, won)


def _percent(rate: Mapping[str, float] | None) -> str:
    return _number(rate["value"] if rate else None)


def _number(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _range(rate: Mapping[str, float] | None) -> str:
    return f"{100 * rate['low']:.1f} to {100 * rate['high']:.1f} %" if rate else "–"
