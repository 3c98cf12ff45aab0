"""A few real conversation trees, and one finished run over them."""

from pathlib import Path

import pytest
from e2e_runs import run

SAMPLE = Path(__file__).parents[2] / "pipelines/samples/oasst_sample.jsonl"
BROKEN = (
    b'{"messages": [{"role": "user", "content": "hi"}\n'
    b'{"conversations": []}\n'
    b'{"messages": [{"role": "user", "content": "a\\u0000b"}]}\n'
    b"\xff\xfe not json\n"
)


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
