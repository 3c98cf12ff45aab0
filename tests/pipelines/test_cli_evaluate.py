"""`curate evaluate` as a user types it, with the real encoder and the real model as judge."""

import gzip
import json

import apache_beam as beam
import pytest
from typer.testing import CliRunner

from curation.models import embedded, embedded_encoder
from pipelines import cli
from pipelines.beam_options import pipeline_options
from pipelines.beam_runner import make_runner
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance
from sinks.layout import KINDS
from sinks.publish import publish
from sinks.snapshot import WriteSnapshot

# Of the first pair of replies the embedded model prefers the same one in both orders, in bfloat16
# and in float32; of the others it prefers the one shown first.
ASKED = {
    "What is the capital of France?": "Paris.",
    "Name a colour, please.": "Blue.",
    "Who wrote the play Hamlet?": "Shakespeare wrote it.",
}
WANTED = "The user wants a direct answer in one sentence."
POOR = "B B B B B B"


@pytest.fixture(scope="module", autouse=True)
def _models():
    embedded.fetch()
    embedded_encoder.fetch()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with items, and answers of two sides to them."""
    folder = tmp_path_factory.mktemp("evaluation")
    rows = [{"prompt": text, "rubric": WANTED, "group": text[:3]} for text in ASKED]
    write(folder / "items.jsonl", rows)
    good = [{"prompt": text, "response": reply} for text, reply in ASKED.items()]
    write(folder / "good.jsonl", good)
    write(folder / "poor.jsonl", [{**row, "response": POOR} for row in good])
    return folder


@pytest.fixture(scope="module")
def compared(files):
    """The report of good answers against poor ones, and what was printed."""
    report = files / "report.json"
    asked = ["--a", files / "good.jsonl", "--b", files / "poor.jsonl", "--judge", "embedded"]
    done = curate("evaluate", files / "items.jsonl", *asked, "--output", report)
    return json.loads(report.read_bytes()), done


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def curate(*arguments, status=0):
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert done.exit_code == status, done.output
    return done


def test_the_report_holds_the_result_and_how_it_came_to_be(compared, files):
    report, _ = compared
    assert report["result"]["items"] == report["result"]["decided"] == len(ASKED)
    assert report["result"]["results"]["win"] >= 1
    assert report["result"]["win_rate"]["value"] > 0.5
    assert report["selection"]["encoder"].startswith("all-MiniLM-L6-v2@")
    assert report["judge"]["model"].startswith("SmolLM2-135M-Instruct@")
    assert report["judge"]["template"].startswith("checklist_judge-v1@")
    assert report["a"]["kind"] == "file"
    assert [item["id"] for item in report["items"]] == sorted(i["id"] for i in report["items"])
    assert {item["a"]["text"] for item in report["items"]} == set(ASKED.values())
    assert {item["checklist"] for item in report["items"]} == {WANTED}


def test_a_table_is_printed_and_progress_is_not_in_it(compared):
    _, done = compared
    for fact in ("A wins", "win rate of A", "two orders agree on", "Lengths", "good.jsonl"):
        assert fact in done.stdout
    assert "judging in both orders" in done.stderr
    assert "judging" not in done.stdout


def test_exchanged_sides_mirror_the_report(compared, files):
    there, _ = compared
    target = files / "mirrored.json"
    asked = ["--b", files / "good.jsonl", "--a", files / "poor.jsonl", "--judge", "embedded"]
    curate("evaluate", files / "items.jsonl", *asked, "--output", target)
    back = json.loads(target.read_bytes())
    assert back["result"]["results"].get("loss") == there["result"]["results"]["win"]
    assert back["result"]["shares"]["loss"] == there["result"]["shares"]["win"]
    rate, mirrored = there["result"]["win_rate"], back["result"]["win_rate"]
    assert mirrored["value"] == pytest.approx(1 - rate["value"], abs=2e-6)
    assert mirrored["low"] == pytest.approx(1 - rate["high"], abs=2e-6)
    assert (back["a"], back["b"]) == (there["b"], there["a"])
    for one, other in zip(there["items"], back["items"], strict=True):
        assert other["probability"] == pytest.approx(1 - one["probability"], abs=1e-12)
        assert (other["a"], other["b"]) == (one["b"], one["a"])


def test_a_model_against_itself_ties_and_its_kept_answers_serve_again(files, tmp_path):
    asked = ["evaluate", files / "items.jsonl", "--judge", "embedded", "--max-new-tokens", 6]
    asked += ["--clusters", 2, "--nearest", 1, "--a", "embedded", "--memo", tmp_path / "memo"]
    curate(*asked, "--b", "embedded", "--output", tmp_path / "same.json")
    result = json.loads((tmp_path / "same.json").read_bytes())["result"]
    assert result["results"] == {"tie": 2}
    assert result["reasons"] == {"identical": 2}
    assert result["win_rate"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert result["lengths"]["a"] == result["lengths"]["b"]

    poor = ["--b", files / "poor.jsonl", "--output"]
    curate(*asked, *poor, tmp_path / "first.json")
    with pytest.MonkeyPatch.context() as patched:  # no model may be loaded any more
        patched.setattr("pipelines.asking._load", None)
        curate(*asked, *poor, tmp_path / "second.json")
    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_an_exported_test_set_is_chosen_again_from_its_file(files, tmp_path):
    packed = tmp_path / "items.jsonl.gz"
    packed.write_bytes(gzip.compress((files / "items.jsonl").read_bytes()))
    settings = ["--clusters", "2", "--nearest", "1"]
    done = curate("evaluate", packed, *settings, "--export", tmp_path / "a.jsonl")
    assert "2 items in" in done.stdout
    curate("evaluate", tmp_path / "a.jsonl", "--export", tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_a_published_dataset_is_evaluated_on_its_test_split(files, tmp_path):
    dataset = tmp_path / "dataset"
    publish_pairs(dataset, [*ASKED, "No rubric?"])
    done = curate("evaluate", dataset, "--export", tmp_path / "items.jsonl")
    assert f"{len(ASKED)} items in" in done.stdout
    rows = [json.loads(line) for line in (tmp_path / "items.jsonl").read_text().splitlines()]
    assert {row["rubric"] for row in rows} == {WANTED}
    assert {row["group"] for row in rows} == {"tree"}

    none = curate("evaluate", dataset, "--split", "train", "--export", "x", status=2)
    assert "nothing to evaluate on: 0 prompts in split train" in none.stderr
    assert "try --split test" in none.stderr


def test_answers_that_are_missing_are_counted_and_nothing_decided_is_a_failure(files, tmp_path):
    first, second = [{"prompt": text, "response": "Yes."} for text in list(ASKED)[:2]]
    write(tmp_path / "one.jsonl", [first])
    write(tmp_path / "two.jsonl", [second])
    asked = ["--a", tmp_path / "one.jsonl", "--b", tmp_path / "two.jsonl", "--judge", "embedded"]
    done = curate("evaluate", files / "items.jsonl", *asked, status=1)
    assert "no item was decided: no answer of a 1" in done.stderr
    assert "the judge was not asked" in done.stdout


def test_what_is_too_long_for_the_judge_is_a_failure_that_is_counted(files, tmp_path):
    asked = ["--a", files / "good.jsonl", "--b", files / "poor.jsonl", "--judge", "embedded"]
    asked += ["--judge-tokens", 50, "--output", tmp_path / "r.json"]
    done = curate("evaluate", files / "items.jsonl", *asked, status=1)
    assert "no item was decided: judge: prompt_too_long 3" in done.stderr
    assert json.loads((tmp_path / "r.json").read_bytes())["result"]["results"] == {"failed": 3}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["items.jsonl"], "--a MODEL, --b MODEL and --judge MODEL"),
        (["gone.jsonl", "--export", "x"], "gone.jsonl: no such file"),
        (["items.jsonl", "--export", "gone/x"], "--export gone/x: not a file in an existing"),
        (["items.jsonl", "--output", "."], "--output .: not a file in an existing"),
        (["items.jsonl", "--encoder", "mini", "--export", "x"], "encoder 'mini': expected"),
        (["broken.jsonl", "--export", "x"], "broken.jsonl: line 3: prompt: must end"),
        (["torn.jsonl", "--export", "x"], "torn.jsonl: line 1: "),
        (["empty.jsonl", "--export", "x"], "nothing to evaluate on"),
        (
            ["items.jsonl", "--a", "gone.jsonl", "--b", "embedded", "--judge", "embedded"],
            "gone.jsonl: no such file",
        ),
        (
            ["items.jsonl", "--a", "embedded", "--b", "lama", "--judge", "embedded"],
            "model 'lama': expected",
        ),
        (
            ["items.jsonl", "--a", "embedded", "--b", "embedded", "--judge", "good.jsonl"],
            "model 'good.jsonl': expected",
        ),
        (
            ["items.jsonl", "--a", "other.jsonl", "--b", "embedded", "--judge", "embedded"],
            "other.jsonl: holds no answer to any of the 3 items",
        ),
    ],
)
def test_what_cannot_be_done_ends_with_status_2_and_says_why(
    files, monkeypatch, arguments, message
):
    monkeypatch.chdir(files)
    prompt = [{"role": "assistant", "content": "x"}]
    (files / "broken.jsonl").write_text(
        json.dumps({"prompt": "x", "rubric": "y"}) + "\n\n" + json.dumps({"prompt": prompt}) + "\n"
    )
    (files / "torn.jsonl").write_text('{"prompt": "x", "rub')
    (files / "empty.jsonl").write_text("")
    write(files / "other.jsonl", [{"prompt": "Else?", "response": "x"}])
    assert message in curate("evaluate", *arguments, status=2).stderr


def test_the_encoder_is_fetched_by_name():
    done = curate("models", "fetch", "--encoder")
    assert done.stdout.strip() == str(embedded_encoder.cache_dir())
    assert (
        "--encoder has one number format"
        in curate("models", "fetch", "--encoder", "--dtype", "float32", status=2).stderr
    )
    assert "all-MiniLM-L6-v2" in curate("models", "list").stdout


def publish_pairs(output, prompts):
    """Publish a dataset whose test split has a pair for each prompt."""
    chosen, rejected = [Message("assistant", "Yes.")], [Message("assistant", "No.")]
    scores = ("margin", "chosen_score", "rejected_score", "ches", "ln_ches", "uncertainty")
    pairs = [
        PreferencePair(
            id=pair_id([Message("user", text)], chosen, rejected),
            prompt=[Message("user", text)],
            chosen=chosen,
            rejected=rejected,
            **dict.fromkeys(scores),
            method="expert",
            source="test",
            conversation_id="cd" * 16,
            rationale=None,
            rubric=WANTED if text in ASKED else None,
            provenance=Provenance("a.jsonl", 0, "tree", None, [], [], None, "0.1.0"),
            split="test",
        )
        for text in prompts
    ]
    options = pipeline_options([])
    with beam.Pipeline(runner=make_runner(options), options=options) as pipeline:
        rows = dict.fromkeys((*KINDS, "counts"), ()) | {"pairs": pairs}
        delivered = {kind: pipeline | kind >> beam.Create(values) for kind, values in rows.items()}
        _ = delivered | WriteSnapshot(str(output), "run", [])
    info = {"name": "x", "recipe": {}, "models": {}, "inputs": []}
    publish(str(output), "run", {**info, "code_version": "0.1.0", "packages": {}})
