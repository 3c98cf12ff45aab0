"""`curate preview`: a few rows through the whole graph, shown and forgotten."""

import tempfile

from rich.console import Console

from pipelines.beam_options import pipeline_options
from pipelines.launch import launch
from pipelines.progress import watch
from pipelines.recipe import Recipe
from pipelines.show_pair import pair_panel
from pipelines.show_snapshot import funnel_table
from schemas.records import SPLITS
from sinks.inspect import inspect_snapshot, read_pairs


def preview_recipe(recipe: Recipe, count: int) -> None:
    """Run a recipe over the first `count` rows of each source and show its pairs.

    What is written on the way lies in a temporary folder, which is removed.

    Raises: PrefstreamError of any kind, for the command line to print.
    """
    console = Console()
    with tempfile.TemporaryDirectory(prefix="prefstream-preview-") as folder:
        with watch():
            launch(limited(recipe, count), folder, pipeline_options([]))
        for split in SPLITS:
            for pair in read_pairs(folder, split):
                console.print(pair_panel(pair))
        console.print(funnel_table(inspect_snapshot(folder)["funnel"]))


def limited(recipe: Recipe, count: int) -> Recipe:
    """The recipe with at most `count` rows of each source, and no share of rejects too large."""
    sources = recipe.sources
    bounded = {
        kind: source.model_copy(update={"limit": min(count, source.limit or count)})
        for kind in ("conversations", "documents", "pairs", "candidates")
        if (source := getattr(sources, kind))
    }
    update = {**bounded, "max_reject_share": 1.0}
    return recipe.model_copy(update={"sources": sources.model_copy(update=update)})
