"""What `curate` answers: results on standard output, complaints and statuses for what is wrong."""

import json

import apache_beam as beam
import pytest
from typer.testing import CliRunner

from pipelines import cli
from pipelines.beam_options import pipeline_options
from pipelines.beam_runner import make_runner
from schemas.errors import RunError
from schemas.records import RECORDS, Message, PreferencePair, Provenance
from sinks.layout import KINDS
from sinks.publish import publish
from sinks.snapshot import WriteSnapshot

RECIPE = "name: x\nsources: {pairs: {paths: pairs.jsonl}}\n"


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    (tmp_path / "pairs.jsonl").write_text("{}\n")
    (tmp_path / "r.yaml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return "r.yaml"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A published dataset of one pair, whose texts try to be markup and to move the cursor."""
    output = str(tmp_path_factory.mktemp("dataset"))
    pair = PreferencePair(
        id="ab" * 16,
        prompt=[Message("user", "[red]What[/red] \x1b[2J is it?")],
        chosen=[Message("assistant", "A \u202e good answer")],
        rejected=[Message("assistant", "A poor answer")],
        margin=0.25,
        chosen_score=-1.0,
        rejected_score=-1.25,
        ches=None,
        ln_ches=None,
        uncertainty=None,
        method="existing",
        source="trl",
        conversation_id="cd" * 16,
        rationale=None,
        rubric=None,
        provenance=Provenance("a.jsonl", 0, "g", None, [], [], None, "0.1.0"),
        split="train",
    )
    counts = [(("ingest", "in"), 3), (("ingest", "out"), 1), (("ingest", "drop:not_json"), 2)]
    options = pipeline_options([])
    with beam.Pipeline(runner=make_runner(options), options=options) as pipeline:
        rows = dict.fromkeys(KINDS, ()) | {"pairs": [pair], "counts": counts}
        delivered = {kind: pipeline | kind >> beam.Create(values) for kind, values in rows.items()}
        _ = delivered | WriteSnapshot(output, "run", ["ingest"])
    info = {
        "name": "x",
        "recipe": {},
        "models": {"policy": "embedded@1"},
        "inputs": [{"path": "a.jsonl", "size": 10}],
        "code_version": "0.1.0",
        "packages": {},
    }
    publish(output, "run", info)
    return output


def curate(*args):
    return CliRunner().invoke(cli.app, args)


def test_schema_lists_every_record_and_the_recipe():
    names = [line.split()[0] for line in curate("schema").stdout.splitlines()]
    assert names == [*RECORDS, "Recipe"]


def test_schema_prints_the_json_schema_of_a_record_in_any_case():
    printed = json.loads(curate("schema", "preferencepair").stdout)
    assert printed["title"] == "PreferencePair"
    assert printed["properties"]["margin"]["description"]


def test_schema_prints_the_arrow_schema_of_a_record():
    assert "threshold: double" in curate("schema", "Drop", "--arrow").stdout


def test_schema_prints_every_key_of_a_recipe_with_its_meaning():
    definitions = json.loads(curate("schema", "Recipe").stdout)["$defs"]
    for section in definitions.values():
        assert all(key.get("description") for key in section["properties"].values())


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["schema", "Pair"], 'no record "Pair"; did you mean "PairDraft"?'),
        (["validate", "quikstart"], 'did you mean "quickstart"?'),
        (["validate", "r.yaml", "--set", "sede=1"], 'unknown key "sede"; did you mean "seed"?'),
        (["validate", "r.yaml", "--pairs", "gone*"], "no file matches 'gone*'"),
        (["run", "r.yaml", "--ouput", "o"], 'option "--ouput"; did you mean "--output"?'),
        (["run", "r.yaml", "--output", "o", "--runer=X"], 'did you mean "--runner"?'),
        (["run", "r.yaml", "--output", "o", "--", "--runer=X"], 'did you mean "--runner"?'),
        (["run", "--runner", "X", "r.yaml", "--output", "o"], "the recipe comes first"),
        (["run", "--direct_running_mode=multi_threading"], "silently loses rows"),
        (["run", "r.yaml"], "name a folder with --output OUT"),
        (
            ["run", "r.yaml", "--output", "o", "--", "--direct_running_mode=multi_threading"],
            "silently loses rows",
        ),
        (
            ["run", "r.yaml", "--output", "o", "--direct_running_mode=multi_threading"],
            "silently loses rows",
        ),
        (["models", "fetch", "--dtype", "int4"], "expected auto, bfloat16, float32; got int4"),
        (["zebra"], "No such command 'zebra'"),
    ],
)
def test_bad_usage_ends_with_status_2_and_says_what_is_right(recipe, args, message):
    result = curate(*args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.stdout


def test_a_valid_recipe_is_told_so(recipe):
    result = curate("validate", recipe, "--set", "split.test=0.2")
    assert (result.exit_code, result.stdout) == (0, 'recipe "x" is valid\n')


def test_a_failed_command_ends_with_status_1(tmp_path):
    result = curate("inspect", str(tmp_path))
    assert result.exit_code == 1
    assert "no dataset at" in result.stderr


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "interrupted; nothing was published\n"),
        (RunError("too many \x1b[2J rejects"), 1, "curate: too many \\x1b[2J rejects\n"),
    ],
)
def test_an_error_in_a_run_becomes_a_status(recipe, monkeypatch, error, status, message):
    monkeypatch.setattr(cli, "load", raiser(error))
    result = curate("run", recipe, "--output", "o")
    assert (result.exit_code, result.stderr) == (status, message)


@pytest.mark.parametrize("debug", [False, True])
def test_an_unexpected_error_is_one_line_unless_debugging(recipe, monkeypatch, capsys, debug):
    monkeypatch.setattr(cli, "load", raiser(RuntimeError("Traceback\n  File x\nKeyError: 'y'\n")))
    monkeypatch.setattr(
        "sys.argv", ["curate", "run", recipe, "--output", "o", *["--debug"] * debug]
    )
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    complaint = capsys.readouterr().err
    assert "curate: RuntimeError: KeyError: 'y'" in complaint
    assert ("Traceback (most recent call last)" in complaint) == debug


def raiser(error):
    """A function that raises the error, whatever it is called with."""

    def fail(*_args, **_options):
        raise error

    return fail


def test_inspect_prints_the_snapshot_as_json(dataset):
    described = json.loads(curate("inspect", dataset, "--json").stdout)
    assert described["rows"] == {"train": 1, "test": 0}
    assert described["funnel"][0] == {
        "stage": "ingest",
        "in": 3,
        "out": 1,
        "dropped": {"not_json": 2},
    }
    assert {"snapshot", "schema_version", "rejected", "models", "inputs"} <= set(described)


def test_inspect_shows_funnel_models_inputs_and_pairs(dataset):
    shown = curate("inspect", dataset, "--pairs", "1").stdout
    for fact in ("not_json 2", "embedded@1", "a.jsonl", "existing", "A poor answer", "0.2500"):
        assert fact in shown


def test_inspect_shows_texts_as_they_are_and_lets_none_steer_the_terminal(dataset):
    shown = curate("inspect", dataset, "--pairs", "1").stdout
    assert "[red]What[/red] \\x1b[2J is it?" in shown
    assert "\\u202e good" in shown
    assert "\x1b[2J" not in shown
    assert "\u202e" not in shown
