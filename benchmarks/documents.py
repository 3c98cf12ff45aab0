"""How much memory a dump of any size takes: `ReadRecords` over a Posts.xml made large.

    python benchmarks/documents.py --input Posts.xml [--gigabytes 2] [--output result.json]

Repeats the rows of a real Posts.xml, each time with new Ids and ParentIds, until the file is as
large as wanted, and reads it through the transform on FnApiRunner to nothing but counts, in a
process of its own, whose largest resident memory the system tells. The exact result is checked:
every question and answer must come out, and every other post be a reject.
"""

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import apache_beam as beam
from apache_beam.metrics import Metrics

from transforms import ReadRecords

_IDS = re.compile(rb'( (?:Id|ParentId|AcceptedAnswerId)=")(\d+)"')
_POST = re.compile(rb'^\s*<row [^>]*?PostTypeId="[12]"')


class _Count(beam.DoFn):
    def __init__(self, name: str) -> None:
        self._seen = Metrics.counter("benchmark", name)

    def process(self, _: object) -> None:
        self._seen.inc()


def write_posts(source: Path, target: Path, size: int) -> Counter:
    """Write a dump of at least `size` bytes; give how many documents and rejects are in it."""
    rows = [line for line in source.read_bytes().split(b"\n") if line.lstrip().startswith(b"<row ")]
    documents = sum(1 for row in rows if _POST.match(row))
    step = 1 + max(int(number) for row in rows for _, number in _IDS.findall(row))
    written: Counter = Counter()
    with target.open("wb") as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n')
        while file.tell() < size:
            shift = step * written["repetitions"]
            for row in rows:
                file.write(_IDS.sub(lambda m: b'%s%d"' % (m[1], int(m[2]) + shift), row) + b"\n")  # noqa: B023
            written.update(repetitions=1, documents=documents, rejects=len(rows) - documents)
        file.write(b"</posts>\n")
    return written


def read(path: str) -> dict[str, float]:
    """Read a dump to counts; give them, the time, and the largest memory of this process."""
    pipeline = beam.Pipeline(runner="FnApiRunner")
    before = _peak_mb()
    records = pipeline | ReadRecords(path, kind="documents")
    _ = records.documents | "Count documents" >> beam.ParDo(_Count("documents"))
    _ = records.rejects | "Count rejects" >> beam.ParDo(_Count("rejects"))
    start = time.perf_counter()
    result = pipeline.run()
    result.wait_until_finish()
    found = {c.key.metric.name: c.committed for c in result.metrics().query()["counters"]}
    seconds = time.perf_counter() - start
    return {**found, "seconds": seconds, "before_mb": before, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", type=Path, help="a Posts.xml of Stack Exchange's data dump")
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--read", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(options.read)))
        return
    if not options.input:
        parser.error("--input is needed: a Posts.xml")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Posts.xml"
        size = int(options.gigabytes * 1e9)
        if shutil.disk_usage(folder).free < 1.1 * size:
            raise SystemExit(f"{folder}: less than {1.1 * options.gigabytes:.1f} GB are free")
        expected = write_posts(options.input, path, size)
        command = [sys.executable, __file__, "--read", str(path)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout)
        size = path.stat().st_size
    for name in ("documents", "rejects"):
        if found.get(name, 0) != expected[name]:
            raise SystemExit(f"{found.get(name)} {name} of {expected[name]}")
    result = {
        "bytes": size,
        "documents": expected["documents"],
        "rejects": expected["rejects"],
        "posts_per_s": round((expected["documents"] + expected["rejects"]) / found["seconds"]),
        "mb_per_s": round(size / found["seconds"] / 1e6, 1),
        "peak_mb": round(found["peak_mb"]),
        "of_which_imports_mb": round(found["before_mb"]),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
