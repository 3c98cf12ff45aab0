"""The engine that Beam's options ask for."""

from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner import fn_runner
from apache_beam.runners.portability.portable_runner import JobServiceHandle
from apache_beam.runners.runner import PipelineRunner, create_runner

# Each worker process would otherwise tell its whole start-up on our terminal.
_QUIET = {
    "default_sdk_harness_log_level": "WARNING",
    "sdk_harness_log_level_overrides": {"__main__": "ERROR"},
}


def make_runner(options: PipelineOptions) -> PipelineRunner:
    """The runner that options name, to be given to `beam.Pipeline` beside the options.

    Beam starts the local worker processes of `FnApiRunner` without any options; here they
    get those of the run.

    >>> from pipelines.beam_options import pipeline_options
    >>> type(make_runner(pipeline_options([]))).__name__
    'FnApiRunner'
    """
    runner = create_runner(options.view_as(StandardOptions).runner)
    if not isinstance(runner, fn_runner.FnApiRunner):
        return runner
    given = options.get_all_options(drop_default=True)
    encoded = JobServiceHandle.encode_pipeline_options({**_QUIET, **given})
    provision = beam_provision_api_pb2.ProvisionInfo(pipeline_options=encoded)
    return fn_runner.FnApiRunner(provision_info=fn_runner.ExtendedProvisionInfo(provision))
