"""Choosing again from stored scores: `reselect` against the same decision written in polars.

    python benchmarks/reselect.py [--rows 1000000] [--output result.json]

Makes a dataset of pairs with some 1.5 KB of text each, half of them selected, in a snapshot's own
layout by the writers of final files, without a model; the hashes of its rows are random numbers,
which costs the same. Then a looser margin, a quantile of CHES and soft targets select other pairs:
by `reselect`, which also writes the pool, the drops and the funnel; in polars, which scans, filters
and writes the selected pairs; and in polars writing the pool and the drops too. Each runs in a
process of its own, three times in turn; times are medians; processor time tells what other work on
the machine hides. The exact result is checked: all three must select the same pairs with the same
targets.
"""

import argparse
import json
import math
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

ROUNDS = 3
CHUNK_ROWS = 20_000
SIDE_CHARS = 500
SEED = 7
MARGIN, SHARE, GAMMA = -0.5, 0.7, 2.0
CHANGES = (
    f"select.margin.min={MARGIN}",
    f"select.ln_ches={{lowest: {SHARE}}}",
    f"select.soft_targets={{gamma: {GAMMA}}}",
)
RECIPE = {
    "sources": {"pairs": {"paths": "pairs.jsonl"}},
    "select": {"margin": {"min": 0.0}},
}


