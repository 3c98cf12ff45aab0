"""`ReadRecords`: files in, records out, and counts that add up."""

import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

from schemas.errors import InputError, UsageError
from schemas.records import Conversation, PreferencePair, Reject
from schemas.validate import validate
from transforms.ingest import ReadRecords

SAMPLES = Path(__file__).parents[1] / "data" / "ingest"


class Found(NamedTuple):
    """What a pipeline has read; `counts` by key."""

    conversations: list[Conversation]
    pairs: list[PreferencePair]
    rejects: list[Reject]
    counts: dict[str, int]


# The runner is in this process and finds this list by the module's name.
ELEMENTS: list[tuple[str, object]] = []


class Keep(beam.DoFn):
    def __init__(self, field: str) -> None:
        self.field = field

    def process(self, element: object) -> None:
        ELEMENTS.append((self.field, element))


def read(*patterns: Path | str, **options: object) -> Found:
    """Run `ReadRecords` alone; every record is checked, and that the funnel adds up."""
    ELEMENTS.clear()
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        records = pipeline | ReadRecords([str(pattern) for pattern in patterns], **options)
        for field, collection in zip(records._fields, records, strict=True):
            collection | field >> beam.ParDo(Keep(field))
    found = Found([], [], [], Counter())
    for field, element in ELEMENTS:
        if field == "counts":
            (stage, key), n = element
            assert stage == "ingest"
            found.counts[key] += n
        else:
            getattr(found, field).append(element)
    for record in (*found.conversations, *found.pairs, *found.rejects):
        validate(record)
    drops = {key: n for key, n in found.counts.items() if key.startswith("drop:")}
    assert found.counts["in"] == found.counts["out"] + sum(drops.values())
    assert drops == Counter(f"drop:{reject.reason}" for reject in found.rejects)
    return found


def chat(text: str, **fields: object) -> dict:
    return {"messages": [{"role": "user", "content": text}], **fields}


def write_lines(path: Path, rows: list) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def texts(found: Found) -> list[str]:
    return sorted(c.messages[0].content for c in found.conversations)


def test_every_sample_is_read_from_one_directory() -> None:
    found = read(SAMPLES)
    assert Counter(c.metadata["format"] for c in found.conversations) == {
        "openai": 3,
        "sharegpt": 3,
        "wildchat": 1,
        "lmsys": 1,
        "oasst_tree": 4,
        "oasst_message": 5,
    }
    assert Counter(pair.source for pair in found.pairs) == {
        "trl_explicit": 3,
        "trl_implicit": 2,
        "hh": 1,
        "ultrafeedback": 1,
        "wildfeedback": 1,
    }
    reasons = Counter((Path(r.source).name, r.reason) for r in found.rejects)
    assert reasons == {
        ("README.md", "unsupported_file"): 1,
        ("oasst_message.jsonl", "deleted_message"): 1,
    }


def test_files_of_all_layouts_and_compressions_give_the_same_conversations(tmp_path: Path) -> None:
    rows = [chat(f"text {i}") for i in range(20)]
    lines = write_lines(tmp_path / "lines" / "a.jsonl", rows)
    for name in ("array", "gz", "parquet", "csv"):
        (tmp_path / name).mkdir()
    (tmp_path / "array" / "a.json").write_text(json.dumps(rows))
    (tmp_path / "gz" / "a.jsonl.gz").write_bytes(gzip.compress(lines.read_bytes()))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "parquet" / "a", row_group_size=3)
    cells = [json.dumps(row["messages"]).replace('"', '""') for row in rows]
    (tmp_path / "csv" / "a.csv").write_text("\n".join(["messages", *(f'"{c}"' for c in cells)]))
    expected = texts(read(tmp_path / "lines"))
    assert len(expected) == 20
    for name in ("array", "gz", "parquet", "csv"):
        assert texts(read(tmp_path / name)) == expected


def test_shards_of_any_size_give_the_same_records(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [chat("x" * i) for i in range(20)])
    whole = read(path)
    for shard_bytes in (7, 100, 1000):
        parts = read(path, shard_bytes=shard_bytes)
        assert sorted(parts.conversations) == sorted(whole.conversations)
        assert parts.counts == whole.counts


def test_patterns_that_overlap_read_each_file_once(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "sub" / "a.jsonl", [chat("hi")])
    assert texts(read(path, tmp_path, f"{tmp_path}/*", f"file://{path}")) == ["hi"]


