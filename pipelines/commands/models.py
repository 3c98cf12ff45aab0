"""`curate models`: the weights of the embedded model and of the embedded sentence encoder."""

from typing import Annotated

import typer

models = typer.Typer(
    help="Fetch the embedded models, and say what is here.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
"""The subcommands `fetch` and `list`."""


@models.command()
def fetch(
    dtype: Annotated[
        str, typer.Option("--dtype", help="Number format: auto, bfloat16 or float32.")
    ] = "auto",
    encoder: Annotated[
        bool, typer.Option("--encoder", help="The English sentence encoder, and nothing else.")
    ] = False,
) -> None:
    """Bring the weights of the embedded model; does nothing when they are here.

    \b
    Examples:
      curate models fetch
      curate models fetch --dtype float32
      curate models fetch --encoder
    """
    from curation.models import embedded, embedded_encoder
    from schemas.errors import UsageError

    if encoder and dtype != "auto":
        raise UsageError("--encoder has one number format: leave --dtype out")
    if encoder:
        typer.echo(embedded_encoder.fetch(report=lambda message: typer.echo(message, err=True)))
        return
    if dtype not in ("auto", *embedded.DTYPES):
        raise UsageError(f"--dtype: expected auto, {', '.join(embedded.DTYPES)}; got {dtype}")
    typer.echo(embedded.fetch(dtype, report=lambda message: typer.echo(message, err=True)))


@models.command("list")
def list_models() -> None:
    """Say where the embedded model and the sentence encoder are, and in which number formats.

    \b
    Example:
      curate models list
    """
    from curation.models import embedded, embedded_encoder

    for name, value in [*embedded.status().items(), *embedded_encoder.status().items()]:
        shown = ", ".join(map(str, value)) or "none" if isinstance(value, list) else value
        typer.echo(f"{name:<12}{shown}")
