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
    from curation.prompts.catalogue import all_prompts
    from curation.prompts.prompt import template_of

    known = {prompt.name: prompt for prompt in all_prompts()}
    if name is None:
        for prompt in known.values():
            typer.echo(f"{prompt.identity:<48}{prompt.grammar.splitlines()[0]}")
        return
    if name not in known:
        raise UsageError(f'no prompt "{name}"{did_you_mean(name, known)}')
    prompt = known[name]
    typer.echo(f"{prompt.identity}\n\n{template_of(name).rstrip()}\n\nAnswer: {prompt.grammar}")
