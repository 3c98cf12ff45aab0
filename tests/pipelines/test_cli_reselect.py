"""`curate reselect`: what it says and where it fails; what it writes is tests/sinks' concern."""

import json
import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.recipe import Recipe, resolved
from schemas.ids import pair_id
from schemas.records import Drop, Message, PreferencePair, Provenance
from sinks.layout import KINDS
from sinks.publish import publish
from sinks.snapshot import WriteSnapshot

DROPPED = "drop:margin_min"
RECIPE = Recipe(
    name="chats",
    sources={"pairs": {"paths": "pairs.jsonl"}},
    select={"margin": {"min": 0.5}},
)


def make_pair(margin: float) -> PreferencePair:
    """A pair with this margin."""
    texts = ("user", f"How is {margin}?"), ("assistant", "It is well."), ("assistant", "It is bad.")
    sides = [(Message(*text),) for text in texts]
    origin = Provenance("pairs.jsonl", 0, str(margin), None, (), (), None, "0.1.0")
    scores = (margin, None, None, None, None, None)
    names = ("existing", "test", "c", None, None)
    pair = PreferencePair(pair_id(*sides), *sides, *scores, *names, origin, "train")
    return pair._replace(chosen_chars=11, rejected_chars=10)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of two pairs with a third in the pool."""
    output = tmp_path_factory.mktemp("published") / "out"
    out = make_pair(0.0)
    records = {
        "pairs": [make_pair(0.5), make_pair(1.0)],
        "pool": [out],
        "drops": [Drop(out.id, "margin_min", 0.0, 0.5)],
        "counts": [(("select", "in"), 3), (("select", "out"), 2), (("select", DROPPED), 1)],
    }
    with beam.Pipeline(FnApiRunner()) as pipeline:
        delivered = {
            kind: pipeline | f"Create {kind}" >> beam.Create(records.get(kind, []))
            for kind in (*KINDS, "counts")
        }
        _ = delivered | WriteSnapshot(str(output), "r", ("select",))
    info = {"name": "chats", "recipe": resolved(RECIPE), "models": {}, "inputs": []}
    publish(str(output), "r", {**info, "code_version": "0.1.0", "packages": {}, "license": None})
    return output


@pytest.fixture
def dataset(published: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    subprocess.run(["cp", "-r", str(published), str(tmp_path / "out")], check=True)
    return tmp_path / "out"


def curate(*arguments: object) -> tuple[int, str, str]:
    """Status, output and errors of a command."""
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


def test_it_says_what_is_current_now_and_how_to_look_at_it(dataset: Path) -> None:
    status, said, _ = curate("reselect", dataset, "--set", "select.margin.min=0.0")
    current = json.loads((dataset / "manifest.json").read_text())["current"]
    assert status == 0
    assert f"snapshot {current}: 3 train + 0 test pairs in {dataset}" in said
    assert f"curate inspect {dataset}" in said


def test_the_same_selection_is_said_to_be_there(dataset: Path) -> None:
    assert "there already: nothing was added" in curate("reselect", dataset)[1]


def test_inspect_counts_what_was_not_selected(dataset: Path) -> None:
    assert "1 more measured pairs" in curate("inspect", dataset)[1].replace("\n", " ")
    assert json.loads(curate("inspect", dataset, "--json")[1])["pool"] == 1


def test_another_key_is_refused_with_status_2(dataset: Path) -> None:
    status, _, errors = curate("reselect", dataset, "--set", "split.test=0.2")
    assert status == 2
    assert '--set split.test=0.2: "split.test" is not decided by stored scores' in errors


def test_no_dataset_is_an_error_with_status_1(tmp_path: Path) -> None:
    status, _, errors = curate("reselect", tmp_path / "none")
    assert status == 1
    assert "no dataset at" in errors


def test_a_snapshot_that_kept_no_pool_says_what_it_cannot_do(dataset: Path) -> None:
    (path,) = dataset.glob("snapshots/*/manifest.json")
    manifest = json.loads(path.read_text())
    del manifest["records"]["pool"]
    manifest["files"] = [f for f in manifest["files"] if f["kind"] not in ("pool", "index")]
    path.write_text(json.dumps({**manifest, "schema_version": 4}))
    status, said, errors = curate("reselect", dataset, "--set", "select.margin.min=0.0")
    assert status == 0
    assert "only those that it kept can be chosen from" in errors
    assert ": 2 train" in said


def test_neither_a_model_library_nor_beam_is_loaded(dataset: Path) -> None:
    heavy = "{'torch', 'transformers', 'vllm', 'openai', 'lingua', 'apache_beam'}"
    code = (
        "import sys; from pipelines.reselect import reselect; "
        f"reselect({str(dataset)!r}, ['select.margin.min=0.75']); "
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
