"""Runs of the command line, as a user would start them."""

import json
import subprocess
import sys

import polars as pl

# The same graph as the quickstart's, with less of everything that costs model time.
SMALL = (
    "score.follow_up_likelihood.per_side=1",
    "synthesize.reply.max_new_tokens=12",
    "synthesize.reply.keep_truncated=true",
    "synthesize.reply.max_prompt_tokens=512",
    "mine.max_pairs=10",
    "seed=3",  # a draw of as many replies to be written as pairs that people ranked
    "score.max_tokens=900",
    "select.margin=null",
    "select.ln_ches=null",
    "split.test=0.4",
)


def curate(*arguments, check=True):
    """Run the command line as a user would; output and status are kept."""
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check:
        assert done.returncode == 0, done.stderr
    return done


def run(output, *inputs, changes=(), beam=()):
    """A small quickstart over some inputs; gives what `curate inspect --json` says of it."""
    arguments = ["run", "quickstart", "--output", output]
    for pattern in inputs:
        arguments += ["--input", pattern]
    for change in (*SMALL, *changes):
        arguments += ["--set", change]
    curate(*arguments, *(["--", *beam] if beam else []))
    return json.loads(curate("inspect", output, "--json").stdout)


def rows(output):
    """All pairs of the current snapshot with their split, ordered by id."""
    described = pl.concat(
        pl.read_parquet(f"{output}/snapshots/*/data/{split}-*.parquet").with_columns(
            split=pl.lit(split)
        )
        for split in ("train", "test")
    )
    return described.sort("id")
