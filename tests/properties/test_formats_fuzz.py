"""Whatever bytes a file holds: nothing is raised, and every row is accounted for."""

import bz2
import csv
import gzip
import io
import json
from typing import BinaryIO
from unittest import mock

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.formats import FORMATS, Context, TreeMessage, join_messages, parse_row
from curation.reading import Row, jsonl, jsonscan, plan_shards, read_rows
from curation.reading.streams import ByteStream
from schemas.records import Reject
from schemas.validate import validate

NAMES = st.sampled_from(["f.jsonl", "f.json", "f.csv", "f.tsv", "f.parquet", "f.txt", "f"])
NUMBERS = st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | NUMBERS | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
FIELDS = [
    *("messages", "history", "conversation", "conversations", "prompt", "chosen", "rejected"),
    *("message_id", "message_tree_id", "parent_id", "replies", "text", "deleted", "rank"),
    *("role", "content", "from", "value", "id"),
]
WORDS = st.sampled_from(
    [*FIELDS, "user", "assistant", "prompter", "system", "a", "\n\nHuman: ", "\n\nAssistant:"]
)
CHATTY = st.recursive(
    WORDS | SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
JSON_LIKE = st.lists(
    st.sampled_from([b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\n", b" ", b'"a"', b"1"])
    | st.binary(max_size=2),
    max_size=60,
).map(b"".join)
COMPRESS = st.sampled_from([bytes, gzip.compress, bz2.compress, zstandard.compress])


def read(
    content: bytes,
    name: str = "f.jsonl",
    shard_bytes: int = 2**30,
    chunk: int = 2**20,
    limit: int = 2**20,
) -> list[Row | Reject]:
    def open_file(path: str) -> BinaryIO:
        return io.BytesIO(content)

    with (
        mock.patch.multiple(jsonl, CHUNK_BYTES=chunk),
        mock.patch.multiple(jsonscan, CHUNK_BYTES=chunk),
    ):
        shards = plan_shards(name, len(content), open_file, shard_bytes)
        if isinstance(shards, Reject):
            return [shards]
        return [row for shard in shards for row in read_rows(shard, open_file, limit)]


def good(found: list[Row | Reject]) -> list[object]:
    return [row.value for row in found if isinstance(row, Row)]


@settings(deadline=None)
@given(st.binary() | JSON_LIKE, NAMES, COMPRESS, st.integers(1, 40), st.integers(1, 60))
def test_any_bytes_are_read_into_rows_and_rejects(content, name, compress, chunk, limit) -> None:
    found = read(compress(content), name, shard_bytes=7, chunk=chunk, limit=limit)
    positions = [item.position for item in found]
    assert positions == sorted(positions)
    for item in found:
        if isinstance(item, Reject):
            validate(item).record.encode()


@settings(deadline=None)
@given(st.binary() | JSON_LIKE, st.integers(1, 9))
def test_every_line_that_is_not_blank_is_one_row_or_reject(content, chunk) -> None:
    content = b'{"a": 1}\n' * 50 + content
    lines = [line for line in content.split(b"\n") if line.strip()]
    assert len(read(content, chunk=chunk)) == len(lines)


@settings(deadline=None)
@given(st.lists(VALUES, max_size=9), st.integers(1, 60), st.integers(1, 20))
def test_json_lines_in_shards_of_any_size_are_the_same_rows(rows, shard_bytes, chunk) -> None:
    content = b'{"a": 1}\n\n' * 3 + b"\n".join(json.dumps(row).encode() for row in rows)
    assert read(content, shard_bytes=shard_bytes, chunk=chunk) == read(content)


@settings(deadline=None)
@given(
    st.lists(VALUES, min_size=1),
    st.sampled_from([None, 0, 1, 4, "\t"]),
    st.booleans(),
    st.integers(1, 50),
)
def test_the_elements_of_an_array_are_what_the_json_parser_sees(
    rows, indent, ascii_only, chunk
) -> None:
    content = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode()
    found = read(content, "f.json", chunk=chunk)
    assert good(found) == json.loads(content, parse_int=lambda text: parsed(int(text)))
    assert len(found) == len(rows)


def parsed(number: int) -> int | float:
    """Integers beyond 64 bits are floats, as the strict parser reads them."""
    return number if -(2**63) <= number < 2**64 else float(number)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(), VALUES, max_size=3), min_size=1, max_size=5),
    st.sampled_from([None, 0, 2]),
    st.data(),
)
def test_an_array_cut_anywhere_gives_the_rows_before_the_cut_and_one_reject(
    rows, indent, data
) -> None:
    content = json.dumps(rows, indent=indent).encode()
    whole = read(content, "f.json")
    cut = data.draw(st.integers(2 + len(rows[0]), len(content) - 1))
    found = read(content[:cut], "f.json")
    if isinstance(found[-1], Reject) and found[-1].reason in ("unsupported_file", "empty_file"):
        return
    assert found[:-1] == whole[: len(found) - 1]
    assert found[-1].reason == "truncated_file"


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.text(), st.text()).filter(any), max_size=8),
    st.integers(1, 30),
)
def test_csv_rows_are_what_the_csv_module_sees(rows, chunk) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("prompt", "chosen"), *rows])
    found = read(text.getvalue().encode(), "f.csv", chunk=chunk)
    assert good(found) == [{"prompt": p or None, "chosen": c or None} for p, c in rows]
    assert len(found) == len(rows)


