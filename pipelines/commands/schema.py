"""`curate schema`: what a record is made of."""

import inspect
import json
from typing import Annotated

import typer

from pipelines.nearest import did_you_mean
from schemas.errors import UsageError
from schemas.records import RECORDS

RECIPE = "Recipe"
"""What is listed beside the records: the keys of a recipe."""


def schema(
    record: Annotated[
        str | None, typer.Argument(metavar="[RECORD]", help="Record, for example PreferencePair.")
    ] = None,
    arrow: Annotated[
        bool, typer.Option("--arrow", help="Print the Arrow schema instead of the JSON schema.")
    ] = False,
) -> None:
    """Print the schema of a record, or list the records.

    \b
    Examples:
      curate schema
      curate schema PreferencePair
      curate schema PreferencePair --arrow
      curate schema Recipe > recipe.schema.json
    """
    if record is None:
        for known, cls in RECORDS.items():
            typer.echo(f"{known:<16}{inspect.getdoc(cls).splitlines()[0]}")  # type: ignore[union-attr]
        typer.echo(f"{RECIPE:<16}The keys of a recipe, which is a YAML file.")
        return
    names = {name.lower(): name for name in (*RECORDS, RECIPE)}
    name = names.get(record.lower())
    if name is None:
        raise UsageError(f'no record "{record}"{did_you_mean(record, names.values())}')
    typer.echo(_arrow(name) if arrow else json.dumps(_json(name), indent=2, ensure_ascii=False))


def _json(name: str) -> dict[str, object]:
    if name == RECIPE:
        from pipelines.recipe import Recipe

        return Recipe.model_json_schema()
    from schemas.jsonschema import json_schema

    return json_schema(RECORDS[name])


def _arrow(name: str) -> str:
    if name == RECIPE:
        raise UsageError("a recipe is YAML and has no Arrow schema")
    from schemas.arrow import arrow_schema

    return str(arrow_schema(RECORDS[name]))
