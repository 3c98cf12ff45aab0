"""`ReadRecords` for several scored responses to a prompt: every format, exact counts."""

from collections import Counter
from pathlib import Path

import apache_beam as beam
import polars as pl
import pytest

from schemas.errors import UsageError
from schemas.records import CandidateSet
from schemas.validate import validate
from transforms import ReadRecords
from transforms.deduplicate import DropDuplicateCandidates

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "pipelines" / "samples" / "candidates_sample.jsonl"
DATA = ROOT / "tests" / "data" / "candidates"


def read(collected, *patterns, **options):
    """Run `ReadRecords` for candidates; the records are checked, and that the funnel adds up."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        options = {"kind": "candidates", **options}
        records = pipeline | ReadRecords([str(pattern) for pattern in patterns], **options)
        for field, collection in zip(records._fields, records, strict=True):
            collected.take(field, collection)
    for record in (*collected["candidates"], *collected["rejects"]):
        validate(record)
    counts: Counter = Counter()
    for (stage, key), n in collected["counts"]:
        assert stage == "ingest"
        counts[key] += n
    drops = Counter(f"drop:{reject.reason}" for reject in collected["rejects"])
    found = len(collected["candidates"])
    assert counts == Counter({"in": found + drops.total(), "out": found}) + drops
    return collected


def test_the_sample_is_read_in_shards_of_any_size(collected) -> None:
    whole = sorted(read(collected, SAMPLE)["candidates"])
    assert len(whole) == len(SAMPLE.read_bytes().splitlines()) == 18
    assert all(len(found.responses) >= 4 for found in whole)
    assert sorted(read(collected, SAMPLE, shard_bytes=700)["candidates"]) == whole
    assert SAMPLE.stat().st_size < 60_000


def test_every_format_is_read_from_one_directory(collected) -> None:
    found = read(collected, DATA)
    assert Counter(c.source for c in found["candidates"]) == {
        "ultrafeedback_full": 2,
        "candidates": 3,
    }
    assert Counter(r.reason for r in found["rejects"]) == {"unsupported_file": 1}


def test_a_table_of_responses_gives_the_same_sets_as_the_lines(collected, tmp_path) -> None:
    lines = sorted(read(collected, SAMPLE)["candidates"])
    pl.read_ndjson(SAMPLE).write_parquet(tmp_path / "rows.parquet")
    table = sorted(read(collected, tmp_path / "rows.parquet")["candidates"])
    bare = [[(c.id, c.prompt, c.responses) for c in found] for found in (lines, table)]
    assert bare[0] == bare[1]


def test_a_source_of_candidates_is_no_source_of_chats_or_pairs(collected) -> None:
    chats = ROOT / "tests" / "data" / "ingest"
    found = read(collected, chats / "openai.jsonl", chats / "trl_explicit.jsonl")
    assert {reject.reason for reject in found["rejects"]} == {"wrong_kind"}
    found = read(collected, SAMPLE, kind="records")
    assert not found["candidates"]
    assert {reject.reason for reject in found["rejects"]} == {"wrong_kind"}
    assert "sources.candidates" in found["rejects"][0].detail


def test_a_limit_takes_the_first_rows(collected) -> None:
    found = read(collected, SAMPLE, limit=3)["candidates"]
    assert sorted(c.provenance.position for c in found)[0] == 0
    assert len(found) == 3


def test_one_of_the_sets_with_the_same_prompt_and_texts_is_kept(collected, tmp_path) -> None:
    line = b'{"prompt": "hi", "responses": ["%s", "%s"], "scores": [%s]}\n'
    rows = [
        line % (b"a", b"b", b"1, 2"),
        line % (b"b", b"a", b"1, 2"),
        line % (b"a", b"c", b"1, 2"),
    ]
    (tmp_path / "one.jsonl").write_bytes(b"".join(rows))
    (tmp_path / "two.jsonl").write_bytes(rows[2])
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        sets = (pipeline | ReadRecords(str(tmp_path), kind="candidates")).candidates
        again = (pipeline | "again" >> ReadRecords(str(tmp_path), kind="candidates")).candidates
        unique = sets | DropDuplicateCandidates(again)
        for field, collection in zip(unique._fields, unique, strict=True):
            collected.take(field, collection)
    kept = collected["kept"]
    assert sorted((Path(c.provenance.input).name, c.provenance.position) for c in kept) == [
        ("one.jsonl", 0), ("one.jsonl", 2 * len(rows[0])),
    ]  # fmt: skip
    reasons = Counter((validate(r).stage, r.reason) for r in collected["removed"])
    assert reasons == {("deduplicate_candidates", "duplicate_candidates"): 2}


def test_outputs_declare_their_records_and_options_are_checked_when_built() -> None:
    pipeline = beam.Pipeline(runner="FnApiRunner")
    sets = (pipeline | ReadRecords(str(SAMPLE), kind="candidates")).candidates
    assert sets.element_type is CandidateSet
    with pytest.raises(UsageError, match="is none of auto, ultrafeedback_full, candidates"):
        ReadRecords(str(SAMPLE), kind="candidates", format="openai")
