"""What a file is, is judged by its content."""

import bz2
import gzip
import io
import tarfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from reading_files import read_bytes, values

ROW = b'{"a": 1}'


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.txt", "rows"])
def test_json_lines_are_found_under_any_name(name: str) -> None:
    assert values(read_bytes(ROW + b"\n" + ROW, name)) == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.txt", "rows"])
def test_a_json_array_is_found_under_any_name(name: str) -> None:
    assert values(read_bytes(b'[\n  {"a": 1},\n  {"a": 2}\n]', name)) == [{"a": 1}, {"a": 2}]
    assert values(read_bytes(b'[{"a": 1}, {"a": 2}]', name)) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("name", ["row.json", "row.jsonl", "row"])
def test_a_pretty_printed_object_is_one_row(name: str) -> None:
    assert values(read_bytes(b'{\n  "a": {\n    "b": []\n  }\n}\n', name)) == [{"a": {"b": []}}]


def test_pretty_printed_objects_in_a_row_are_rows() -> None:
    assert values(read_bytes(b'{\n "a": 1\n}\n{\n "a": 2\n}', "x")) == [{"a": 1}, {"a": 2}]


def test_json_lines_of_which_half_are_broken_are_still_json_lines() -> None:
    content = b'oops\n{"a": 1}\n{"a":\n{"a": 2}\n'
    assert values(read_bytes(content, "log.txt")) == ["not_json", {"a": 1}, "not_json", {"a": 2}]


def test_the_extension_decides_when_most_lines_are_broken() -> None:
    content = b'oops\nwrong\nno\n{"a": 1}'
    assert values(read_bytes(content, "log.ndjson")) == ["not_json"] * 3 + [{"a": 1}]
    assert values(read_bytes(content, "log.txt")) == ["unsupported_file"]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("content", [ROW + b"\n" + ROW, b"[" + ROW + b"," + ROW + b"]"])
def test_a_byte_order_mark_is_no_part_of_the_data(mark: bytes, content: bytes) -> None:
    assert values(read_bytes(mark + content)) == [{"a": 1}, {"a": 1}]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress])
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.gz", "rows.json.zst", "rows"])
def test_compression_is_found_by_content_and_members_are_joined(compress, name: str) -> None:
    content = compress(ROW + b"\n") + compress(b'{"a": 2}\n')
    assert values(read_bytes(content, name)) == [{"a": 1}, {"a": 2}]


def test_bytes_behind_a_gzip_member_are_reported_after_its_rows() -> None:
    assert values(read_bytes(gzip.compress(ROW) + b"\0" * 512)) == [{"a": 1}]
    assert values(read_bytes(gzip.compress(ROW + b"\n") + b"junk")) == [{"a": 1}, "corrupt_file"]


def tar(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        info = tarfile.TarInfo("rows.jsonl")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def test_an_archive_is_refused_with_advice_to_unpack_it() -> None:
    (reject,) = read_bytes(gzip.compress(tar(ROW)), "rows.tar.gz")
    assert (reject.reason, "unpack" in reject.detail) == ("unsupported_file", True)


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        (b"PK\x03\x04....", "unpack"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs pull"),
        (b"\x7fELF\x00\x01", "binary"),
        (b"# Notes\n\nSome [links](x)", "DIR/*.jsonl"),
        (b"[![badge](https://x)](y)\n", "DIR/*.jsonl"),
        (b"Copyright (c) 2024", "DIR/*.jsonl"),
        (b"name,votes\nrust,3\n", "known column"),
    ],
)
def test_any_other_file_is_one_reject_that_says_what_to_do(content: bytes, advice: str) -> None:
    (reject,) = read_bytes(content, "file.md")
    assert reject.reason == "unsupported_file"
    assert advice in reject.detail


@pytest.mark.parametrize("content", [b"", b" \n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_one_reject(content: bytes) -> None:
    assert values(read_bytes(content)) == ["empty_file"]


def test_parquet_in_another_compression_is_refused_with_advice() -> None:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"a": [1]}), buffer)
    (reject,) = read_bytes(gzip.compress(buffer.getvalue()), "rows.parquet.gz")
    assert (reject.reason, "decompress" in reject.detail) == ("unsupported_file", True)
