"""The main job, end to end, with the real model, real files and the real command line."""

import json
import signal
import subprocess
import sys
import time

import datasets
import duckdb
import polars as pl
import pytest
import trl
from e2e_runs import SMALL, curate, rows, run

from schemas.records import DATASET_COLUMNS

SCORES = ("margin", "chosen_score", "rejected_score", "ches", "ln_ches")


def test_a_run_gives_pairs_with_all_columns_and_scores(finished):
    output, described = finished
    table = rows(output)
    assert table.height == sum(described["rows"].values()) > 4
    assert all(described["rows"].values())
    assert set(table.columns) == {*DATASET_COLUMNS, "split"}
    assert not table.select(pl.col(*SCORES).is_null().any()).row(0).count(True)
    assert table["id"].is_unique().all()


def test_the_funnel_adds_up_and_every_input_row_is_accounted_for(finished):
    _, described = finished
    for row in described["funnel"]:
        assert row["in"] == row["out"] + sum(row["dropped"].values()), row
    by_stage = {row["stage"]: row for row in described["funnel"]}
    assert by_stage["ingest"]["in"] == 15
    assert by_stage["ingest"]["out"] == 11
    assert by_stage["deduplicate"]["dropped"]["duplicate_conversation"] > 0
    assert by_stage["score"]["in"] == by_stage["synthesize"]["out"]
    assert by_stage["write"]["out"] == sum(described["rows"].values())


def test_every_reject_and_drop_has_its_reason(finished):
    output, described = finished
    rejects = pl.read_parquet(f"{output}/snapshots/*/rejects/*.parquet")
    assert rejects.height == described["rejected"]
    assert rejects.filter(pl.col("stage") == "ingest").height == 4
    assert (rejects["reason"].str.len_chars() > 0).all()
    drops = pl.read_parquet(f"{output}/snapshots/*/drops/*.parquet")
    dropped = [row["dropped"] for row in described["funnel"]]
    reasons = {reason: n for row in dropped for reason, n in row.items() if reason != "no_pair"}
    assert drops.height + rejects.height == sum(reasons.values())


def test_a_hint_is_in_no_prompt_and_its_pair_says_which_model_wrote_it(finished):
    written = rows(finished[0]).filter(pl.col("method") == "expert")
    assert written.height > 0
    for row in written.to_dicts():
        assert row["rubric"]
        assert all(row["rubric"] not in message["content"] for message in row["prompt"])
        assert any(
            m.startswith("expert=SmolLM2-135M-Instruct@") for m in row["provenance"]["models"]
        )
        assert row["provenance"]["seed"] is not None


def test_provenance_points_to_the_bytes_of_the_input(finished):
    for row in rows(finished[0]).to_dicts():
        with open(row["provenance"]["input"], "rb") as file:  # noqa: PTH123 (an untouched path)
            file.seek(row["provenance"]["position"])
            tree = json.loads(file.readline())
        assert row["prompt"][0]["content"] == tree["prompt"]["text"]


def test_trees_are_not_torn_apart_by_the_split(finished):
    table = rows(finished[0])
    groups = table.select(pl.col("provenance").struct.field("group"), "split").unique()
    assert groups["group"].is_unique().all()


def test_datasets_loads_the_output_as_it_is(finished, tmp_path):
    output, described = finished
    loaded = datasets.load_dataset(str(output), cache_dir=str(tmp_path))
    assert {split: loaded[split].num_rows for split in loaded} == described["rows"]


def test_trl_takes_the_rows_for_conversational_preferences(finished, tmp_path):
    loaded = datasets.load_dataset(str(finished[0]), split="train", cache_dir=str(tmp_path))
    for row in loaded:
        assert trl.data_utils.is_conversational(row)
        assert trl.data_utils.maybe_extract_prompt(row)["prompt"] == row["prompt"]


def test_duckdb_reads_the_output_as_it_is(finished):
    output, described = finished
    pattern = f"{output}/snapshots/{described['snapshot']}/data/*.parquet"
    [(count,)] = duckdb.sql(f"select count(*) from '{pattern}'").fetchall()
    assert count == sum(described["rows"].values())


@pytest.mark.parametrize(
    ("changes", "beam"),
    [
        (("models.*.batch_size=3", "mine.batch_size=1"), ()),
        ((), ("--direct_num_workers=2", "--direct_running_mode=multi_processing")),
    ],
    ids=["other batch sizes and file order", "two worker processes"],
)
def test_the_same_input_gives_the_same_rows(finished, conversations, tmp_path, changes, beam):
    shuffled = [conversations / name for name in ("broken.jsonl", "b.jsonl", "a.jsonl")]
    run(tmp_path / "again", *shuffled, changes=changes, beam=beam)
    first, again = rows(finished[0]), rows(tmp_path / "again")
    exact = [c for c in first.columns if c not in (*SCORES, "provenance")]
    assert first.select(exact).equals(again.select(exact))
    for score in SCORES:
        assert ((first[score] - again[score]).abs() <= 1e-6).all()


def test_the_same_run_again_publishes_the_same_snapshot(finished, conversations):
    output, described = finished
    again = run(output, conversations)
    assert again["snapshot"] == described["snapshot"]


def wait_for_work(output):
    """Until a run has claimed its staging directory, and a little longer."""
    deadline = time.monotonic() + 120
    while len(list((output / ".staging").rglob("*"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)


def test_a_run_killed_in_the_middle_leaves_the_former_snapshot(finished, conversations):
    output, described = finished
    command = [sys.executable, "-m", "pipelines.cli", "run", "quickstart", "--output", str(output)]
    command += ["--input", str(conversations), "--set", "seed=99"]
    for change in SMALL:
        command += ["--set", change]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_for_work(output)
    assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert [p.name for p in (output / "snapshots").iterdir()] == [described["snapshot"]]
    assert curate("inspect", output, "--json").returncode == 0
    assert rows(output).height == sum(described["rows"].values())


def test_an_interrupted_run_says_so_and_publishes_nothing(conversations, tmp_path):
    command = [sys.executable, "-m", "pipelines.cli", "run", "quickstart"]
    command += ["--input", str(conversations), "--output", str(tmp_path / "out")]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts something in the background has it ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    wait_for_work(tmp_path / "out")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert errors.rstrip().endswith("interrupted; nothing was published")
    assert not (tmp_path / "out/manifest.json").exists()


def test_more_rejects_than_allowed_stop_the_run_before_it_publishes(conversations, tmp_path):
    arguments = ["run", "quickstart", "--input", conversations / "broken.jsonl"]
    done = curate(*arguments, "--output", tmp_path / "out", check=False)
    assert done.returncode == 1
    assert "max_reject_share" in done.stderr
    assert not (tmp_path / "out/manifest.json").exists()


def test_preview_shows_pairs_and_writes_nothing(conversations, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes = [argument for change in SMALL for argument in ("--set", change)]
    done = curate(
        "preview", "quickstart", "--input", conversations / "a.jsonl", "-n", "2", *changes
    )
    assert "chosen" in done.stdout
    assert "rejected" in done.stdout
    assert list(tmp_path.iterdir()) == []
