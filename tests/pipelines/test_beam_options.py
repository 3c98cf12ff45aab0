"""Which of Beam's options are taken, and which engines are refused."""

import json
import os
import time

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import DirectOptions, FlinkRunnerOptions, StandardOptions

from pipelines.beam_options import pipeline_options
from pipelines.beam_runner import make_runner
from schemas.errors import UsageError


def test_without_options_the_pipeline_runs_in_this_process():
    assert pipeline_options([]).view_as(StandardOptions).runner == "FnApiRunner"


@pytest.mark.parametrize("name", ["DirectRunner", "direct", "SwitchingDirectRunner"])
def test_the_direct_runner_which_downloads_an_engine_is_replaced(name, caplog):
    options = pipeline_options([f"--runner={name}"])
    assert options.view_as(StandardOptions).runner == "FnApiRunner"
    assert f"{name}: running on FnApiRunner" in caplog.text


@pytest.mark.parametrize("runner", [[], ["--runner=FnApiRunner"], ["--runner=DirectRunner"]])
def test_threads_as_workers_are_refused_because_they_lose_rows(runner):
    with pytest.raises(UsageError, match=r"loses rows.*multi_processing --direct_num_workers=N"):
        pipeline_options([*runner, "--direct_running_mode=multi_threading"])


@pytest.mark.parametrize("name", ["DaskRunner", "apache_beam.runners.dask.dask_runner.DaskRunner"])
def test_the_dask_runner_is_refused_because_it_loses_rows(name):
    with pytest.raises(UsageError, match="never ends a bundle"):
        pipeline_options(["--runner", name])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--runer=X"], 'unknown option "--runer"; did you mean "--runner"?'),
        (["--ouput", "x"], 'unknown option "--ouput"; did you mean "--output"?'),
        (["--zzzzzz"], 'unknown option "--zzzzzz"'),
        (["stray"], 'unexpected argument "stray"'),
        (["--runner=FnApiRuner"], 'Beam has no runner "FnApiRuner"; did you mean "FnApiRunner"?'),
        (["--runner=no.such.Runner"], "--runner=no.such.Runner is not available: No module"),
        (["--direct_num_workers=two"], "invalid int value: 'two'"),
        (["--direct_running_mode=threads"], "invalid choice: 'threads'"),
        (["--runner=FlinkRunner", "--paralelism=2"], 'did you mean "--parallelism"?'),
    ],
)
def test_a_wrong_option_is_named_with_the_nearest_right_one(args, message):
    with pytest.raises(UsageError) as caught:
        pipeline_options(args, own=["--output", "--set"])
    assert message in str(caught.value)


def test_options_that_only_a_job_server_knows_pass():
    options = pipeline_options(["--runner=FlinkRunner", "--object_reuse=true", "--parallelism=2"])
    assert options.view_as(FlinkRunnerOptions).parallelism == 2


def test_several_workers_are_several_processes(tmp_path):
    options = pipeline_options(["--direct_num_workers=2"])
    assert options.view_as(DirectOptions).direct_running_mode == "multi_processing"
    with beam.Pipeline(runner=make_runner(options), options=options) as pipeline:
        (
            pipeline
            | beam.Create(range(60))
            | beam.Reshuffle()
            | beam.Map(lambda number: (time.sleep(0.01), os.getpid())[1])
            | beam.combiners.Count.PerElement()
            | beam.Map(json.dumps)
            | beam.io.WriteToText(str(tmp_path / "pids"))
        )
    lines = [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]
    counts = dict(map(json.loads, lines))
    assert len(counts) == 2
    assert sum(counts.values()) == 60
