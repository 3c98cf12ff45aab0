"""`curate run`: a recipe from end to end, watched, and told about when it is done."""

import typer
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.launch import DEFAULT_MEMO, launch
from pipelines.progress import watch
from pipelines.recipe import Recipe


def run_recipe(
    recipe: Recipe, output: str, options: PipelineOptions, memo: str | None = DEFAULT_MEMO
) -> None:
    """Run a recipe, show its progress, say where the snapshot is.

    Parameters: as of `pipelines.launch.launch`.

    Raises: PrefstreamError of any kind, for the command line to print.
    """
    with watch():
        snapshot = launch(recipe, output, options, memo)
    rows = " + ".join(f"{n:,} {split}" for split, n in snapshot.rows.items())
    same = " (the same as before: nothing was added)" if snapshot.reused else ""
    typer.echo(f"snapshot {snapshot.id}: {rows} pairs in {output}{same}")
    typer.echo(f"look at it: curate inspect {output} --pairs 2")
