"""The bundled recipe of scored responses, as a user would run it, without a model."""

import json
import random
from pathlib import Path

import polars as pl
import pytest
from datasets import load_dataset
from e2e_runs import curate, rows

from pipelines.stages import STAGES

SAMPLE = Path(__file__).parents[2] / "pipelines" / "samples" / "candidates_sample.jsonl"
DATA = Path(__file__).parents[1] / "data" / "candidates"
PLAIN = ("--set", "score.ches=false", "--set", "score.tokenizer=null")


def run(output, *arguments):
    """Run the recipe; gives what `curate inspect --json` says of it."""
    curate("run", "candidates", "--output", output, *PLAIN, *arguments)
    return json.loads(curate("inspect", output, "--json").stdout)


def rankings(output):
    return pl.read_parquet(f"{output}/snapshots/*/rankings/*.parquet").sort("id")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One finished run of the recipe as it is, with all of its pairs."""
    output = tmp_path_factory.mktemp("candidates") / "out"
    return output, run(output)


def test_the_pairs_are_the_best_and_the_worst_of_each_prompt(finished):
    output, described = finished
    table = rows(output)
    said = {}
    for line in SAMPLE.read_text("utf-8").splitlines():
        row = json.loads(line)
        ordered = sorted(row["responses"], key=lambda response: -response["scores"]["people"])
        said[row["prompt"][-1]["content"], ordered[0]["text"]] = ordered[-1]["text"]
    for pair in table.iter_rows(named=True):
        best = pair["prompt"][-1]["content"], pair["chosen"][0]["content"]
        assert said[best] == pair["rejected"][0]["content"]
        assert pair["margin"] == pair["chosen_score"] - pair["rejected_score"] > 0
        (people, *_) = pair["provenance"]["scores"]
        assert people["name"] == "people"
        assert (max(people["values"]), min(people["values"])) == (
            pair["chosen_score"],
            pair["rejected_score"],
        )
    assert set(table["method"]) == {"candidates"}
    assert set(table["split"]) == {"train", "test"}
    funnel = {row["stage"]: row for row in described["funnel"]}
    assert list(funnel) == [stage for stage in STAGES if stage in funnel]
    assert funnel["construct"]["in"] == funnel["construct"]["out"] == 18
    assert table.height == funnel["write"]["out"] > 9
    for row in funnel.values():
        assert row["in"] == row["out"] + sum(row["dropped"].values()), row
    assert not {"mine", "clean", "deduplicate"} & funnel.keys()


def test_rankings_are_read_by_polars_and_datasets_best_first(finished, tmp_path):
    output, _ = finished
    table = rankings(output)
    assert table.height == 18
    for responses in table["responses"].to_list():
        people = [s["value"] for r in responses for s in r["scores"] if s["name"] == "people"]
        assert len(people) == len(responses) >= 4
        assert people == sorted(people, reverse=True)
    files = sorted(map(str, output.glob("snapshots/*/rankings/*.parquet")))
    loaded = load_dataset("parquet", data_files=files, split="train", cache_dir=str(tmp_path))
    assert sorted(loaded["id"]) == table["id"].to_list()
    pairs = rows(output)
    side = dict(zip(pairs["conversation_id"], pairs["split"], strict=True))
    origin = table["provenance"].struct
    for group, split in zip(origin.field("group"), table["split"], strict=True):
        assert side.get(group, split) == split
    assert origin.field("code_version").n_unique() == 1
    assert set(table["split"]) == {"train", "test"}


@pytest.mark.parametrize("strategy", ["best_worst", "random"])
def test_responses_and_rows_in_another_order_give_the_same_pairs(strategy, tmp_path):
    rng = random.Random(5)
    lines = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
    for line in lines:
        rng.shuffle(line["responses"])
    rng.shuffle(lines)
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pick = ("--set", f"candidates.strategy={strategy}")
    run(tmp_path / "one", *pick)
    run(tmp_path / "two", *pick, "--candidates", tmp_path / "in.jsonl")
    one, two = rows(tmp_path / "one"), rows(tmp_path / "two")
    assert one["id"].to_list() == two["id"].to_list()
    assert one["split"].to_list() == two["split"].to_list()
    assert rankings(tmp_path / "one")["id"].to_list() == rankings(tmp_path / "two")["id"].to_list()


def test_copies_of_a_set_and_sets_without_a_pair_are_accounted_for(tmp_path):
    said = [
        {"prompt": "Name a colour.", "responses": ["Red.", "Sand."], "scores": [2, 1]},
        {"prompt": "Name a river.", "responses": ["The Rhine.", "The Po."], "scores": [1, 1]},
        {"prompt": "Name a city.", "responses": ["Rome."]},
        {"prompt": "Name a lake.", "chosen": "Como.", "rejected": "The Po."},
    ]
    lines = [json.dumps(row) for row in (*said, said[0])]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    given = ("--candidates", tmp_path / "in.jsonl", "--set", "candidates.score=null")
    described = run(tmp_path / "out", *given)
    funnel = {row["stage"]: row for row in described["funnel"]}
    assert funnel["ingest"]["dropped"] == {"too_few_responses": 1, "wrong_kind": 1}
    assert funnel["deduplicate_candidates"]["dropped"] == {"duplicate_candidates": 1}
    assert funnel["construct"]["dropped"] == {"tied_scores": 1}
    assert rows(tmp_path / "out").height == 1
    drops = pl.read_parquet(f"{tmp_path}/out/snapshots/*/drops/drops-*.parquet")
    assert drops.rows(named=True)[0]["filter"] == "tied_scores"


def test_a_recipe_of_candidates_is_validated_and_previewed(tmp_path):
    given = ("--candidates", DATA / "ultrafeedback_full.jsonl", "--set", "candidates.score=null")
    assert "is valid" in curate("validate", "candidates", *given).stdout
    shown = curate("preview", "candidates", *PLAIN, *given, "-n", 1).stdout
    assert "The Rhine" in shown
    assert "margin 3.5" in shown
    for changes, message in (
        (("--candidates", tmp_path / "none.jsonl"), "no file matches"),
        (("--set", "candidates.k=3"), "candidates: k goes with sweet_spot"),
        (("--set", "candidates.margin.lowest=0.5"), "candidates.margin: "),
        (("--set", "candidates.strategy=bests"), "candidates.strategy"),
        (("--set", "sources.candidates=null"), "nothing to rank"),
    ):
        wrong = curate("validate", "candidates", *changes, check=False)
        assert wrong.returncode in (1, 2)
        assert message in wrong.stderr
