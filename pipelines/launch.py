"""Running a recipe: check everything first, run the graph, publish last."""

import importlib.metadata
import logging
import platform
import uuid
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.runner import PipelineState

from curation.models.loading import check_model
from curation.selection.trainer_tokens import check_tokenizer
from pipelines.audit import add_audit
from pipelines.beam_runner import make_runner
from pipelines.graph import build_graph
from pipelines.model_roles import ModelNames, asked_of, spec_of
from pipelines.recipe import ModelSpec, Recipe, resolved
from pipelines.stages import stages_of
from schemas.errors import PrefstreamError, RunError
from sinks.funnel import read_funnel
from sinks.layout import MEMO
from sinks.output import discard_run, prepare_output
from sinks.publish import PublishedSnapshot, publish
from sinks.snapshot import WriteSnapshot
from transforms.ingest import list_inputs
from transforms.memo import Memo
from transforms.memo_compaction import compact
from transforms.memo_files import check_store
from transforms.memo_store import close_memo
from transforms.model_step import FAILED

VERSION = importlib.metadata.version("prefstream")
"""Version of this software, as provenance and manifests tell it."""
DEFAULT_MEMO = ""
"""Stands for the store of answers in the dataset's own root."""
_LOG = logging.getLogger(__name__)
_PACKAGES = ("apache-beam", "pyarrow", "torch", "transformers")


def launch(
    recipe: Recipe, output: str, options: PipelineOptions, memo: str | None = DEFAULT_MEMO
) -> PublishedSnapshot:
    """Run a recipe and publish its snapshot.

    Input: a checked recipe, the dataset's root, Beam's options. Parameters: `memo`, folder or
    URL where models' answers are kept, by default `.memo` in the dataset's root; None keeps
    none. Output: what was published.

    Raises: UsageError or ModelError before any work when something needed is missing; RunError
    when the pipeline failed or too much of the input was refused. Nothing is published then.
    """
    names = check_models(recipe)
    if recipe.score.tokenizer:
        check_tokenizer(recipe.score.tokenizer)
    inputs = check_inputs(recipe)
    run_id = uuid.uuid4().hex
    if memo:
        check_store(memo)
    prepare_output(output, run_id)
    store = f"{output.rstrip('/')}/{MEMO}" if memo == DEFAULT_MEMO else memo
    kept = Memo(store, run_id) if store else None
    try:
        _run(recipe, names, output, run_id, options=options, memo=kept)
        _check_rejects(read_funnel(output, run_id), recipe.sources.max_reject_share)
        if recipe.write.audit:
            add_audit(output, run_id)
        published = publish(output, run_id, _run_info(recipe, names, inputs))
    except BaseException:
        discard_run(output, run_id)
        raise
    finally:
        close_memo(run_id)
    if kept:
        _compact(kept)
    return published


def _compact(memo: Memo) -> None:
    try:
        compact(*memo)
    except OSError as error:  # The dataset is published, and every answer is where it was.
        _LOG.warning("the answers in %s were not compacted: %s", memo.store, error)


def check_models(recipe: Recipe) -> ModelNames:
    """Names of the models that a recipe uses, empty for one that it has no work for.

    Raises: MissingExtraError or ModelError with the command that mends it.
    """
    used = [role for role in ModelNames._fields if asked_of(recipe, role)]
    return ModelNames(**{role: _check(spec_of(recipe, role)) for role in used})


def check_inputs(recipe: Recipe) -> list[tuple[str, int]]:
    """Files that a recipe reads, with their sizes.

    Raises: InputError for a pattern that matches nothing.
    """
    read = recipe.sources
    sources = (read.conversations, read.documents, read.pairs, read.candidates)
    return sorted({file for source in sources if source for file in list_inputs(source.paths)})


def _check(spec: ModelSpec) -> str:
    return check_model(spec.name, spec.dtype)


def _run(
    recipe: Recipe,
    names: ModelNames,
    output: str,
    run_id: str,
    *,
    options: PipelineOptions,
    memo: Memo | None,
) -> None:
    pipeline = beam.Pipeline(runner=make_runner(options), options=options)
    delivery = build_graph(pipeline, recipe, names, VERSION, memo=memo)
    target = recipe.write.target_file_mb * 1_000_000
    _ = delivery._asdict() | "Write" >> WriteSnapshot(output, run_id, stages_of(recipe), target)
    try:
        state = pipeline.run().wait_until_finish()
    except PrefstreamError:
        raise
    except Exception as error:
        cause = _cause(error)
        if cause.startswith("KeyboardInterrupt"):  # Beam reports Ctrl-C like any other failure.
            raise KeyboardInterrupt from None
        raise RunError(f"the run failed: {cause}") from error
    if state not in (PipelineState.DONE, None):
        raise RunError(f"the run ended as {state}")


def _cause(error: Exception) -> str:
    """The last line of a worker's traceback, which Beam gives whole as the message."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _check_rejects(funnel: list[dict[str, Any]], limit: float) -> None:
    for row in funnel:
        # What models could not answer, apart from what filters and verdicts took out.
        failed = row.get("notes", {}).get(FAILED, 0)
        lost = sum(row["dropped"].values()) if row["stage"] == "ingest" else failed
        if row["in"] and lost / row["in"] > limit:
            raise RunError(
                f"{lost:,} of {row['in']:,} records were refused at stage {row['stage']} "
                f"({_reasons(row['dropped'])}): more than sources.max_reject_share = {limit:g}; "
                "nothing was published"
            )


def _reasons(dropped: dict[str, int]) -> str:
    ranked = sorted(dropped.items(), key=lambda item: -item[1])
    return ", ".join(f"{reason} {n:,}" for reason, n in ranked[:5])


def _run_info(recipe: Recipe, names: ModelNames, inputs: list[tuple[str, int]]) -> dict[str, Any]:
    versions = {name: _version(name) for name in _PACKAGES}
    return {
        "name": recipe.name,
        "recipe": resolved(recipe),
        "models": {role: name for role, name in names._asdict().items() if name},
        "inputs": [{"path": path, "size": size} for path, size in inputs],
        "code_version": VERSION,
        "packages": {"python": platform.python_version(), **versions},
        "license": recipe.write.license,
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