def build(output: str, rows: int) -> None:
    """Publish a dataset with so many measured pairs."""
    from pipelines.recipe import Recipe, resolved
    from schemas.records import SPLITS
    from sinks.finalfiles import FinalFiles, shape_of
    from sinks.layout import KINDS, final_directory
    from sinks.publish import publish
    from sinks.redrops import drop_rows, write_drops
    from sinks.store import open_store
    from sinks.summary import sum_up, write_summary

    recipe = Recipe(name="reselect", **RECIPE)
    store, directory = open_store(output), final_directory("build")
    target = recipe.write.target_file_mb * 1_000_000
    text = rows * 5 * SIDE_CHARS  # as JSON, half of it each
    shape = shape_of(rows // 2, text // 2, target)
    files = {split: FinalFiles(store, directory, "pairs", split, shape) for split in SPLITS}
    pool = FinalFiles(store, directory, "pool", None, shape)
    drops = []
    for chunk in chunks(rows):
        selected = pa.array(chunk["margin"].to_numpy() >= 0)
        for split, file in files.items():
            file.add(
                chunk.filter(selected).filter(
                    pa.compute.equal(chunk.filter(selected)["split"], split)
                )
            )
        out = chunk.filter(pa.compute.invert(selected))
        pool.add(out)
        columns = out["id"].to_pylist(), ["margin_min"] * len(out), out["margin"].to_pylist()
        drops.append(drop_rows(*columns, [0.0] * len(out)))
    written = [done for file in (*files.values(), pool) for done in file.close()]
    written += write_drops(store, "build", drops, target)
    for kind in KINDS.keys() - {"pairs", "pool", "drops"}:
        written += FinalFiles(store, directory, kind, None, shape_of(0, 0, 1)).close()
    dropped = sum(len(table) for table in drops)
    funnel = [
        {"stage": "select", "in": rows, "out": rows - dropped, "dropped": {"margin_min": dropped}},
        {"stage": "write", "in": rows - dropped, "out": rows - dropped, "dropped": {}},
    ]
    write_summary(store, "build", sum_up(written, funnel))
    info: dict[str, Any] = {"models": {}, "inputs": [], "packages": {}, "license": None}
    info |= {"name": recipe.name, "recipe": resolved(recipe), "code_version": "benchmark"}
    publish(output, "build", info)


def chunks(rows: int) -> Iterator[pa.Table]:
    """Part tables of pairs in the order of their ids."""
    random = np.random.default_rng(SEED)
    vocabulary = np.array(
        ["".join(letters) for letters in random.choice(list("etaoinshrdlucmfw"), (4096, 5))]
    )
    for first in range(0, rows, CHUNK_ROWS):
        yield pairs(random, vocabulary, first, min(CHUNK_ROWS, rows - first), rows)


def pairs(
    random: np.random.Generator, vocabulary: np.ndarray, first: int, n: int, of: int
) -> pa.Table:
    """One part table."""
    from sinks.rows import part_schema

    schema = part_schema("pairs")
    step = 2**64 // of
    ids = pa.array(
        [
            f"{(first + i) * step:016x}{int(low):016x}"
            for i, low in enumerate(random.integers(2**63, size=n))
        ]
    )
    lengths = random.integers(SIDE_CHARS // 2, SIDE_CHARS * 3 // 2, size=(2, n))
    groups = pa.array([f"group {i // 3}" for i in range(first, first + n)])
    constant = {
        "method": "existing",
        "source": "synthetic",
        "language": "en",
    }
    columns: dict[str, Any] = {
        "_key": ids,
        "_hash": pa.array(
            [row.tobytes().hex() for row in random.integers(256, size=(n, 16), dtype=np.uint8)]
        ),
        "_bytes": pa.array(5 * SIDE_CHARS + lengths.sum(axis=0) - 2 * SIDE_CHARS),
        "id": ids,
        "conversation_id": ids,
        "prompt": messages(random, vocabulary, "user", np.full(n, SIDE_CHARS)),
        "chosen": messages(random, vocabulary, "assistant", lengths[0]),
        "rejected": messages(random, vocabulary, "assistant", lengths[1]),
        "split": pa.array(np.where(random.random(n) < 0.1, "test", "train").tolist()),
        "chosen_chars": pa.array(lengths[0]),
        "rejected_chars": pa.array(lengths[1]),
        "provenance": provenance(schema.field("provenance").type, groups, first, n),
    }
    for name in (
        "margin",
        "chosen_score",
        "rejected_score",
        "ches",
        "ln_ches",
        "last_hidden_inner_product",
    ):
        columns[name] = pa.array(random.normal(size=n))
    for name, value in constant.items():
        columns[name] = pa.array([value] * n)
    for field in schema:
        if field.name not in columns:
            columns[field.name] = nothing(field.type, n)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def messages(
    random: np.random.Generator, vocabulary: np.ndarray, role: str, lengths: np.ndarray
) -> pa.Array:
    """One message for each length in characters."""
    words = random.zipf(1.2, size=int(lengths.sum()) // 6 + 1) % len(vocabulary)
    text = " ".join(vocabulary[words].tolist()).ljust(int(lengths.sum())).encode()
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    content = pa.StringArray.from_buffers(len(lengths), pa.py_buffer(ends), pa.py_buffer(text))
    message = pa.StructArray.from_arrays(
        [pa.array([role] * len(lengths)), content], ["role", "content"]
    )
    return pa.ListArray.from_arrays(pa.array(np.arange(len(lengths) + 1, dtype=np.int32)), message)


def provenance(tp: pa.StructType, groups: pa.Array, first: int, n: int) -> pa.Array:
    """Where the pairs come from."""
    known = {
        "input": pa.array(["pairs.jsonl"] * n),
        "position": pa.array(np.arange(first, first + n) * 1500),
        "group": groups,
        "code_version": pa.array(["benchmark"] * n),
    }
    fields = [tp.field(i) for i in range(tp.num_fields)]
    return pa.StructArray.from_arrays(
        [known.get(f.name, nothing(f.type, n)) for f in fields], fields=fields
    )


def nothing(tp: pa.DataType, n: int) -> pa.Array:
    """A column without a value: nulls, or empty lists."""
    if pa.types.is_list(tp):
        return pa.ListArray.from_arrays(
            pa.array(np.zeros(n + 1, np.int32)), pa.array([], tp.value_type)
        ).cast(tp)
    return pa.nulls(n, tp)


def by_reselect(output: str, target: str) -> None:
    """Choose again with prefstream."""
    from pipelines.reselect import reselect

    del target
    reselect(output, CHANGES)


def by_polars(output: str, target: str, everything: bool = False) -> None:
    """Choose again in polars: scan, decide, write the selected pairs.

    Parameters: `everything` writes the other pairs and the drops, too.
    """
    (snapshot,) = Path(output, "snapshots").iterdir()
    sources = {"train": "data/train-*", "test": "data/test-*", "pool": "pool/*"}
    scans = {name: pl.scan_parquet(snapshot / f"{glob}.parquet") for name, glob in sources.items()}
    scores = pl.concat(
        [scan.select("id", "margin", "ln_ches") for scan in scans.values()]
    ).collect()
    inside = scores.filter(pl.col("margin") >= MARGIN)
    most = math.ceil(Fraction(str(SHARE)) * len(inside))
    limit = inside["ln_ches"].sort()[most - 1]
    keep = (pl.col("margin") >= MARGIN) & (pl.col("ln_ches") <= limit)
    sigma = 1 / (1 + (-GAMMA * pl.col("margin")).exp())
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 3}
    folder = Path(target)
    for name, scan in scans.items():
        scan.filter(keep).with_columns(target=sigma).sink_parquet(
            folder / f"{name}.parquet", **options
        )
        if everything:
            scan.filter(~keep).sink_parquet(folder / f"pool-{name}.parquet", **options)
    if everything:
        by_margin = pl.col("margin") < MARGIN
        scores.filter(~keep).select(
            "id",
            filter=pl.when(by_margin)
            .then(pl.lit("margin_min"))
            .otherwise(pl.lit("ln_ches_lowest")),
            value=pl.when(by_margin).then("margin").otherwise("ln_ches"),
            threshold=pl.when(by_margin).then(MARGIN).otherwise(limit),
        ).write_parquet(folder / "drops.parquet", **options)


def by_polars_all(output: str, target: str) -> None:
    """The same with all that `reselect` writes."""
    by_polars(output, target, everything=True)


WAYS = {"reselect": by_reselect, "polars": by_polars, "polars_everything": by_polars_all}


def measured(way: str, built: Path, folder: Path) -> dict[str, float]:
    """One run of a way over a fresh copy of the dataset, in a process of its own."""
    output, target = folder / "out", folder / "target"
    shutil.copytree(built, output, copy_function=_link)
    target.mkdir()
    child = [sys.executable, __file__, "--way", way, "--folder", str(folder)]
    done = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def _link(source: str, target: str) -> str:
    # A snapshot's files are never written again.
    if "/snapshots/" in source:
        Path(target).hardlink_to(source)
        return target
    return shutil.copy(source, target)


def chosen(way: str, folder: Path) -> pl.DataFrame:
    """What a way has selected."""
    if way == "reselect":
        current = json.loads((folder / "out/manifest.json").read_bytes())["current"]
        files = f"{folder}/out/snapshots/{current}/data/*.parquet"
        return pl.read_parquet(files, columns=["id", "target"]).sort("id")
    kept = [folder / f"target/{name}.parquet" for name in ("train", "test", "pool")]
    return pl.read_parquet(kept, columns=["id", "target"]).sort("id")


def child(way: str, folder: str) -> None:
    """Run a way and say how long it took and how large the process became."""
    start = time.perf_counter()
    WAYS[way](f"{folder}/out", f"{folder}/target")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "cpu_seconds": time.process_time(), "peak_mb": peak}))


