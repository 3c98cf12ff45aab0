"""Datasets on a filesystem that cannot rename."""

from collections.abc import Iterator

import pytest
import sinks_memory_filesystem as memory
from sinks_factories import make_pair, publish_run, stage_run
from sinks_run_info import make_run_info

from schemas.errors import PublishError
from sinks.inspect import inspect_snapshot, read_pairs
from sinks.manifest import read_manifest
from sinks.output import prepare_output
from sinks.publish import publish

OUT = "mem://bucket/out"


@pytest.fixture(autouse=True)
def _empty_store() -> Iterator[None]:
    memory.crash_at(0)
    memory.OBJECTS.clear()
    yield
    memory.crash_at(0)
    memory.OBJECTS.clear()


def test_a_dataset_is_published_without_a_rename_and_read_back() -> None:
    published = publish_run(OUT, pairs=[make_pair("tea"), make_pair("rain", split="test")])
    assert inspect_snapshot(OUT)["snapshot"] == published.id
    assert list(read_pairs(OUT, "test")) == [make_pair("rain", split="test")]


def test_nothing_is_left_of_the_staging_area() -> None:
    publish_run(OUT, pairs=[make_pair("tea")])
    assert not [path for path in memory.OBJECTS if ".staging" in path]


def test_the_output_of_a_run_is_claimed_without_directories() -> None:
    prepare_output(OUT, "run-1")
    assert list(memory.OBJECTS) == [f"{OUT}/.staging/run-1/owner.json"]


def test_a_missing_dataset_is_named() -> None:
    with pytest.raises(PublishError, match="no dataset at mem://bucket/out: there is no manifest"):
        read_manifest(OUT)


def test_a_publisher_that_dies_at_any_change_leaves_the_former_or_the_new_snapshot_whole() -> None:
    former = publish_run(OUT, pairs=[make_pair("tea")])
    stage_run(OUT, "run-2", pairs=[make_pair("rain")])
    stage_run(OUT, "run-3", pairs=[make_pair("snow")])
    before = dict(memory.OBJECTS)
    seen = []
    for change in range(1, 1000):
        memory.OBJECTS.clear()
        memory.OBJECTS.update(before)
        memory.crash_at(change)
        try:
            publish(OUT, "run-2", make_run_info())
            break
        except memory.Killed:
            memory.crash_at(0)
        (text,) = [pair.chosen[0].content for pair in read_pairs(OUT)]
        seen.append(inspect_snapshot(OUT)["snapshot"] == former.id)
        assert ("tea" in text) == seen[-1]
        if seen[-1]:
            publish(OUT, "run-2", make_run_info())
            assert "rain" in next(read_pairs(OUT)).chosen[0].content
        publish(OUT, "run-3", make_run_info())
        assert "snow" in next(read_pairs(OUT)).chosen[0].content
    assert True in seen
    assert False in seen
    assert seen == sorted(seen, reverse=True), "once the new one is current, it stays current"
