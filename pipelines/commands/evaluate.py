"""`curate evaluate`: two models' replies, judged by what each user asked of a reply."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import RunError, UsageError

if TYPE_CHECKING:
    from pipelines.evaluation import EvaluationSet


def evaluate(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="Output folder of a run, or a JSONL file of prompts with rubrics.",
        ),
    ],
    *,
    a: Annotated[
        str | None, typer.Option("--a", metavar="MODEL|FILE", help="Model, or answers in JSONL.")
    ] = None,
    b: Annotated[
        str | None, typer.Option("--b", metavar="MODEL|FILE", help="The other one.")
    ] = None,
    judge: Annotated[
        str | None, typer.Option("--judge", metavar="MODEL", help="Model that decides.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", metavar="FILE", help="Write the whole report there, as JSON."),
    ] = None,
    split: Annotated[str, typer.Option("--split", help="Split of the dataset.")] = "test",
    clusters: Annotated[
        int, typer.Option("--clusters", min=1, help="Clusters that the test set comes from.")
    ] = 70,
    nearest: Annotated[
        int, typer.Option("--nearest", min=1, help="Items of each, nearest to its centroid.")
    ] = 10,
    encoder: Annotated[
        str, typer.Option("--encoder", help="Sentence encoder that places the items.")
    ] = "embedded",
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    max_new_tokens: Annotated[
        int, typer.Option("--max-new-tokens", min=1, help="Length of a reply.")
    ] = 512,
    temperature: Annotated[
        float, typer.Option("--temperature", min=0.0, help="Of the replies; 0 is greedy.")
    ] = 0.0,
    max_prompt_tokens: Annotated[
        int, typer.Option("--max-prompt-tokens", min=1, help="Of a prompt; older turns are cut.")
    ] = 2048,
    judge_tokens: Annotated[
        int, typer.Option("--judge-tokens", min=1, help="Of all that a judge is shown.")
    ] = 8192,
    memo: Annotated[
        str | None,
        typer.Option("--memo", metavar="DIR", help="Keep models' answers there, and use them."),
    ] = None,
    export: Annotated[
        str | None,
        typer.Option("--export", metavar="FILE", help="Write the test set as JSONL and stop."),
    ] = None,
) -> None:
    """Compare two models by what users asked of a reply, as WildFeedback does.

    A test set is chosen from DATASET: prompt and rubric are clustered by meaning, and the items
    nearest to each centroid are taken. Both replies are shown to the judge with the rubric as a
    checklist, in both orders; orders that disagree are a tie. A win is A's. Shares have Wilson's
    95 % interval; the win rate counts ties as halves and has a bootstrap interval over
    conversations.

    A file of answers has an object on each line: "response", and the item's "id" (as --export
    writes it) or its "prompt". The embedded encoder (`curate models fetch --encoder`) knows
    English; for other languages name one: --encoder transformers:PATH-OR-ID.

    \b
    Examples:
      curate evaluate out --a vllm:my/tuned --b vllm:my/base --judge vllm:big/judge
      curate evaluate out --export items.jsonl
      curate evaluate items.jsonl --a tuned.jsonl --b base.jsonl --judge embedded --output r.json
    """
    for option, path in (("--output", output), ("--export", export)):
        if path and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
            raise UsageError(f"{option} {path}: not a file in an existing folder")
    if not export and not (a and b and judge):
        raise UsageError("what is compared, and by whom? --a MODEL, --b MODEL and --judge MODEL")

    from curation.evaluation.answers import AnswerSettings
    from curation.evaluation.selection import SelectionSettings
    from curation.models.loading import check_model
    from pipelines import evaluation
    from pipelines.asking import Asking
    from pipelines.evaluation_report import report_of
    from pipelines.progress import watch

    def say(message: str) -> None:
        typer.echo(message, err=True)

    selection = SelectionSettings(clusters, nearest, seed)
    if export or not (a and b and judge):
        with watch():
            found = evaluation.choose_test_set(dataset, split, encoder, selection, say)
        _export(found, export or "")
        return
    for side in (a, b):
        evaluation.check_side(side)
    check_model(judge)
    settings = AnswerSettings(
        seed, max_new_tokens, temperature, max_prompt_tokens=max_prompt_tokens
    )
    judging = evaluation.judging_with(judge, judge_tokens, seed)
    asking = Asking(memo)
    try:
        with watch():
            found = evaluation.choose_test_set(dataset, split, encoder, selection, say)
            items = [chosen.item for chosen in found.chosen]
            say(f"getting {len(items):,} replies of A")
            one = evaluation.answer(a, items, settings, asking)
            say(f"getting {len(items):,} replies of B")
            other = one if a == b else evaluation.answer(b, items, settings, asking)
            say("judging in both orders")
            compared = evaluation.compare(items, one, other, judging, asking)
    finally:
        asking.close()
    report = report_of(found, one, other, judging, compared)
    if output:
        _write(output, report)

    from rich.console import Console

    from pipelines.show_evaluation import evaluation_tables

    Console().print(evaluation_tables(report))
    if not report["result"]["decided"]:
        raise RunError(f"no item was decided: {_listed(report['result']['reasons'])}")


def _export(found: "EvaluationSet", path: str) -> None:
    import orjson

    from curation.evaluation.items import row_of_item

    lines = [orjson.dumps(row_of_item(chosen.item)) + b"\n" for chosen in found.chosen]
    Path(path).write_bytes(b"".join(lines))
    typer.echo(f"{len(lines):,} items in {path}")


def _write(path: str, report: object) -> None:
    import orjson

    Path(path).write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")


def _listed(reasons: dict[str, int]) -> str:
    return ", ".join(f"{reason} {n:,}" for reason, n in reasons.items()) or "unparsable answers"
