"""Final files depend on the rows and on nothing else; a pair is in the dataset once."""

import random
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow.parquet as pq
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from sinks_factories import make_drop, make_pair

from schemas.records import Drop, PreferencePair
from sinks.compact import Compact, plan_files
from sinks.finalfiles import WrittenFile
from sinks.layout import final_directory
from sinks.parts import StagedPart
from sinks.staging import WriteStaged

PAIRS = [make_pair(f"topic {n}", "test" if n % 5 == 0 else "train") for n in range(120)]
TWICE = [make_pair(f"topic {n}", position=9, method="existing") for n in range(10, 14)]


def write(
    output: Path,
    pairs: Sequence[PreferencePair],
    *,
    part_rows: int = 1000,
    target_file_bytes: int = 10**9,
    drops: Sequence[Drop] = (),
    options: PipelineOptions | None = None,
) -> list[WrittenFile]:
    """Write final files and give back what `Compact` says of them."""
    with beam.Pipeline(FnApiRunner(), options=options or PipelineOptions()) as pipeline:
        parts = [
            pipeline
            | "Create pairs" >> beam.Create(pairs)
            | "Stage pairs" >> WriteStaged("pairs", str(output), "r", part_rows=part_rows),
            pipeline
            | "Create drops" >> beam.Create(drops)
            | "Stage drops" >> WriteStaged("drops", str(output), "r", part_rows=part_rows),
        ] | beam.Flatten()
        _ = (
            parts
            | Compact(str(output), "r", target_file_bytes)
            | beam.Map(repr)
            | beam.Reshuffle()
            | beam.io.WriteToText(str(output / "written"), shard_name_template="")
        )
    lines = (output / "written").read_text().splitlines()
    return sorted(eval(line, {"WrittenFile": WrittenFile}) for line in lines)


def contents(output: Path) -> dict[str, bytes]:
    """All final files of the run."""
    final = output / final_directory("r")
    return {str(p.relative_to(final)): p.read_bytes() for p in final.rglob("*.parquet")}


def test_order_and_parts_make_no_difference_to_the_bytes(tmp_path: Path) -> None:
    rows = PAIRS + TWICE
    write(tmp_path / "a", rows, part_rows=1000, target_file_bytes=20_000)
    for seed, part_rows in ((1, 5), (2, 50)):
        output = tmp_path / str(seed)
        shuffled = random.Random(seed).sample(rows, k=len(rows))
        write(output, shuffled, part_rows=part_rows, target_file_bytes=20_000)
        assert contents(output) == contents(tmp_path / "a")


def test_two_worker_processes_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    write(tmp_path / "one", PAIRS + TWICE, part_rows=10, target_file_bytes=20_000)
    two = PipelineOptions(direct_num_workers=2, direct_running_mode="multi_processing")
    write(tmp_path / "two", TWICE + PAIRS, part_rows=10, target_file_bytes=20_000, options=two)
    assert contents(tmp_path / "two") == contents(tmp_path / "one")


def test_files_are_divided_by_the_size_of_their_text(tmp_path: Path) -> None:
    files = write(tmp_path, PAIRS, target_file_bytes=20_000)
    train = [file.path for file in files if file.split == "train"]
    assert len(train) > 2
    assert train[0] == f"data/train-00000-of-{len(train):05d}.parquet"
    assert sum(file.rows for file in files if file.kind == "pairs") == len(PAIRS)


def test_the_rows_of_a_split_are_in_the_order_of_their_ids(tmp_path: Path) -> None:
    files = write(tmp_path, PAIRS, part_rows=7, target_file_bytes=20_000)
    final = tmp_path / final_directory("r")
    ids = [
        row_id
        for file in files
        if file.split == "train"
        for row_id in pq.read_table(final / file.path)["id"].to_pylist()
    ]
    assert ids == sorted(pair.id for pair in PAIRS if pair.split == "train")


def test_of_pairs_with_one_id_the_first_in_the_input_stays(tmp_path: Path) -> None:
    later = make_pair("tea", file="b.jsonl", position=0)
    first = make_pair("tea", file="a.jsonl", position=40)
    middle = make_pair("tea", file="a.jsonl", position=200)
    write(tmp_path, [later, middle, first], part_rows=1)
    (path,) = (tmp_path / final_directory("r") / "data").glob("train-*")
    assert [row["position"] for row in pq.read_table(path)["provenance"].to_pylist()] == [40]


def test_a_pair_is_not_in_both_splits(tmp_path: Path) -> None:
    files = write(tmp_path, [make_pair("tea", "test"), make_pair("tea", "train", position=5)])
    assert {file.split: file.rows for file in files if file.kind == "pairs"} == {
        "test": 1,
        "train": 0,
    }


def test_each_pair_taken_out_is_a_drop_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, PAIRS + TWICE, drops=[make_drop(1)])
    rows = pq.read_table(tmp_path / final_directory("r") / "drops").to_pylist()
    assert sorted(row["pair_id"] for row in rows if row["filter"] == "duplicate_pair") == sorted(
        pair.id for pair in TWICE
    )
    assert len(rows) == len(TWICE) + 1


def test_equal_drops_are_all_kept(tmp_path: Path) -> None:
    files = write(tmp_path, [], drops=[make_drop(1)] * 3, part_rows=1)
    assert [file.rows for file in files if file.kind == "drops"] == [3]


def test_long_rows_make_small_row_groups() -> None:
    megabyte = 1024**2
    parts = [StagedPart("p", "pairs", rows=100, text_bytes=800 * megabyte)]
    tasks = [task for task in plan_files(parts, 256 * megabyte) if task.kind == "pairs"]
    assert [task.group_rows for task in tasks] == [4, 4, 4, 4]


def test_short_rows_make_row_groups_of_ten_thousand() -> None:
    (task, *_) = plan_files([StagedPart("p", "pairs", rows=50_000, text_bytes=100_000)], 10**9)
    assert task.group_rows == 10_000


@pytest.mark.parametrize("kind", ["data", "signals", "rejects", "drops"])
def test_every_kind_has_a_file_though_it_has_no_row(tmp_path: Path, kind: str) -> None:
    write(tmp_path, [])
    table = pq.read_table(tmp_path / final_directory("r") / kind)
    assert table.num_rows == 0
    assert table.num_columns > 3
