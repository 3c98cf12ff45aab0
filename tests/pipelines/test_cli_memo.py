"""`curate memo`: what it says of a store, and what it takes out of one."""

import json
import re
import time

import pytest
from typer.testing import CliRunner

from curation.memo.frames import Meta, write_frame
from pipelines import cli
from schemas.errors import UsageError
from transforms.memo_files import list_segments, segment_path, write_whole
from transforms.memo_store import MemoStore

DAY = 24 * 3600


def curate(*args):
    return CliRunner().invoke(cli.app, [str(arg) for arg in args])


def keep(store, first, count, *, task="generate", model="old@1", age=0.0):
    """Keep answers as they would have been kept some days ago."""
    numbers = range(first, first + count)
    frame = write_frame(
        Meta(task, model, time.time() - age * DAY),
        [n.to_bytes(16, "little") for n in numbers],
        [b'["answer"]'] * count,
    )
    write_whole(segment_path(str(store), "r"), [frame])


@pytest.fixture
def store(tmp_path):
    """Answers of two models and two tasks, some of them old."""
    keep(tmp_path, 0, 3, age=40)
    keep(tmp_path, 10, 4, age=2)
    keep(tmp_path, 20, 5, task="measure", model="new@2", age=50)
    return tmp_path


def kept(store):
    """How many answers the store gives."""
    opened = MemoStore(str(store))
    opened.refresh()
    return sum(a is not None for a in opened.get([n.to_bytes(16, "little") for n in range(99)]))


def test_stats_tell_totals_and_each_model(store):
    told = json.loads(curate("memo", "stats", store, "--json").stdout)
    assert (told["answers"], told["segments"], told["packed"]) == (12, 3, 0)
    assert told["bytes"] == sum(segment.size for segment in list_segments(str(store)))
    assert told["damaged_bytes"] == 0
    rows = [(row["task"], row["model"], row["answers"]) for row in told["models"]]
    assert rows == [("generate", "old@1", 7), ("measure", "new@2", 5)]


def test_stats_are_readable_too(store):
    told = curate("memo", "stats", store).stdout
    assert re.search(r"^12 answers in .* 3 segments", told)
    assert re.search(r" 7 +generate +old@1 ", told)
    assert re.search(r" 5 +measure +new@2 ", told)


def test_stats_tell_of_a_torn_file(store):
    torn = store / list_segments(str(store))[0].path
    data = torn.read_bytes()
    torn.write_bytes(data + data[:40])
    told = json.loads(curate("memo", "stats", store, "--json").stdout)
    assert (told["answers"], told["damaged_bytes"]) == (12, 40)


def test_a_model_name_cannot_write_to_the_terminal(tmp_path):
    keep(tmp_path, 0, 1, model="evil\x1b]0;title\x07\u202e@1")
    told = curate("memo", "stats", tmp_path).stdout
    assert "evil" in told
    assert not {"\x1b", "\x07", "\u202e"} & set(told)


def test_the_store_of_a_dataset_is_found(tmp_path):
    keep(tmp_path / ".memo", 0, 3)
    assert json.loads(curate("memo", "stats", tmp_path, "--json").stdout)["answers"] == 3
    assert curate("memo", "prune", tmp_path, "--all").exit_code == 0
    assert kept(tmp_path / ".memo") == 0


@pytest.mark.parametrize(
    ("conditions", "left"),
    [
        (["--older-than", "30d"], 4),
        (["--older-than", "6w"], 7),
        (["--older-than", "72h"], 4),
        (["--model", "new"], 7),
        (["--model", "old", "--older-than", "30d"], 9),
        (["--all"], 0),
    ],
)
def test_prune_forgets_what_meets_all_conditions(store, conditions, left):
    would = curate("memo", "prune", store, *conditions, "--dry-run")
    assert f"{12 - left} answers would be forgotten" in would.stdout
    assert kept(store) == 12
    done = curate("memo", "prune", store, *conditions)
    assert f"{12 - left} answers forgotten" in done.stdout
    assert kept(store) == left


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prune", "."], "what is to be forgotten"),
        (["prune", ".", "--older-than", "soon"], "30d; got 'soon'"),
        (["prune", ".", "--all"], "no answers are kept there"),
        (["stats", "no/such/folder"], "no answers are kept there"),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    done = curate("memo", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize("command", ["stats", "prune"])
def test_the_help_has_examples(command):
    assert (
        f"curate memo {command} " in curate("memo", command, "--help").stdout.split("Examples:")[1]
    )


@pytest.fixture
def launched(monkeypatch, tmp_path):
    """What `curate run` hands on, in place of the run itself."""
    import pipelines.commands.run

    calls = []

    def note(recipe, output, options, memo):
        calls.append(memo)
        raise UsageError("far enough")

    monkeypatch.setattr(pipelines.commands.run, "launch", note)
    monkeypatch.chdir(tmp_path)
    return calls


@pytest.mark.parametrize(
    ("options", "memo"), [([], ""), (["--memo", "answers"], "answers"), (["--no-memo"], None)]
)
def test_run_keeps_answers_with_the_dataset_elsewhere_or_nowhere(launched, options, memo):
    assert curate("run", "quickstart", "--output", "out", *options).exit_code == 2
    assert launched == [memo]


def test_a_place_and_no_place_cannot_both_be_meant(launched):
    done = curate("run", "quickstart", "--output", "out", "--memo", "a", "--no-memo")
    assert done.exit_code == 2
    assert "--memo and --no-memo" in done.stderr
    assert not launched


def test_a_place_that_cannot_hold_answers_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    done = curate("run", "quickstart", "--output", "out", "--memo", "file")
    assert done.exit_code == 2
    assert "answers cannot be kept there" in done.stderr
    assert not (tmp_path / "out").exists()
