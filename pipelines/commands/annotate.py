"""`curate select-for-annotation` and `curate import-labels`: out to annotators, and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from curation.selection.routing import Gains
    from pipelines.annotation_labels import Imported, Returned


def select_for_annotation(
    output: Annotated[str, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    *,
    tasks: Annotated[
        str, typer.Option("--output", metavar="FILE", help="JSONL file of tasks; required.")
    ] = "",
    count: Annotated[int, typer.Option("-k", min=1, metavar="N", help="Pairs to choose.")] = 100,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="COLUMN", help="What pairs are chosen by.  [uncertainty]"),
    ] = None,
    diversity: Annotated[
        float | None,
        typer.Option(
            "--diversity", min=0.0, max=1.0, help="0: by worth alone; 1: by difference.  [0.3]"
        ),
    ] = None,
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", metavar="ID", help="Instead of the current one.")
    ] = None,
    pool: Annotated[
        bool, typer.Option("--pool", help="Choose from pairs that were not selected, too.")
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option("--exclude", metavar="FILE", help="Tasks of earlier rounds: not again."),
    ] = None,
    routing: Annotated[
        str | None,
        typer.Option("--routing", metavar="FILE", help="Choose by fitted gains, instead of --by."),
    ] = None,
    features: Annotated[
        bool, typer.Option("--features", help="Write each pair's routing features.")
    ] = False,
    encoder: Annotated[
        str | None,
        typer.Option("--encoder", help="Sentence encoder, for the routing features `cosine`."),
    ] = None,
) -> None:
    """Choose the pairs that are most worth a human label, and write them as tasks.

    COLUMN is uncertainty (the one that the recipe names in score.uncertainty.of), bald,
    ensemble_std, predictive_entropy: highest first; judge_consistency: lowest first;
    implicit_margin, ensemble_mean, margin, rubric_margin: nearest to 0 first; jury_share,
    label_posterior, ensemble_agreement, dropout_probability: nearest to 0.5 first. With diversity
    the pairs are picked one by one from the most worthy few thousand by (1 - D) * place by worth
    - D * likeness of the prompt to those picked before (maximal marginal relevance).

    A task has id, prompt, response_a, response_b, and label and annotator to be filled in: a, b,
    tie or skip. Which reply is A is drawn by a hash of the id; the file does not say which one
    was chosen. Several annotators may label copies of one file.

    The file for --routing is what curation.selection.routing.to_json makes of fitted gains
    (Hybrid Preferences, arXiv 2410.19133).

    \b
    Examples:
      curate select-for-annotation out -k 100 --output todo.jsonl
      curate select-for-annotation out --by implicit_margin --diversity 0.5 --pool --output t.jsonl
      curate select-for-annotation out --exclude todo.jsonl --output next.jsonl
    """
    if not tasks:
        raise UsageError("where to? name a file with --output FILE")
    target = Path(tasks)
    if target.is_dir() or not target.absolute().parent.is_dir():
        raise UsageError(f"--output {tasks}: not a file in an existing folder")
    if routing and (by is not None or diversity is not None):
        raise UsageError("--routing takes the place of --by and --diversity: give one of them")
    if encoder and not (routing or features):
        raise UsageError("--encoder is for --routing or --features")

    import orjson

    from curation.models.sentence_encoder import open_encoder
    from pipelines import annotation

    wanted = annotation.Wanted(
        count,
        "uncertainty" if by is None else by,
        0.3 if diversity is None else diversity,
        pool,
        _ids(exclude or ()),
        _gains(routing) if routing else None,
        features,
        open_encoder(encoder) if encoder else None,
    )
    found = annotation.select_for_annotation(output, wanted, snapshot)
    target.write_bytes(b"".join(orjson.dumps(task) + b"\n" for task in found.tasks))
    how = "routing" if routing else wanted.by
    left_out = f", {found.without_value:,} more have no {how}" if found.without_value else ""
    left_out += f", {found.excluded:,} were excluded" if found.excluded else ""
    typer.echo(f"{len(found.tasks):,} tasks in {tasks}, of {found.candidates:,} pairs{left_out}")


def import_labels(
    output: Annotated[str, typer.Argument(metavar="OUT", help="Output folder of a run.")],
    labels: Annotated[str, typer.Argument(metavar="FILE", help="Tasks that came back, JSONL.")],
    *,
    annotator: Annotated[
        str, typer.Option("--annotator", metavar="NAME", help="For rows that name none.")
    ] = "",
    strict: Annotated[
        bool, typer.Option("--strict", help="Import nothing when a row cannot be used.")
    ] = False,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change the selection, too."),
    ] = None,
) -> None:
    """Put annotators' labels to the pairs, and publish a snapshot that is selected again.

    A label is a, b, tie or skip, in any case; a task without one is passed over. Among the pair's
    `labels` it is 1 where the annotator prefers the chosen reply, 0 where the rejected one, 0.5
    for a tie; a later label of the same annotator takes the place of the former. `jury_share` is
    the mean of a pair's labels, of people and of judges.

    What becomes of pairs that people disagree with is for the selection to say. With
    --set 'select.jury_share={min: 0.5, missing: keep}' those go that most voters are against;
    without `missing`, those that nobody has labelled go too. Without such a bound the labels are
    stored and nothing is dropped for them.

    \b
    Examples:
      curate import-labels out done.jsonl --annotator ann
      curate import-labels out done.jsonl --set 'select.jury_share={min: 0.5, missing: keep}'
    """
    from pipelines import annotation_labels

    returned = annotation_labels.read_labels(labels, output, annotator)
    if strict and returned.problems:
        listed = annotation_labels.problems_listed(returned.problems)
        raise UsageError(f"{len(returned.problems):,} rows cannot be used:{listed}")
    done = annotation_labels.import_labels(output, returned, changes or ())
    _show(returned, done)


def _show(returned: "Returned", done: "Imported") -> None:
    from pipelines.annotation_labels import (
        agreement_between,
        agreement_with_chosen,
        problems_listed,
    )
    from pipelines.printable import printable

    said = agreement_with_chosen(returned.labels)
    counted = f"{said.total():,} labels of {len(returned.labels):,} pairs"
    aside = {"skipped": returned.skipped, "not labelled": returned.empty}
    aside["said twice"] = returned.repeated
    typer.echo(counted + "".join(f", {n:,} {name}" for name, n in aside.items() if n))
    sided = said["chosen"] + said["rejected"]
    share = f" ({said['chosen'] / sided:.1%} of those for one side)" if sided else ""
    typer.echo(
        f"for the chosen reply {said['chosen']:,}{share}, for the rejected one "
        f"{said['rejected']:,}, ties {said['tie']:,}"
    )
    for judges, found in agreement_between(returned.labels):
        who = printable(" and ".join(judges)) if judges else "all annotators"
        kappa = "undefined" if found.kappa is None else f"{found.kappa:.3f}"
        typer.echo(f"{who}: kappa {kappa} on {found.items:,} pairs")
    kept = sum(done.snapshot.rows.values())
    typer.echo(
        f"snapshot {done.snapshot.id}: {kept:,} pairs kept, {done.kept_before:,} before; "
        f"{done.newly_kept:,} newly kept, {done.newly_dropped:,} newly dropped"
    )
    if returned.problems:
        listed = printable(problems_listed(returned.problems))
        typer.echo(f"{len(returned.problems):,} rows could not be used:{listed}", err=True)


def _ids(paths: Sequence[str]) -> frozenset[str]:
    from curation.selection.blind import label_of_row
    from pipelines.jsonl_file import read_each

    return frozenset(row.pair_id for path in paths for row in read_each(label_of_row, path))


def _gains(path: str) -> "Gains":
    import json

    from curation.selection.routing import from_json
    from schemas.errors import InputError

    try:
        return from_json(json.loads(Path(path).read_bytes()))
    except OSError as error:
        raise InputError(f"--routing {path}: cannot be read: {error.strerror}") from None
    except (ValueError, InputError) as error:
        raise InputError(f"--routing {path}: {error}") from None
