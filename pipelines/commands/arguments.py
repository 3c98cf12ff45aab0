"""Arguments that several commands share, and the recipe that they describe."""

from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.recipe import Recipe

RecipeArgument = Annotated[
    str, typer.Argument(metavar="RECIPE", help="Recipe file, or the name of a bundled recipe.")
]
"""The recipe."""
InputOption = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="PATTERN", help="Conversations, instead of the recipe's."),
]
"""Patterns of conversations."""
DocumentsOption = Annotated[
    list[str] | None,
    typer.Option("--documents", metavar="PATTERN", help="User content, instead of the recipe's."),
]
"""Patterns of documents."""
PairsOption = Annotated[
    list[str] | None,
    typer.Option("--pairs", metavar="PATTERN", help="Existing pairs, instead of the recipe's."),
]
"""Patterns of pairs."""
CandidatesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--candidates",
        metavar="PATTERN",
        help="Several scored responses to each prompt, instead of the recipe's.",
    ),
]
"""Patterns of candidate sets."""
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, e.g. split.test=0.2."),
]
"""Changes of the recipe."""


def load(
    recipe: str,
    changes: list[str] | None,
    *,
    conversations: list[str] | None,
    documents: list[str] | None,
    pairs: list[str] | None,
    candidates: list[str] | None,
) -> "Recipe":
    """The recipe with what the command line changes.

    Raises: RecipeError with every problem; UsageError when an option stands in its place.
    """
    from pipelines.recipe_file import load_recipe

    if recipe.startswith("-"):
        raise UsageError(f'the recipe comes first, before options such as "{recipe}"')
    inputs = {
        "conversations": conversations,
        "documents": documents,
        "pairs": pairs,
        "candidates": candidates,
    }
    given = {source: patterns for source, patterns in inputs.items() if patterns}
    return load_recipe(recipe, changes or (), given)
