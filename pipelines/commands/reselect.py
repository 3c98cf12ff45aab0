"""`curate reselect`: another selection of pairs that are measured already."""

from typing import Annotated

import typer

from pipelines.commands.arguments import SetOption


def reselect(
    output: Annotated[str, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    changes: SetOption = None,
) -> None:
    """Choose again from the scores that are stored, with no model call, as a new snapshot.

    Only keys of the recipe's section select can be changed.

    \b
    Examples:
      curate reselect out --set select.margin.min=0.2
      curate reselect out --set 'select.ln_ches={lowest: 0.5}' --set select.max_pairs=10000
    """
    from pipelines.reselect import keeps_unselected
    from pipelines.reselect import reselect as choose_again
    from sinks.manifest import read_snapshot

    former = read_snapshot(output)
    if not keeps_unselected(former):
        typer.echo(
            f"snapshot {former.id} was written by an earlier version, which did not keep the pairs "
            "that it left out: only those that it kept can be chosen from",
            err=True,
        )
    snapshot = choose_again(output, changes or ())
    rows = " + ".join(f"{n:,} {split}" for split, n in snapshot.rows.items())
    same = " (there already: nothing was added)" if snapshot.reused else ""
    typer.echo(f"snapshot {snapshot.id}: {rows} pairs in {output}{same}")
    typer.echo(f"look at it: curate inspect {output} --pairs 2")
