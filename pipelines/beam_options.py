"""Beam's own options, checked before anything runs; engines that lose rows are refused."""

import argparse
import logging
from collections.abc import Iterable, Sequence

from apache_beam.options.pipeline_options import DirectOptions, PipelineOptions, StandardOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.runner import create_runner

from pipelines.nearest import did_you_mean
from schemas.errors import UsageError

DEFAULT_RUNNER = "FnApiRunner"
"""Runs in this process, or in several on this machine."""

_LOGGER = logging.getLogger(__name__)
# Beam's switch between runners: it first tries to download another engine.
_SWITCHING = {"directrunner", "direct", "switchingdirectrunner", "switchingdirect"}
# A job server brings options of its own, which nobody knows before it is asked.
_JOB_SERVERS = ("portable", "flink", "spark", "prism")


def pipeline_options(args: Sequence[str], own: Iterable[str] = ()) -> PipelineOptions:
    """Beam's options from the end of a command line.

    Parameters:
        args: options as Beam takes them, such as `--runner=DataflowRunner`.
        own: the command's own options, offered when one of them is misspelt.

    Without `--runner`, `FnApiRunner` runs the pipeline, and so it does for `DirectRunner`.
    More than one `--direct_num_workers` means that many worker processes.

    Raises: UsageError for an unknown option or runner, a wrong value, and for the two
    engines that are known to lose rows.

    >>> pipeline_options(["--runer=FnApiRunner"])
    Traceback (most recent call last):
    schemas.errors.UsageError: unknown option "--runer"; did you mean "--runner"?
    """
    parser = _parser()
    try:
        parsed, unknown = parser.parse_known_args(list(args))
    except argparse.ArgumentError as error:
        raise UsageError(str(error)) from None
    runner = parsed.runner or DEFAULT_RUNNER
    if runner.lower() in _SWITCHING:
        _LOGGER.warning("%s: running on %s", runner, DEFAULT_RUNNER)
        runner = DEFAULT_RUNNER
    _refuse_unknown(unknown, runner, [*parser._option_string_actions, *own])
    _refuse_engines(runner, parsed.direct_running_mode)
    options = PipelineOptions(list(args), runner=runner)
    direct = options.view_as(DirectOptions)
    if direct.direct_num_workers != 1:
        # In its default mode Beam would start one worker and only warn.
        direct.direct_running_mode = "multi_processing"
    _check_runner(options, runner)
    return options


def _parser() -> argparse.ArgumentParser:
    """Beam's parser of all options, which raises where Beam's would end the process."""
    found: list[argparse.ArgumentParser] = []
    PipelineOptions([]).get_all_options(add_extra_args_fn=found.append)
    found[0].exit_on_error = False
    return found[0]


def _refuse_unknown(unknown: Sequence[str], runner: str, known: Sequence[str]) -> None:
    has_job_server = any(name in runner.lower() for name in _JOB_SERVERS)
    for arg in unknown:
        name = arg.partition("=")[0]
        near = did_you_mean(name, known, closeness=0.85 if has_job_server else 0.6)
        if arg.startswith("-") and (near or not has_job_server):
            raise UsageError(f'unknown option "{name}"{near}')
        if not arg.startswith("-") and not has_job_server:
            raise UsageError(f'unexpected argument "{arg}"')


def refuse_engines_that_lose_rows(args: Sequence[str]) -> None:
    """Refuse the two engines that are known to lose rows, whatever else is wrong with `args`.

    Raises: UsageError with the reason.
    """
    parsed, _ = _parser().parse_known_args([a for a in args if "=" in a])
    _refuse_engines(parsed.runner or DEFAULT_RUNNER, parsed.direct_running_mode)


def _refuse_engines(runner: str, running_mode: str) -> None:
    if running_mode == "multi_threading":
        raise UsageError(
            "--direct_running_mode=multi_threading is refused: in this mode Beam silently loses "
            "rows after a GroupByKey; use --direct_running_mode=multi_processing "
            "--direct_num_workers=N instead"
        )
    if "dask" in runner.lower():
        raise UsageError(
            f"--runner={runner} is refused: Beam's Dask runner never ends a bundle, so the last "
            f"batch of rows is silently lost; use {DEFAULT_RUNNER}, or a Flink, Spark or "
            "Dataflow runner"
        )


def _check_runner(options: PipelineOptions, runner: str) -> None:
    try:
        errors = PipelineOptionsValidator(options, create_runner(runner)).validate()
    except ValueError:
        near = did_you_mean(runner, StandardOptions.KNOWN_RUNNER_NAMES)
        raise UsageError(f'--runner: Beam has no runner "{runner}"{near}') from None
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--runner={runner} is not available: {error}") from None
    if errors:
        raise UsageError("\n".join(errors))
