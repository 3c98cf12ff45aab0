"""Records as rows: what is hashed and what is stored."""

import random

import pytest
from sinks_factories import make_drop, make_pair, make_reject

from schemas.errors import SchemaError
from schemas.records import Drop
from sinks.keyrange import key_range
from sinks.rows import parquet_bytes, to_part_table, to_stored_row


def test_one_and_one_point_zero_are_the_same_row() -> None:
    assert to_stored_row(Drop("a", "margin", 1, 2), "drops") == to_stored_row(
        Drop("a", "margin", 1.0, 2.0), "drops"
    )


def test_a_difference_in_any_field_is_another_row() -> None:
    hashes = {
        to_stored_row(pair, "pairs").values["_hash"]
        for pair in (
            make_pair("tea"),
            make_pair("tea", split="test"),
            make_pair("tea", margin=0.25),
            make_pair("tea", position=1),
        )
    }
    assert len(hashes) == 4


def test_a_lone_surrogate_in_a_reject_is_stored_as_a_question_mark() -> None:
    table = to_part_table([to_stored_row(make_reject(1, "bad \ud83d half"), "rejects")], "rejects")
    assert table["record"].to_pylist() == ["bad ? half"]


def test_an_infinite_value_can_be_stored() -> None:
    table = to_part_table([to_stored_row(Drop("a", "ches", float("inf"), None), "drops")], "drops")
    assert table["value"].to_pylist() == [float("inf")]


def test_a_pair_without_a_split_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"PreferencePair\.split"):
        to_stored_row(make_pair("tea", split=""), "pairs")


def test_a_value_of_the_wrong_type_is_refused_with_the_kind() -> None:
    with pytest.raises(SchemaError, match="drops: a record does not fit"):
        to_part_table([to_stored_row(make_drop(1)._replace(pair_id=7), "drops")], "drops")  # type: ignore[arg-type]


def test_a_table_in_another_order_of_chunks_gives_the_same_bytes() -> None:
    rows = [to_stored_row(make_pair(str(n)), "pairs") for n in range(50)]
    shuffled = random.Random(1).sample(rows, k=len(rows))
    assert parquet_bytes(to_part_table(rows, "pairs"), 7) == parquet_bytes(
        to_part_table(shuffled, "pairs"), 7
    )


@pytest.mark.parametrize("of", [1, 2, 3, 7, 400])
def test_every_key_is_in_exactly_one_range(of: int) -> None:
    ranges = [key_range(number, of) for number in range(of)]
    keys = [f"{random.Random(n).getrandbits(128):032x}" for n in range(200)]
    for key in (*keys, "0" * 32, "f" * 32, "", "not hexadecimal"):
        assert sum(r.low <= key and (r.high is None or key < r.high) for r in ranges) == 1
