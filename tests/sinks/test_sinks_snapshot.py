"""What a run leaves in its staging directory, and what it says about it."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sinks_factories import make_drop, make_pair, make_reject, make_signal, stage_run

from schemas.errors import RunError
from sinks.finalfiles import WrittenFile
from sinks.funnel import read_funnel, unaccounted
from sinks.layout import KINDS, summary_file
from sinks.parts import StagedPart
from sinks.snapshot import summarise


def summary(output: Path) -> dict[str, Any]:
    """The summary that the run has left."""
    return json.loads((output / summary_file("run-1")).read_text())


def test_rows_are_counted_by_split_and_kind(tmp_path: Path) -> None:
    stage_run(
        str(tmp_path),
        pairs=[make_pair("tea"), make_pair("rain"), make_pair("snow", "test")],
        signals=[make_signal(1)],
        rejects=[make_reject(1), make_reject(2)],
        drops=[make_drop(1)],
        pool=[make_pair("ice")],
    )
    assert summary(tmp_path)["rows"] == {"train": 2, "test": 1}
    assert summary(tmp_path)["records"] == {
        "pairs": 3,
        "pool": 1,
        "rankings": 0,
        "signals": 1,
        "rejects": 2,
        "drops": 1,
        "duplicates": 0,
    }


def test_the_funnel_sums_counts_in_the_order_of_the_stages(tmp_path: Path) -> None:
    counts = [
        (("score", "in"), 2),
        (("score", "drop:margin"), 1),
        (("ingest", "in"), 3),
        (("score", "in"), 1),
        (("ingest", "out"), 3),
        (("score", "out"), 2),
    ]
    stage_run(str(tmp_path), counts=counts, stages=("ingest", "mine", "score"))
    assert summary(tmp_path)["funnel"] == [
        {"stage": "ingest", "in": 3, "out": 3, "dropped": {}},
        {"stage": "mine", "in": 0, "out": 0, "dropped": {}},
        {"stage": "score", "in": 3, "out": 2, "dropped": {"margin": 1}},
        {"stage": "write", "in": 0, "out": 0, "dropped": {}},
    ]


def test_the_funnel_of_a_finished_run_can_be_read_before_it_is_published(tmp_path: Path) -> None:
    stage_run(str(tmp_path), pairs=[make_pair("tea")])
    assert read_funnel(str(tmp_path), "run-1") == summary(tmp_path)["funnel"]


def test_duplicates_are_the_drops_of_the_write_stage(tmp_path: Path) -> None:
    stage_run(str(tmp_path), pairs=[make_pair("tea"), make_pair("tea", position=1)])
    (write,) = summary(tmp_path)["funnel"]
    assert write == {"stage": "write", "in": 2, "out": 1, "dropped": {"duplicate_pair": 1}}
    assert unaccounted(write) == 0


def test_a_run_without_a_pair_leaves_a_summary_too(tmp_path: Path) -> None:
    stage_run(str(tmp_path))
    assert summary(tmp_path)["rows"] == {"train": 0, "test": 0}
    files = Counter(file["kind"] for file in summary(tmp_path)["files"])
    assert files == {"pairs": 2, **dict.fromkeys(KINDS.keys() - {"pairs"}, 1), "index": 3}


@pytest.mark.parametrize("written", [9, 11])
def test_a_row_lost_or_doubled_on_the_way_stops_the_run(written: int) -> None:
    parts = [StagedPart("p", "drops", rows=10, text_bytes=100)]
    files = [WrittenFile("drops/d.parquet", "drops", None, written, 1, "", "0")]
    with pytest.raises(RunError, match=f"drops: 10 rows were staged, {written} written"):
        summarise(parts, files, [], [])
