"""`curate inspect`: what a dataset holds and how it came to be."""

import json
from typing import Annotated

import typer

_CHOSEN_FROM = 1000  # Enough to meet every method, and read in no time.


def inspect(
    output: Annotated[str, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    pairs: Annotated[
        int, typer.Option("--pairs", min=0, metavar="N", help="Show N pairs side by side, too.")
    ] = 0,
) -> None:
    """Show the current snapshot of a dataset: rows, funnel, models, inputs.

    \b
    Examples:
      curate inspect out
      curate inspect out --pairs 2
      curate inspect out --json | jq .rows
    """
    from sinks.inspect import inspect_snapshot, read_pairs

    described = inspect_snapshot(output)
    if as_json:
        typer.echo(json.dumps(described, indent=2, ensure_ascii=False))
        return
    from rich.console import Console

    from pipelines.show_pair import of_each_method, pair_panel
    from pipelines.show_snapshot import snapshot_tables

    console = Console()
    console.print(snapshot_tables(described))
    for pair in of_each_method(read_pairs(output, limit=_CHOSEN_FROM), pairs):
        console.print(pair_panel(pair))
