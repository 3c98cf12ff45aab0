"""Arrow, Parquet and JSON schemas agree with the records, and checks name the field."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from schemas import validate
from schemas.arrow import arrow_schema, check_version, from_row, to_table
from schemas.errors import SchemaError
from schemas.jsonschema import field_docs, json_schema
from schemas.records import (
    DATASET_COLUMNS,
    RECORDS,
    SCHEMA_VERSION,
    Conversation,
    FeedbackSignal,
    Message,
    PreferencePair,
    Provenance,
)

USER, GOOD, BAD = (
    (Message("user", "q"),),
    (Message("assistant", "a"),),
    (Message("assistant", "b"),),
)
PAIR = PreferencePair(
    "0" * 32, USER, GOOD, BAD, 0.5, 1.0, 0.5, -1.0, -0.5, None, "revisions", "s", "c", None, None,
    Provenance("f", 0, "g", 2, (), (), None, "0.1.0"), "train",
)  # fmt: skip


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_every_field_of_a_record_is_documented_and_in_each_schema(record):
    fields = record._fields
    assert tuple(json_schema(record)["properties"]) == fields
    expected = DATASET_COLUMNS if record is PreferencePair else fields
    assert tuple(arrow_schema(record).names) == expected
    assert set(field_docs(record)) == set(fields)


def test_the_parquet_metadata_carry_the_schema_version(tmp_path):
    pq.write_table(to_table([PAIR], PreferencePair), tmp_path / "a.parquet")
    metadata = pq.read_schema(tmp_path / "a.parquet").metadata
    assert metadata[b"prefstream.schema_version"] == str(SCHEMA_VERSION).encode()
    check_version(metadata, "a.parquet")


def test_a_newer_or_foreign_file_is_refused_with_advice():
    with pytest.raises(SchemaError, match="install a newer prefstream"):
        check_version({b"prefstream.schema_version": b"99"}, "a.parquet")
    with pytest.raises(SchemaError, match="not one of ours"):
        check_version(None, "a.parquet")


def test_a_pair_comes_back_from_arrow_as_it_was():
    [row] = to_table([PAIR], PreferencePair).to_pylist()
    assert from_row({**row, "split": "train"}, PreferencePair) == PAIR


def test_a_record_that_does_not_fit_its_columns_is_refused():
    with pytest.raises(SchemaError, match="PreferencePair: a record does not fit"):
        to_table([PAIR._replace(margin="high")], PreferencePair)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (PAIR._replace(margin="high"), "PreferencePair.margin: expected float"),
        (PAIR._replace(id=None), "PreferencePair.id: is missing"),
        (PAIR._replace(prompt=()), "PreferencePair.prompt: must end with a user message"),
        (PAIR._replace(chosen=USER), "PreferencePair.chosen: must begin with an assistant"),
        (PAIR._replace(prompt=(Message("user", 3),)), r"PreferencePair.prompt\[0\].content"),
        (PAIR._replace(prompt=(("a", "b"),)), r"prompt\[0\]: expected a Message"),
        (FeedbackSignal("c", 1, "angry", "x", "y", 0.5, "m"), "FeedbackSignal.polarity: expected"),
        (FeedbackSignal("c", True, "satisfaction", "x", "y", 0.5, "m"), "turn: expected int"),
        (
            Conversation("i", [], "s", None, None, None, None, {"a": 1}),
            r"Conversation.metadata\['a'\]: expected str",
        ),
        ("text", "expected a record, got str"),
    ],
)
def test_validation_names_the_field(record, message):
    with pytest.raises(SchemaError, match=message):
        validate(record)


def test_a_valid_record_is_given_back():
    assert validate(PAIR) is PAIR


def test_maps_are_written_in_a_fixed_order():
    one = Conversation("i", USER, "s", None, None, None, None, {"b": "1", "a": "2"})
    other = one._replace(metadata={"a": "2", "b": "1"})
    assert to_table([one], Conversation).equals(to_table([other], Conversation))
    assert isinstance(arrow_schema(Conversation).field("metadata").type, pa.MapType)