def test_bad_rows_and_files_are_rejects_and_the_run_goes_on(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [chat("hi"), {"messages": []}, {"x": 1}])
    cut_off = f'[{json.dumps(chat("b"))}, {{"mess'
    (tmp_path / "b.json").write_text(cut_off)
    (tmp_path / "c.jsonl").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = read(tmp_path)
    assert texts(found) == ["b", "hi"]
    assert sorted((Path(r.source).name, r.reason, r.position) for r in found.rejects) == [
        ("a.jsonl", "empty_conversation", len(json.dumps(chat("hi"))) + 1),
        ("a.jsonl", "unknown_format", (tmp_path / "a.jsonl").read_text().index('{"x"')),
        ("b.json", "truncated_file", cut_off.rindex('{"mess')),
        ("c.jsonl", "empty_file", 0),
        ("pipe", "unsupported_file", 0),
    ]


class StoreFileSystem(LocalFileSystem):
    """Files of this machine as an object store shows them: `store://` and no directories."""

    @classmethod
    def scheme(cls) -> str:
        return "store"

    def has_dirs(self) -> bool:
        return False

    def exists(self, path: str) -> bool:
        return Path(path.removeprefix("store:/")).is_file()

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, Path(path.removeprefix("store:/")).stat().st_size)

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        prefix = dir_or_prefix.removeprefix("store:/")
        for file in Path(prefix).parent.rglob("*"):
            if str(file).startswith(prefix) and file.is_file():
                yield self.metadata(f"store:/{file}")

    def open(self, path: str, *args: object, **options: object) -> BinaryIO:
        return Path(path.removeprefix("store:/")).open("rb")


@pytest.mark.parametrize("pattern", ["", "/", "/*", "/**", "/sub", "/sub/*.jsonl", "/s*"])
def test_an_object_store_is_read_like_a_directory(tmp_path: Path, pattern: str) -> None:
    write_lines(tmp_path / "sub" / "a.jsonl", [chat("a")])
    write_lines(tmp_path / "sub" / ".hidden" / "b.jsonl", [chat("b")])
    found = read(f"store:/{tmp_path}{pattern}")
    assert texts(found) == ["a"]
    assert found.conversations[0].metadata["file"] == f"store:/{tmp_path}/sub/a.jsonl"
    assert texts(read(f"store:/{tmp_path}{pattern}", limit=1)) == ["a"]


def test_flat_trees_are_joined_within_their_file(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "oasst_message.jsonl", tmp_path / "a.jsonl")
    shutil.copy(SAMPLES / "oasst_message.jsonl", tmp_path / "b.jsonl")
    found = read(tmp_path, shard_bytes=300)
    assert len(found.conversations) == 6
    assert found.counts["in"] == 14
    assert found.counts["drop:deleted_message"] == 2


def test_limit_reads_the_first_rows_in_the_order_of_paths(tmp_path: Path) -> None:
    write_lines(tmp_path / "b.jsonl", [chat(f"b{i}") for i in range(9)])
    write_lines(tmp_path / "a.jsonl", [chat("a0"), {"x": 1}, chat("a2")])
    found = read(tmp_path / "b.jsonl", tmp_path / "a.jsonl", limit=5)
    assert texts(found) == ["a0", "a2", "b0", "b1"]
    assert found.counts["in"] == 5
    assert len(found.rejects) == 1


def test_limit_does_not_open_files_behind_the_last_row(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [chat("a0"), chat("a1")])
    (tmp_path / "b.jsonl").write_bytes(b"")
    assert read(tmp_path, limit=2).rejects == []


def test_parameters_reach_the_parser(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [chat("hi", user="ann"), chat("x" * 50)])
    found = read(path, format="openai", source="mine", max_turn_chars=40, user_salt="s")
    assert [c.source for c in found.conversations] == ["mine"]
    assert found.conversations[0].user != read(path).conversations[0].user
    assert [reject.reason for reject in found.rejects] == ["turn_too_long"]
    assert [reject.reason for reject in read(path, format="hh").rejects] == ["wrong_format"] * 2
    assert [reject.reason for reject in read(path, max_row_bytes=70).rejects] == ["row_too_large"]


def test_outputs_declare_their_records() -> None:
    records = beam.Pipeline(runner="FnApiRunner") | ReadRecords(str(SAMPLES))
    assert records.conversations.element_type is Conversation
    assert records.pairs.element_type is PreferencePair
    assert records.rejects.element_type is Reject


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "shargpt"}, "sharegpt"),
        ({"limit": 0}, "limit=0: must be a positive whole number"),
        ({"limit": True}, "limit=True"),
        ({"max_turn_chars": -1}, "max_turn_chars=-1"),
        ({"max_row_bytes": 1.5}, "max_row_bytes=1.5"),
        ({"shard_bytes": "32M"}, "shard_bytes='32M'"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused_when_built(
    options: dict[str, object], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        ReadRecords(str(SAMPLES), **options)


def test_a_pattern_that_matches_nothing_is_refused_when_built(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("nothing", "empty", "*.jsonl"):
        with pytest.raises(InputError, match="matches no file"):
            ReadRecords([str(SAMPLES), str(tmp_path / name)])
    with pytest.raises(InputError, match="nosuch"):
        ReadRecords("nosuch://bucket/file")
