"""Rows and sample files for the tests of `curation.formats`."""

from pathlib import Path

from curation.formats import Context, parse_row
from curation.reading import Row, plan_shards, read_rows
from schemas.records import Reject
from schemas.validate import validate

SAMPLES = Path(__file__).parents[1] / "data" / "ingest"


def sample(name: str, **context: object) -> list:
    """All records of a sample file, checked against their schemas."""
    path = SAMPLES / f"{name}.jsonl"
    (shard,) = plan_shards(str(path), path.stat().st_size)
    records = []
    for row in read_rows(shard):
        found = parse_row(row, Context(path.name, **context))
        assert not isinstance(found, Reject), found
        records += [validate(record) for record in found]
    return records


def parse(value: object, **context: object):
    """What a row at position 7 of `f.jsonl` gives."""
    return parse_row(Row(value, 7), Context("f.jsonl", **context))
