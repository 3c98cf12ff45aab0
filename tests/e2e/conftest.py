"""Whole runs of the command line on a few real conversation trees."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "pipelines/samples/oasst_sample.jsonl"
# The same graph as the quickstart's, with less of everything that costs model time.
SMALL = (
    "score.follow_up_likelihood.per_side=1",
    "synthesize.reply.max_new_tokens=12",
    "synthesize.reply.keep_truncated=true",
    "synthesize.reply.max_prompt_tokens=512",
    "mine.max_pairs=10",
    "score.max_tokens=900",
    "select.margin=null",
    "select.ln_ches=null",
    "split.test=0.4",
)
BROKEN = (
    b'{"messages": [{"role": "user", "content": "hi"}\n'
    b'{"conversations": []}\n'
    b'{"messages": [{"role": "user", "content": "a\\u0000b"}]}\n'
    b"\xff\xfe not json\n"
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


@pytest.fixture(scope="session")
def conversations(tmp_path_factory):
    """A folder with real trees in two files, and rows that are broken in four ways."""
    folder = tmp_path_factory.mktemp("input")
    lines = SAMPLE.read_bytes().splitlines(keepends=True)
    # The last trees of the sample are those in which a user complains.
    (folder / "a.jsonl").write_bytes(b"".join(lines[-9:-4]))
    (folder / "b.jsonl").write_bytes(b"".join(lines[-6:]))
    (folder / "broken.jsonl").write_bytes(BROKEN)
    return folder


@pytest.fixture(scope="session")
def finished(conversations, tmp_path_factory):
    """One finished run: its output folder and what inspect says of it."""
    output = tmp_path_factory.mktemp("output") / "dataset"
    return output, run(output, conversations)
