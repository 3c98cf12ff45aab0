"""The libraries that people read datasets with open ours as it is."""

from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow.parquet as pq
import pytest
import yaml
from sinks_factories import make_drop, make_pair, make_reject, make_signal, publish_run, stage_run
from sinks_run_info import make_run_info

from schemas.ids import pair_id
from schemas.records import DATASET_COLUMNS, SCHEMA_VERSION, Message, PreferencePair
from sinks.inspect import read_pairs
from sinks.publish import publish

HOSTILE = {
    "emoji": "👩‍👩‍👧‍👦 family, 🏳️‍🌈 flag",
    "right to left": "مرحبا \u202eabc\u202c שלום",
    "combining": "Z̷a̴l̵g̶o̷ " + "a\u0301" * 40,
    "markup": "<script>alert(1)</script> </textarea> | --- | ```",
    "control": "a\x00b\x1b[31m\r\n\t\u2028",
    "long": "word " * 20_000,
    "empty": "",
    "template": "${title} $name {{ x }} %s",
}


def make_hostile(text: str) -> PreferencePair:
    """A pair with this text in every place that takes one."""
    sides = ((Message("user", text),), (Message("assistant", text),), (Message("assistant", "no"),))
    pair = make_pair("x")._replace(prompt=sides[0], chosen=sides[1], rejected=sides[2])
    return pair._replace(id=pair_id(*sides), rationale=text, rubric=text, source=text)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A published dataset of 30 pairs and one record of each other kind."""
    pairs = [make_pair(str(n), "test" if n % 10 == 0 else "train") for n in range(30)]
    stage_run(
        str(tmp_path / "out"),
        pairs=pairs,
        signals=[make_signal(1)],
        rejects=[make_reject(1)],
        drops=[make_drop(1)],
        target_file_bytes=8_000,
    )
    publish(str(tmp_path / "out"), "run-1", make_run_info())
    return tmp_path / "out"


def load(output: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Any:
    """Load a dataset with the `datasets` library, which must not ask the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(cache))
    import datasets

    return datasets.load_dataset(str(output), cache_dir=str(cache), **options)


def test_datasets_loads_both_splits_with_all_columns(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(dataset, tmp_path / "cache", monkeypatch)
    assert {name: split.num_rows for name, split in loaded.items()} == {"train": 27, "test": 3}
    assert tuple(loaded["train"].column_names) == DATASET_COLUMNS
    assert loaded["train"][0]["prompt"][1]["role"] == "user"


@pytest.mark.parametrize("split", ["train", "test"])
def test_datasets_loads_a_dataset_that_has_one_split_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: str
) -> None:
    publish_run(str(tmp_path / "out"), pairs=[make_pair("tea", split)])
    loaded = load(tmp_path / "out", tmp_path / "cache", monkeypatch)
    assert {name: split.num_rows for name, split in loaded.items()} == {split: 1}


def test_a_dataset_without_a_pair_opens_and_has_no_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_run(str(tmp_path / "out"))
    streamed = load(tmp_path / "out", tmp_path / "cache", monkeypatch, streaming=True)
    assert {name: list(rows) for name, rows in streamed.items()} == {"train": [], "test": []}
    frame = polars.read_parquet(tmp_path / "out" / "snapshots" / "*" / "data" / "*.parquet")
    assert (frame.height, tuple(frame.columns)) == (0, DATASET_COLUMNS)
    query = f"SELECT count(*) FROM read_parquet('{tmp_path}/out/snapshots/*/data/*.parquet')"
    assert duckdb.sql(query).fetchall() == [(0,)]


def test_trl_takes_the_rows_as_conversational_pairs_with_an_explicit_prompt(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trl.data_utils import extract_prompt, is_conversational

    for row in load(dataset, tmp_path / "cache", monkeypatch)["train"]:
        assert is_conversational(row)
        sides = {name: row[name] for name in ("prompt", "chosen", "rejected")}
        whole = {side: row["prompt"] + row[side] for side in ("chosen", "rejected")}
        assert extract_prompt(whole) == sides


def test_polars_reads_the_files_of_a_split(dataset: Path) -> None:
    frame = polars.read_parquet(dataset / "snapshots" / "*" / "data" / "train-*.parquet")
    assert frame.height == 27
    assert frame["margin"].mean() == 0.5


def test_duckdb_reads_every_kind_of_file(dataset: Path) -> None:
    for kind, rows in {"data": 30, "signals": 1, "rejects": 1, "drops": 1}.items():
        query = f"SELECT count(*) FROM read_parquet('{dataset}/snapshots/*/{kind}/*.parquet')"
        assert duckdb.sql(query).fetchall() == [(rows,)]


def test_files_are_zstd_with_a_page_index_and_the_schema_version(dataset: Path) -> None:
    for path in dataset.rglob("*.parquet"):
        metadata = pq.read_metadata(path)
        assert metadata.metadata[b"prefstream.schema_version"] == str(SCHEMA_VERSION).encode()
        for group in range(metadata.num_row_groups):
            column = metadata.row_group(group).column(0)
            assert column.compression == "ZSTD"
            assert column.has_column_index


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    pair = make_hostile(HOSTILE[name])
    stage_run(str(tmp_path), pairs=[pair])
    publish(str(tmp_path), "run-1", make_run_info())
    assert list(read_pairs(str(tmp_path))) == [pair]


def test_text_of_data_and_recipe_cannot_break_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    hostile = HOSTILE["markup"] + ' 👩 "quoted"\n---\nlicense: mit'
    stage_run(str(out), pairs=[make_pair("x", method=hostile)], counts=[((hostile, "in"), 1)])
    publish(str(out), "run-1", make_run_info(name=hostile, models={hostile: hostile}))
    card = (out / "README.md").read_text()
    front = yaml.safe_load(card.split("\n---\n")[0])
    assert front["pretty_name"] == hostile
    assert front["license"] == "unknown"
    assert "<script>" not in card.split("\n---\n", 1)[1]
    assert load(out, tmp_path / "cache", monkeypatch)["train"].num_rows == 1


def test_the_card_documents_every_column_and_shows_the_funnel(dataset: Path) -> None:
    card = (dataset / "README.md").read_text()
    assert all(f"| `{column}` | " in card for column in DATASET_COLUMNS)
    assert "| write | 30 | 30 |  |" in card
    assert "| policy | embedded@1 |" in card