@settings(deadline=None)
@given(st.lists(st.text()), st.integers(1, 5), st.integers(1, 200))
def test_parquet_in_shards_of_any_size_is_the_same_rows(texts, group_rows, shard_bytes) -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), buffer, group_rows)
    content = buffer.getvalue()
    assert good(read(content, "f", shard_bytes)) == [{"text": text} for text in texts]
    assert read(content, "f", shard_bytes) == read(content, "f")


@settings(deadline=None)
@given(CHATTY, st.sampled_from(["auto", *FORMATS]))
def test_any_row_gives_valid_records_or_one_reject(value, format) -> None:
    found = parse_row(Row(value, 0), Context("f", format, max_turn_chars=50))
    if isinstance(found, Reject):
        validate(found)
        return
    assert found
    for record in found:
        if not isinstance(record, TreeMessage):
            validate(record)


IDS = st.sampled_from("abcdef")
FLAT = st.fixed_dictionaries(
    {
        "message_id": IDS,
        "parent_id": st.none() | IDS,
        "text": st.sampled_from(["", "x", "y"]),
        "role": st.sampled_from(["prompter", "assistant"]),
        "rank": st.none() | st.integers(0, 2),
        "deleted": st.booleans(),
    }
)


@settings(deadline=None)
@given(st.lists(FLAT, max_size=8), st.none() | st.just("t"), st.randoms())
def test_every_message_of_a_tree_is_in_a_path_or_a_reject(rows, tree_id, random) -> None:
    context = Context("f")
    messages = []
    for position, row in enumerate(rows):
        messages += parse_row(Row({**row, "message_tree_id": tree_id}, position), context)
    conversations, rejects = join_messages(messages)
    in_paths = {c.metadata["position"] for c in conversations}
    refused = [reject.position for reject in rejects]
    assert len(refused) == len(set(refused))
    assert in_paths.isdisjoint(map(str, refused))
    assert sum(len(c.messages) - int(c.metadata.get("new_from", 0)) for c in conversations) == (
        len(messages) - len(rejects)
    )
    random.shuffle(messages)
    assert join_messages(messages) == (conversations, rejects)


@settings(deadline=None)
@given(JSON_LIKE)
def test_between_elements_nothing_is_skipped_but_space_commas_and_brackets(content) -> None:
    scanner = jsonscan.JsonScanner(ByteStream(io.BytesIO(content)), 2**20)
    end = 0
    for piece in scanner.pieces():
        assert set(content[end : piece.position]) <= set(b" \t\n\r\v\f,[]")
        end = piece.position + len(piece.data)
        assert content[piece.position : end] == piece.data
    assert set(content[end:]) <= set(b" \t\n\r\v\f,[]")
