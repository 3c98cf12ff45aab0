"""The recipe of a snapshot with another selection."""

from collections.abc import Sequence

from pipelines.recipe import Recipe
from pipelines.recipe_problems import check
from pipelines.recipe_set import apply_override
from pipelines.recipe_yaml import Problem, Tree
from schemas.errors import RecipeError
from sinks.manifest import SnapshotManifest

SECTION = "select"
"""The section that can be changed without running anything again."""


def changed_recipe(manifest: SnapshotManifest, overrides: Sequence[str]) -> Recipe:
    """The recipe that a snapshot was made with, its selection changed.

    Parameters: `overrides`, `select.a=b` each, as given to `--set`. What a recipe of an earlier
    version lacks has its default.

    Raises: RecipeError with every problem, one per line; for a key outside of `select` too.
    """
    tree = Tree(dict(manifest.recipe), f"recipe of snapshot {manifest.id}")
    for text in overrides:
        path = text.partition("=")[0].strip()
        if path.split(".")[0] == SECTION:
            apply_override(tree, text)
        else:
            tree.problems.append(_elsewhere(text, path))
    checked = check(tree)
    problems = tree.problems + (checked if isinstance(checked, list) else [])
    if problems or isinstance(checked, list):
        raise RecipeError("\n".join(map(str, problems)))
    return checked


def _elsewhere(text: str, path: str) -> Problem:
    where = Tree(None, f"--set {text[:80]}").where(())
    wrong = (
        f'"{path}" is not decided by stored scores: only keys of {SECTION} can be changed here; '
        "for others, run the recipe again"
    )
    return Problem(where._replace(line=0), wrong)