def middle(found: dict[str, list[dict[str, float]]], name: str) -> dict[str, float]:
    """Median of a measure of each way."""
    return {w: round(statistics.median(run[name] for run in runs), 2) for w, runs in found.items()}


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--folder", help="where the dataset is made; default: a temporary folder")
    parser.add_argument("--way", choices=(*WAYS, "build"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way == "build":
        build(options.folder, options.rows)
        return
    if options.way:
        child(options.way, options.folder)
        return
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        built = Path(scratch, "built")
        # In a process of its own: a child's largest memory counts from its parent's.
        command = [sys.executable, __file__, "--way", "build", "--folder", str(built)]
        subprocess.run([*command, "--rows", str(options.rows)], check=True)
        selected = None
        for number in range(ROUNDS):
            for way in WAYS:
                folder = Path(scratch, f"{way}-{number}")
                folder.mkdir()
                found[way].append(measured(way, built, folder))
                this = chosen(way, folder)
                if selected is None:
                    selected = this
                elif not selected["id"].equals(this["id"]):
                    raise SystemExit(f"{way}: {len(this):,} pairs, not the same {len(selected):,}")
                elif (selected["target"] - this["target"]).abs().max() > 1e-12:
                    raise SystemExit(f"{way}: other targets")
                shutil.rmtree(folder)
    seconds, used = middle(found, "seconds"), middle(found, "cpu_seconds")
    result = {
        "rows": options.rows,
        "selected": 0 if selected is None else len(selected),
        "seconds": seconds,
        "cpu_seconds": used,
        "seconds_per_100k": round(seconds["reselect"] / options.rows * 1e5, 2),
        "times_polars": round(seconds["reselect"] / seconds["polars"], 2),
        "times_polars_cpu": round(used["reselect"] / used["polars"], 2),
        "times_polars_everything": round(seconds["reselect"] / seconds["polars_everything"], 2),
        "peak_mb": {way: round(max(run["peak_mb"] for run in runs)) for way, runs in found.items()},
        "rounds": found,
    }
    text = json.dumps(result, indent=2)
    print(text)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
