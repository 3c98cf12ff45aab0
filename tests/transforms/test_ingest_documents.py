"""`ReadRecords` for documents: every format, exact counts, no more read than needed."""

from collections import Counter
from pathlib import Path
from typing import BinaryIO
from xml.etree import ElementTree

import apache_beam as beam
import pytest
from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.localfilesystem import LocalFileSystem

from curation.documents.gates import DocumentGates
from schemas.errors import UsageError
from schemas.records import Document
from schemas.validate import validate
from transforms import ReadRecords
from transforms.clean import CleanDocuments
from transforms.deduplicate import DropDuplicateDocuments

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "pipelines" / "samples" / "beer_posts.xml"
DATA = ROOT / "tests" / "data" / "documents"


def read(collected, *patterns, **options):
    """Run `ReadRecords` for documents; the records are checked, and that the funnel adds up."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        options = {"kind": "documents", **options}
        records = pipeline | ReadRecords([str(pattern) for pattern in patterns], **options)
        for field, collection in zip(records._fields, records, strict=True):
            collected.take(field, collection)
    for record in (*collected["documents"], *collected["rejects"]):
        validate(record)
    counts: Counter = Counter()
    for (stage, key), n in collected["counts"]:
        assert stage == "ingest"
        counts[key] += n
    drops = Counter(f"drop:{reject.reason}" for reject in collected["rejects"])
    read = len(collected["documents"])
    assert counts == Counter({"in": read + drops.total(), "out": read}) + drops
    assert not collected["conversations"]
    assert not collected["pairs"]
    return collected


def test_a_dump_gives_every_question_and_answer(collected) -> None:
    found = read(collected, SAMPLE)
    rows = [row.attrib for row in ElementTree.parse(SAMPLE).getroot()]
    posts = {row["Id"]: row for row in rows if row["PostTypeId"] in "12"}
    documents = {document.metadata["native_id"]: document for document in found["documents"]}
    assert documents.keys() == posts.keys()
    for native_id, row in posts.items():
        assert documents[native_id].votes == int(row["Score"])
        assert documents[native_id].parent_id == row.get("ParentId")
    assert Counter(r.reason for r in found["rejects"]) == {"not_a_post": len(rows) - len(posts)}


def test_the_sample_has_threads_of_answers_with_different_scores() -> None:
    rows = [row.attrib for row in ElementTree.parse(SAMPLE).getroot()]
    scores: dict[str, set[int]] = {}
    for row in rows:
        if row["PostTypeId"] == "2":
            scores.setdefault(row["ParentId"], set()).add(int(row["Score"]))
    assert {row["Id"] for row in rows if row["PostTypeId"] == "1"} == scores.keys()
    assert all(len(different) > 1 for different in scores.values())
    assert all("OwnerUserId" in row for row in rows)
    assert SAMPLE.stat().st_size < 120_000


def test_every_format_is_read_from_one_directory(collected) -> None:
    found = read(collected, DATA)
    kinds = Counter((d.metadata["format"], d.metadata["kind"]) for d in found["documents"])
    assert kinds == {
        ("reddit", "submission"): 2,
        ("reddit", "comment"): 2,
        ("mail", "mail"): 5,
        ("text", "text"): 2,
        ("document", "post"): 3,
        ("document", "answer"): 1,
    }
    assert Counter((Path(r.source).name, r.reason) for r in found["rejects"]) == {
        ("reddit.jsonl", "deleted_post"): 1,
        ("chat.jsonl", "wrong_kind"): 1,
    }
    texts = {d.text for d in found["documents"]}
    assert {"Kölsch\n\n& Gose", "Prost aus Köln.", "A tall one, always."} <= texts
    assert "A plain German ale yeast; let the lactobacillus do the souring first." in texts
    mails = [d for d in found["documents"] if d.community == "brewers.example.org"]
    (first,) = mails
    assert "\nFrom what I read" in first.text
    assert not any("Ale" in d.text for d in mails)


@pytest.mark.parametrize("shard_bytes", [500, 20_000])
def test_shards_of_any_size_give_the_same_documents(collected, shard_bytes) -> None:
    whole = sorted(read(collected, SAMPLE)["documents"], key=lambda d: d.id)
    parts = sorted(
        read(collected, SAMPLE, shard_bytes=shard_bytes)["documents"], key=lambda d: d.id
    )
    assert parts == whole


def test_a_source_of_documents_is_no_source_of_conversations(collected) -> None:
    chats = ROOT / "tests" / "data" / "ingest" / "openai.jsonl"
    found = read(collected, chats)
    assert {r.reason for r in found["rejects"]} == {"wrong_kind"}
    found = read(collected, SAMPLE, DATA / "reddit.jsonl", DATA / "notes", kind="records")
    assert not found["documents"]
    assert Counter(r.reason for r in found["rejects"]) == {
        "unsupported_file": 2,
        "unknown_format": 5,
    }


class CountedFileSystem(LocalFileSystem):
    """Files of this machine as `counted://`, which says how many bytes were read of them."""

    bytes_read = 0

    @classmethod
    def scheme(cls) -> str:
        return "counted"

    def exists(self, path: str) -> bool:
        return Path(path.removeprefix("counted:/")).is_file()

    def metadata(self, path: str) -> FileMetadata:
        return FileMetadata(path, Path(path.removeprefix("counted:/")).stat().st_size)

    def open(self, path: str, *args: object, **options: object) -> BinaryIO:
        return _Counted(Path(path.removeprefix("counted:/")).open("rb"))


class _Counted:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        CountedFileSystem.bytes_read += len(data)
        return data

    def __enter__(self) -> "_Counted":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._file, name)


def test_a_limit_reads_the_beginning_of_a_large_dump_only(collected, tmp_path: Path) -> None:
    path = tmp_path / "Posts.xml"
    rows = SAMPLE.read_bytes().split(b"\n")[2:-2]
    with path.open("wb") as file:
        file.write(b"<posts>\n")
        for _ in range(400):
            file.write(b"\n".join(rows) + b"\n")
    assert path.stat().st_size > 20_000_000
    CountedFileSystem.bytes_read = 0
    found = read(collected, f"counted:/{path}", limit=40)
    assert len(found["documents"]) + len(found["rejects"]) == 40
    assert 0 < CountedFileSystem.bytes_read < 5_000_000


def test_copies_of_a_document_are_dropped_but_the_first(collected, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Posts.xml").write_bytes(SAMPLE.read_bytes())
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        documents = (pipeline | ReadRecords(str(tmp_path), kind="documents")).documents
        again = (pipeline | "again" >> ReadRecords(str(tmp_path), kind="documents")).documents
        unique = documents | DropDuplicateDocuments(again)
        for field, collection in zip(unique._fields, unique, strict=True):
            collected.take(field, collection)
    kept = collected["kept"]
    assert len(kept) == len({document.id for document in kept}) == 58
    assert {document.community for document in kept} == {"a"}
    for reject in collected["removed"]:
        assert (reject.stage, reject.reason) == ("deduplicate_documents", "duplicate_document")
        assert validate(reject).source == str(tmp_path / "b" / "Posts.xml")
    counts = Counter()
    for (stage, key), n in collected["counts"]:
        counts[stage, key] += n
    assert counts == {
        ("deduplicate_documents", "in"): 116,
        ("deduplicate_documents", "out"): 58,
        ("deduplicate_documents", "drop:duplicate_document"): 58,
    }


def test_cleaning_keeps_the_long_answers_and_counts_the_others(collected) -> None:
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        documents = (pipeline | ReadRecords(str(SAMPLE), kind="documents")).documents
        cleaned = documents | CleanDocuments(DocumentGates(min_chars=200, min_votes=1))
        for field, collection in zip(cleaned._fields, cleaned, strict=True):
            collected.take(field, collection)
    kept, rejects = collected["documents"], collected["rejects"]
    assert len(kept) + len(rejects) == 58
    assert all(len(d.text) >= 200 and d.votes >= 1 for d in kept)
    assert {reject.reason for reject in rejects} <= {"too_short", "too_few_votes"}
    counts = {key: n for (_, key), n in collected["counts"]}
    drops = Counter(f"drop:{reject.reason}" for reject in rejects)
    assert counts == {"in": 58, "out": len(kept), **drops}


def test_outputs_declare_their_records() -> None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    documents = (pipeline | ReadRecords(str(SAMPLE), kind="documents")).documents
    assert documents.element_type is Document
    assert (documents | CleanDocuments()).documents.element_type is Document
    assert (documents | DropDuplicateDocuments()).kept.element_type is Document


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "posts"},
        {"kind": "records", "format": "stackexchange"},
        {"kind": "documents", "format": "openai"},
    ],
)
def test_a_kind_or_format_that_does_not_exist_is_refused_when_built(options) -> None:
    with pytest.raises(UsageError, match="is none of"):
        ReadRecords(str(SAMPLE), **options)
