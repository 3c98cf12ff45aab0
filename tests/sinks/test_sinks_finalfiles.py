"""Final files are the same however their rows arrive, and drops however they are hashed."""

import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sinks_factories import make_pair

from schemas.records import Drop
from sinks.finalfiles import FinalFiles, Shape
from sinks.redrops import drop_rows
from sinks.rowhash import from_hexadecimal, summed, to_hexadecimal, with_targets
from sinks.rows import digest, to_part_table, to_stored_row
from sinks.store import LocalStore

ROWS = to_part_table([to_stored_row(make_pair(str(n)), "pairs") for n in range(60)], "pairs")
_FLOATS = st.none() | st.floats()


def written(folder: Path, pieces: list[int], shape: Shape) -> dict[str, bytes]:
    """Files of the rows, added so many at a time."""
    files = FinalFiles(LocalStore(folder), "final", "pool", None, shape)
    start = 0
    for piece in pieces:
        files.add(ROWS.slice(start, piece))
        start += piece
    files.add(ROWS.slice(start))
    assert sum(file.rows for file in files.close() if file.kind == "pool") == ROWS.num_rows
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*.parquet")}


@pytest.mark.parametrize("shape", [Shape(1, 7), Shape(4, 100), Shape(9, 3)], ids=str)
def test_rows_in_pieces_make_the_same_files(tmp_path: Path, shape: Shape) -> None:
    whole = written(tmp_path / "whole", [], shape)
    assert len(whole) == 2 * shape.of
    for seed in range(4):
        pieces = [random.Random(seed).randrange(20) for _ in range(3)]
        assert written(tmp_path / str(seed), pieces, shape) == whole


@given(
    st.lists(st.tuples(st.text(st.characters(codec="utf-8")), st.text('ab_:"é'), _FLOATS, _FLOATS))
)
@settings(max_examples=200, deadline=None)
def test_drops_by_column_are_the_rows_of_the_records(rows: list[tuple]) -> None:
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], [], []]
    records = [to_stored_row(Drop(*row), "drops") for row in rows]
    order = [("_key", "ascending"), ("_hash", "ascending")]
    found, expected = drop_rows(*columns).sort_by(order), to_part_table(records, "drops")
    for name in ("_key", "_hash", "_bytes", "pair_id", "filter"):
        assert found[name].to_pylist() == expected[name].to_pylist()
    assert str(found["value"].to_pylist()) == str(expected["value"].to_pylist())


@given(st.lists(st.binary(min_size=16, max_size=16), max_size=20))
def test_sums_of_bytes_are_the_digests_of_their_digits(values: list[bytes]) -> None:
    digits = [value.hex() for value in values]
    hashes = from_hexadecimal(digits)
    assert to_hexadecimal(hashes) == digits
    assert f"{summed(hashes):032x}" == digest(digits)


def test_a_target_is_bound_to_its_row() -> None:
    hashes = from_hexadecimal(["00" * 16, "0f" * 16])
    one = summed(with_targets(hashes, pa.array([0.25, 0.75])))
    other = summed(with_targets(hashes, pa.array([0.75, 0.25])))
    assert one != other
    assert summed(with_targets(hashes, pa.array([None, 0.75]))) not in (one, other)
