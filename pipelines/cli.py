"""The command line, `curate`: its commands, and what an error means for the exit status.

Status 0: done. 1: the run failed. 2: what was asked cannot be done as asked. 130: interrupted.
"""

import importlib.metadata
import sys
import traceback
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipelines.commands.annotate import import_labels, select_for_annotation
from pipelines.commands.arguments import (
    CandidatesOption,
    DocumentsOption,
    InputOption,
    PairsOption,
    RecipeArgument,
    SetOption,
    load,
)
from pipelines.commands.audit import audit
from pipelines.commands.evaluate import evaluate
from pipelines.commands.inspect import inspect
from pipelines.commands.memo import memo as memo_commands
from pipelines.commands.models import models
from pipelines.commands.prompts import prompts
from pipelines.commands.reselect import reselect
from pipelines.commands.rubric import rubric as rubric_commands
from pipelines.commands.schema import schema
from pipelines.log_output import show_warnings
from schemas.errors import PrefstreamError, UsageError


class _Commands(TyperGroup):
    """Runs a command and turns the errors meant for the user into messages and statuses."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PrefstreamError as error:
            if ctx.params["debug"]:
                traceback.print_exc()
            _complain(str(error))
            raise typer.Exit(2 if isinstance(error, UsageError) else 1) from None
        except KeyboardInterrupt:
            typer.echo("interrupted; nothing was published", err=True)
            raise typer.Exit(130) from None


app = typer.Typer(
    name="curate",
    cls=_Commands,
    help="Turn chat logs and user content into versioned preference datasets.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
"""All commands."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"prefstream {importlib.metadata.version('prefstream')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the traceback of an error; stands anywhere.")
    ] = False,
) -> None:
    """Turn chat logs and user content into versioned preference datasets."""


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def run(
    ctx: typer.Context,
    recipe: RecipeArgument,
    *,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="OUT", help="Folder or URL of the dataset; required."),
    ] = None,
    conversations: InputOption = None,
    documents: DocumentsOption = None,
    pairs: PairsOption = None,
    candidates: CandidatesOption = None,
    changes: SetOption = None,
    memo: Annotated[
        str | None,
        typer.Option(
            "--memo",
            metavar="DIR",
            help="Where models' answers are kept for later runs; default OUT/.memo.",
        ),
    ] = None,
    no_memo: Annotated[
        bool, typer.Option("--no-memo", help="Keep no answers and use none.")
    ] = False,
) -> None:
    """Run a recipe and publish the dataset as a new snapshot in OUT.

    Options that are not listed here are Beam's, best after `--`; without any, the run
    stays in this process.

    \b
    Examples:
      curate run quickstart --output out
      curate run my.yaml --input 'chats/*.jsonl.gz' --output out --set split.test=0.2
      curate run my.yaml --output out -- --direct_num_workers=4
      curate run my.yaml --output out --memo /data/answers
      curate run my.yaml --output gs://b/out -- --runner=DataflowRunner --project=p --region=r
    """
    if recipe.startswith("-"):  # an option in its place; why an engine is refused comes first
        from pipelines.beam_options import refuse_engines_that_lose_rows

        refuse_engines_that_lose_rows([recipe, *ctx.args])
    loaded = load(
        recipe,
        changes,
        conversations=conversations,
        documents=documents,
        pairs=pairs,
        candidates=candidates,
    )
    from pipelines.beam_options import pipeline_options

    own = [name for parameter in ctx.command.params for name in parameter.opts]
    options = pipeline_options(ctx.args, own)
    if output is None:  # asked for only here, where a misspelt --output has been noticed
        raise UsageError("where to? name a folder with --output OUT")
    from pipelines.commands.run import run_recipe
    from pipelines.launch import DEFAULT_MEMO

    if memo is not None and no_memo:
        raise UsageError("--memo and --no-memo: give one of them")
    run_recipe(loaded, output, options, None if no_memo else memo or DEFAULT_MEMO)


@app.command()
def preview(
    recipe: RecipeArgument,
    *,
    conversations: InputOption = None,
    documents: DocumentsOption = None,
    pairs: PairsOption = None,
    candidates: CandidatesOption = None,
    changes: SetOption = None,
    count: Annotated[
        int, typer.Option("-n", min=1, metavar="N", help="Input rows that are taken.")
    ] = 10,
) -> None:
    """Take a few rows through the whole recipe and show the pairs; nothing is written.

    \b
    Examples:
      curate preview quickstart
      curate preview my.yaml --input 'chats/*.jsonl.gz' -n 20
    """
    loaded = load(
        recipe,
        changes,
        conversations=conversations,
        documents=documents,
        pairs=pairs,
        candidates=candidates,
    )
    from pipelines.commands.preview import preview_recipe

    preview_recipe(loaded, count)


@app.command()
def validate(
    recipe: RecipeArgument,
    *,
    conversations: InputOption = None,
    documents: DocumentsOption = None,
    pairs: PairsOption = None,
    candidates: CandidatesOption = None,
    changes: SetOption = None,
) -> None:
    """Check a recipe without running it: keys, types, ranges, and that its files exist.

    \b
    Examples:
      curate validate my.yaml
      curate validate my.yaml --input 'chats/*.jsonl.gz' --set split.test=0.2
    """
    loaded = load(
        recipe,
        changes,
        conversations=conversations,
        documents=documents,
        pairs=pairs,
        candidates=candidates,
    )
    typer.echo(f'recipe "{loaded.name}" is valid')


app.command()(inspect)
app.command()(reselect)
app.command()(audit)
app.command()(evaluate)
app.command()(select_for_annotation)
app.command()(import_labels)
app.command()(schema)
app.command()(prompts)
app.add_typer(models, name="models")
app.add_typer(memo_commands, name="memo")
app.add_typer(rubric_commands, name="rubric")


def _complain(message: str) -> None:
    from pipelines.printable import printable

    # A message may quote a recipe or a file name of unknown origin.
    typer.echo(f"curate: {printable(message)}", err=True)


def main() -> None:
    """Entry point of `curate`: run a command and end the process with its status."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    if debug:
        # Wherever it stands; after a command it would be taken for one of Beam's options.
        arguments = ["--debug", *(a for a in arguments if a != "--debug")]
    show_warnings()
    try:
        app(arguments, prog_name="curate")
    except Exception as error:
        if debug:
            traceback.print_exc()
        # Beam wraps an error of a worker into its whole traceback; its last line says it.
        last_line = (str(error).strip() or type(error).__name__).splitlines()[-1]
        hint = "" if debug else " (--debug shows the traceback)"
        _complain(f"{type(error).__name__}: {last_line}{hint}")
        sys.exit(1)


if __name__ == "__main__":
    main()
