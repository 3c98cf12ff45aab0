"""`curate memo`: what is kept of models' answers, and forgetting it."""

import json
import re
import time
from collections import defaultdict
from typing import Annotated, Any

import typer

from pipelines.printable import printable
from schemas.errors import UsageError

memo = typer.Typer(
    help="Look into the store of models' answers, and forget old ones.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
"""The subcommands `stats` and `prune`."""

StoreArgument = Annotated[
    str, typer.Argument(metavar="STORE", help="A store of answers, or a dataset that has one.")
]
_UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


@memo.command()
def stats(
    store: StoreArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say how many answers are kept, of which models, in how many files.

    \b
    Examples:
      curate memo stats out
      curate memo stats gs://bucket/answers --json
    """
    described = describe(_find(store))
    if as_json:
        typer.echo(json.dumps(described))
        return
    typer.echo(
        f"{described['answers']:,} answers in {described['bytes'] / 1e6:,.1f} MB, "
        f"{described['segments']:,} segments ({described['packed']:,} packed), "
        f"{described['damaged_bytes']:,} damaged bytes"
    )
    for row in described["models"]:
        name = printable(f"{row['task']:<9} {row['model']}")
        day = time.strftime("%Y-%m-%d", time.gmtime(row["newest"]))
        typer.echo(f"{row['answers']:>12,}  {name}  newest {day}")


@memo.command()
def prune(
    store: StoreArgument,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Answers older than 36h, 30d or 8w."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="TEXT", help="Models whose name holds TEXT.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All answers.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be forgotten.")
    ] = False,
) -> None:
    """Forget answers; with several conditions, those that meet all of them.

    No run should be writing to the store meanwhile: it would pay again for what it loses.

    \b
    Examples:
      curate memo prune out --older-than 30d --dry-run
      curate memo prune out --model SmolLM2
      curate memo prune out --all
    """
    if not (older_than or model or everything):
        raise UsageError("what is to be forgotten? --older-than AGE, --model TEXT or --all")
    limit = time.time() - _seconds(older_than) if older_than else None
    from transforms.memo_compaction import prune as forget

    done = forget(
        _find(store),
        lambda meta: (
            (limit is not None and meta.time >= limit)
            or (model is not None and model not in meta.model)
        ),
        dry_run,
    )
    verb = "would be forgotten" if dry_run else "forgotten"
    typer.echo(f"{done.answers:,} answers {verb} ({done.bytes / 1e6:,.1f} MB)")


def describe(store: str) -> dict[str, Any]:
    """What `curate memo stats` tells, as JSON: totals, and a row for each task and model."""
    from transforms.memo_files import list_segments, read_frames

    files = list_segments(store)
    rows: dict[tuple[str, str], dict[str, Any]] = defaultdict(
        lambda: {"answers": 0, "bytes": 0, "newest": 0.0}
    )
    damaged = 0
    for file in files:
        frames, lost = read_frames(file)
        damaged += lost
        for frame in frames:
            row = rows[frame.meta.task, frame.meta.model]
            row["answers"] += len(frame.keys)
            row["bytes"] += frame.length
            row["newest"] = max(row["newest"], frame.meta.time)
    return {
        "answers": sum(row["answers"] for row in rows.values()),
        "bytes": sum(file.size for file in files),
        "segments": len(files),
        "packed": sum(file.packed for file in files),
        "damaged_bytes": damaged,
        "models": [
            {"task": task, "model": model, **row} for (task, model), row in sorted(rows.items())
        ],
    }


def _find(store: str) -> str:
    """The store itself, or the one inside of a dataset."""
    from sinks.layout import MEMO
    from transforms.memo_files import list_segments

    for root in (store, f"{store.rstrip('/')}/{MEMO}"):
        if list_segments(root):
            return root
    raise UsageError(f"{store}: no answers are kept there")


def _seconds(age: str) -> float:
    found = re.fullmatch(r"([0-9]+)([hdw])", age)
    if not found:
        raise UsageError(f"--older-than: expected a number and h, d or w, such as 30d; got {age!r}")
    return int(found[1]) * _UNITS[found[2]]
