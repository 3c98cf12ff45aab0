"""`curate prompts`: what models are asked, and in what form they have to answer."""

from typing import Annotated

import typer

from pipelines.nearest import did_you_mean
from schemas.errors import UsageError


def prompts(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Prompt, for example ugc_question.")
    ] = None,
) -> None:
    """List the prompts of the synthesizers, or show one: its template and its grammar.

    A pair's provenance names the prompts it was made with as NAME-vVERSION@HASH.

    \b
    Examples:
      curate prompts
      curate prompts ugc_question
    """
    from curation.prompts.catalogue import all_templates
    from curation.prompts.prompt import included, template_of

    known = {template.name: template for template in all_templates()}
    if name is None:
        width = max(len(template.identity) for template in known.values()) + 2
        for template in known.values():
            first, *_ = template.grammar.splitlines() or ["(not read)"]
            typer.echo(f"{template.identity:<{width}}{first}")
        return
    if name not in known:
        raise UsageError(f'no prompt "{name}"{did_you_mean(name, known)}')
    template = known[name]
    typer.echo(template.identity)
    for part in (name, *included(name)):
        typer.echo(f"\n== {part}.jinja\n{template_of(part).rstrip()}")
    if template.grammar:
        typer.echo(f"\n== Answer\n{template.grammar}")
