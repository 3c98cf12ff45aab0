"""How fast `ReadRecords` is, against parsing each line and nothing else.

    python benchmarks/ingest.py [--rows 40000] [--output result.json]

Writes ShareGPT-like rows of six messages, reads them through the transform on FnApiRunner,
and compares with `orjson.loads` of each line, which no reader of JSON Lines can beat. The
transform also checks every turn, hashes every conversation and encodes what it gives. The
exact result is checked: every row must come out.
"""

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import orjson
from apache_beam.metrics import Metrics

from curation.formats import Context, parse_row
from curation.reading import Row, plan_shards, read_rows
from transforms import ReadRecords

WORDS = ["the", "model", "answers", 'a "quoted" word', "question,\n", "with", "é", "and", "12"]


class _Count(beam.DoFn):
    def __init__(self) -> None:
        self._rows = Metrics.counter("benchmark", "rows")

    def process(self, _: object) -> None:
        self._rows.inc()


def write_rows(path: Path, rows: int) -> None:
    """Write conversations of six messages, about 3.5 KB each."""
    rng = random.Random(0)
    with path.open("wb") as file:
        for i in range(rows):
            turns = [
                {"from": role, "value": " ".join(rng.choices(WORDS, k=length))}
                for role, length in (("human", 15), ("gpt", 200)) * 3
            ]
            file.write(orjson.dumps({"id": f"x{i}_0", "conversations": turns}) + b"\n")


def parse_lines(path: Path) -> int:
    """The floor: JSON to objects, one line after the other."""
    with path.open("rb") as file:
        return sum(1 for line in file if orjson.loads(line))


def read_and_parse(path: Path) -> int:
    """The transform's work without Beam."""
    context = Context(str(path))
    shards = plan_shards(str(path), path.stat().st_size)
    return sum(
        len(parse_row(row, context))
        for shard in shards
        for row in read_rows(shard)
        if isinstance(row, Row)
    )


def run_transform(path: Path) -> int:
    """The transform, with one worker."""
    pipeline = beam.Pipeline(runner="FnApiRunner")
    records = pipeline | ReadRecords(str(path))
    records.conversations | beam.ParDo(_Count())
    result = pipeline.run()
    result.wait_until_finish()
    return sum(counter.committed for counter in result.metrics().query()["counters"])


def measure(work: Callable[[Path], int], path: Path, rows: int) -> dict[str, float]:
    """Rows and megabytes per second of one way to read the file, best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        found = work(path)
        best = min(best, time.perf_counter() - start)
        if found != rows:
            raise SystemExit(f"{work.__name__}: {found} rows of {rows}")
    size = path.stat().st_size
    return {"rows_per_s": round(rows / best), "mb_per_s": round(size / best / 1e6, 1)}


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=40_000)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        write_rows(path, options.rows)
        ways = {"floor": parse_lines, "without_beam": read_and_parse, "transform": run_transform}
        result: dict[str, object] = {
            name: measure(work, path, options.rows) for name, work in ways.items()
        }
    floor, transform = (result[name]["rows_per_s"] for name in ("floor", "transform"))  # type: ignore[index]
    result |= {"rows": options.rows, "ratio_to_floor": round(transform / floor, 3)}
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
