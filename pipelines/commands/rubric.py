"""`curate rubric`: the kinds of feedback that the judge looks for."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.printable import printable
from schemas.errors import UsageError

rubric = typer.Typer(
    help="Learn the kinds of feedback that the judge looks for.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
"""The subcommand `learn`."""


@rubric.callback()
def _rubric() -> None:
    """Learn the kinds of feedback that the judge looks for."""


@rubric.command()
def learn(
    examples: Annotated[
        str, typer.Argument(metavar="EXAMPLES", help="Labelled conversations: a file or folder.")
    ],
    *,
    output: Annotated[
        str, typer.Option("--output", metavar="FILE", help="The rubric that is written, YAML.")
    ],
    model: Annotated[
        str, typer.Option("--model", metavar="MODEL", help="Model, named as in recipes.")
    ] = "embedded",
    max_examples: Annotated[
        int, typer.Option("--max-examples", min=1, metavar="N", help="Most of each label.")
    ] = 150,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", min=16, metavar="N", help="Length of an answer.")
    ] = 512,
    seed: Annotated[
        int, typer.Option("--seed", min=0, metavar="N", help="Of the choice of examples.")
    ] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Learn a rubric from conversations whose users are known to be satisfied or not.

    A row of EXAMPLES is a conversation in any format that recipes read, with one more field,
    "label": "satisfied" or "dissatisfied". The model says why, its reasons are merged into at
    most ten kinds of feedback for each label, and a recipe's mine.judge.rubric takes the file.
    Use the largest model at hand: the embedded one knows the form, but has little to say.

    \b
    Examples:
      curate rubric learn labelled.jsonl --output rubric.yaml
      curate rubric learn labelled.jsonl --model openai:http://localhost:8000/v1#m --output r.yaml
      curate rubric learn labelled.jsonl.gz --max-examples 40 --seed 7 --output rubric.yaml
    """
    from curation.feedback.rubric import dump_rubric, parse_rubric
    from curation.feedback.rubric_examples import read_examples
    from curation.feedback.rubric_learning import RubricLearning, draw_both, learn_rubric
    from curation.feedback.rubric_learning_prompt import IDENTITY
    from curation.models.loading import check_model, load_model

    target = Path(output)
    _check_target(target, force)
    rows = read_examples(examples)
    for reason, count in rows.unusable.items():
        _say(f"{count} rows of {examples} are no examples: {reason}")
    settings = RubricLearning(max_examples=max_examples, max_new_tokens=max_new_tokens, seed=seed)
    draw_both(rows.examples, settings)
    identity = check_model(model)
    opened = load_model(model)
    try:
        items, report = learn_rubric(rows.examples, opened, settings, _say)
    finally:
        opened.close()
    text = dump_rubric(items)
    parse_rubric(text)
    said = ", ".join(f"{report.examples[p]} of {p}" for p in report.examples)
    head = f"# Learned by {IDENTITY} with {identity}, seed {seed}, from {said}.\n"
    _write(target, printable(head) + text)
    _say(
        f"{report.unusable} of {report.answers} answers and {report.lines_dropped} lines of others "
        "were not in form and were not used"
    )
    typer.echo(f"{len(items)} kinds of feedback in {printable(output)}")


def _check_target(target: Path, force: bool) -> None:
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"--output {target}: not a file in a folder that exists")
    if target.exists() and not force:
        raise UsageError(f"--output {target}: is there already; --force replaces it")


def _write(target: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = target.with_name(f".{target.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(target)
    except OSError as error:
        raise UsageError(f"--output {target}: cannot be written: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def _say(message: str) -> None:
    typer.echo(printable(message), err=True)
