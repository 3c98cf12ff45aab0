"""`curate audit`: what a dataset's pairs give away by form, position, words and provenance."""

from typing import TYPE_CHECKING, Annotated

import typer

from schemas.errors import UsageError

if TYPE_CHECKING:
    from pipelines.audit import AuditedFiles


def audit(
    output: Annotated[
        str | None, typer.Argument(metavar="OUT", help="Output folder of a run.")
    ] = None,
    *,
    snapshot: Annotated[
        str | None,
        typer.Option("--snapshot", metavar="ID", help="Snapshot; default: the current one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--pairs", metavar="PATTERN", help="Files of pairs, instead of OUT."),
    ] = None,
    test_pairs: Annotated[
        list[str] | None,
        typer.Option("--test-pairs", metavar="PATTERN", help="The test split of --pairs."),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", min=1, help="Pairs whose words and embeddings are read.")
    ] = 4000,
    false_alarms: Annotated[
        float, typer.Option("--false-alarms", help="Rate of false alarms of each figure.")
    ] = 0.01,
    encoder: Annotated[
        str, typer.Option("--encoder", help="static, or a sentence encoder by name.")
    ] = "static",
) -> None:
    """Look for what gives chosen replies away: length, form, position, words, their writers.

    Each figure has a threshold, and warns only where labels drawn by a coin would not say as much.
    Warnings do not change the exit status. --pairs reads files as they are: pairs in any format,
    and rows with two replies and a verdict (AutoJ, AlpacaEval, IFLLM, Chatbot Arena), which still
    say which reply stood first.

    \b
    Examples:
      curate audit out
      curate audit out --snapshot 0123456789abcdef --json | jq .warnings
      curate audit --pairs 'train/*.jsonl.gz' --test-pairs 'test/*.jsonl.gz'
    """
    if bool(output) == bool(pairs):
        raise UsageError("what is audited? name a dataset, OUT, or files with --pairs PATTERN")
    if test_pairs and not pairs:
        raise UsageError("--test-pairs goes with --pairs")
    if snapshot and not output:
        raise UsageError("--snapshot goes with a dataset, OUT")

    from curation.audit.figure import audit_bytes
    from curation.audit.settings import AuditSettings
    from pipelines import audit as audits

    settings = AuditSettings(false_alarms, sample)
    settings.check()
    if output:
        found = audits.audit_snapshot(output, snapshot, settings, encoder)
    else:
        files = audits.audit_files(pairs or (), test_pairs or (), settings, encoder)
        found = files.audit
        _tell_rejects(files)
    if as_json:
        typer.echo(audit_bytes(found), nl=False)
        return
    from rich.console import Console

    from pipelines.show_audit import audit_tables

    Console().print(audit_tables(found.as_json()))


def _tell_rejects(files: "AuditedFiles") -> None:
    from pipelines.printable import printable

    if files.rejects:
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in files.rejects.items())
        typer.echo(f"not audited: {printable(reasons)}", err=True)
    for example in files.examples:
        typer.echo(f"  {printable(example, 300)}", err=True)
