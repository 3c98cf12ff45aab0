"""`curate audit` as a user types it: on a published snapshot, on files, before publishing."""

import json
import shutil
from pathlib import Path

import apache_beam as beam
import pytest
from typer.testing import CliRunner

from pipelines import cli
from pipelines.audit import audit_files, audit_snapshot, audit_staged
from pipelines.beam_options import pipeline_options
from pipelines.beam_runner import make_runner
from schemas.errors import PublishError
from schemas.records import PreferencePair
from sinks.audit_section import audit_section
from sinks.publish import publish
from sinks.snapshot import WriteSnapshot

SAMPLE = Path(__file__).parents[1] / "data" / "hh_rlhf" / "pairs.jsonl"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A published dataset of the sample, and its audit before it was published."""
    output = str(tmp_path_factory.mktemp("dataset"))
    pairs = [p._replace(split="test" if i % 5 == 0 else "train") for i, p in enumerate(sample())]
    options = pipeline_options([], ())
    with beam.Pipeline(runner=make_runner(options), options=options) as pipeline:
        inputs = {kind: pipeline | kind >> beam.Create([]) for kind in (*KINDS, "counts")}
        inputs["pairs"] = pipeline | "Pairs" >> beam.Create(pairs)
        _ = inputs | WriteSnapshot(output, "run")
    staged = audit_staged(output, "run")
    publish(output, "run", INFO)
    return output, staged


INFO = {
    "name": "Sample", "recipe": {}, "models": {}, "inputs": [], "code_version": "0", "packages": {},
}  # fmt: skip
KINDS = ("signals", "rejects", "drops", "pool", "rankings")


def sample() -> list[PreferencePair]:
    from pipelines.audit import read_pair_files

    return [told.pair for told in read_pair_files([str(SAMPLE)], lambda reject: None)]


def curate(*arguments, status=0):
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done


def test_a_staged_run_has_the_audit_of_its_snapshot(dataset):
    output, staged = dataset
    assert staged.as_json() == audit_snapshot(output).as_json()
    assert (
        staged.splits == {"train": 156, "test": 40} or sum(staged.splits.values()) == staged.pairs
    )


def test_a_snapshot_is_audited_as_its_files_are(dataset):
    output, _ = dataset
    of_files = {f.name: f for f in audit_files([str(SAMPLE)]).audit.figures}
    for figure in audit_snapshot(output).figures:
        if figure.name != "prompts.in_both_splits":
            assert figure == of_files[figure.name]


def test_json_is_the_same_on_every_run(dataset):
    output, _ = dataset
    first, second = (curate("audit", output, "--json").stdout for _ in range(2))
    assert first == second
    report = json.loads(first)
    assert report["format"] == 1
    assert report["pairs"] == len(sample())


def test_the_table_shows_figures_and_warnings(tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = [
        {"prompt": f"q{n}", "response_1": f"yes {n}", "response_2": f"no {n}", "label": 0}
        for n in range(40)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "{}\n")
    done = curate("audit", "--pairs", path)
    assert "position.chosen_first" in done.stdout
    assert "WARNS" in done.stdout
    assert "not audited: unknown_format 1" in done.stderr


def test_the_test_split_may_be_files_of_its_own(tmp_path):
    other = tmp_path / "test.jsonl"
    shutil.copy(SAMPLE, other)
    done = curate("audit", "--pairs", SAMPLE, "--test-pairs", other, "--json")
    assert "prompts.in_both_splits" in json.loads(done.stdout)["warnings"]


def test_a_table_of_two_replies_is_read(tmp_path):
    path = tmp_path / "log.csv"
    lines = [f"q{n},longer {n},b {n},1.0" for n in range(30)]
    head = "user_query,llm_response_1,llm_response_2,preference"
    path.write_text("\n".join([head, *lines]) + "\n")
    report = json.loads(curate("audit", "--pairs", path, "--json").stdout)
    assert "position.chosen_first" in report["warnings"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("out", "--pairs", "x"),
        ("out", "--test-pairs", "x"),
        ("--pairs", "x", "--snapshot", "a"),
        ("--pairs", "no/such/*.jsonl"),
        ("--pairs", "x", "--false-alarms", "2"),
    ],
    ids=["nothing", "both", "test_alone", "snapshot_of_files", "no_file", "rate"],
)
def test_what_cannot_be_audited_is_refused(arguments):
    curate("audit", *arguments, status=2)


def test_a_snapshot_that_is_not_there_is_refused(dataset):
    with pytest.raises(PublishError):
        audit_snapshot(dataset[0], "0" * 16)


def test_the_section_of_the_card_escapes_what_comes_from_data(dataset):
    report = dataset[1].as_json()
    for figure in report["figures"]:
        if figure["name"] == "words.one_sided":
            figure["value"], figure["details"] = 0.5, [{"n_gram": "<b>|x](y)", "z": 3.0}]
    section = audit_section(report)
    assert "<b>" not in section
    assert "&lt;b&gt;\\|x\\](y)" in section
    assert "length.longer_chosen" in section
