"""The store of answers: durable, whole or absent, shared by processes, compacted without loss."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from memo_writer_driver import BATCH, key, value

from curation.memo.frames import Meta
from schemas.errors import RunError, UsageError
from transforms import memo_compaction, memo_files
from transforms.memo_compaction import Pruned, compact, prune
from transforms.memo_files import check_store, list_segments, read_frames
from transforms.memo_store import MemoStore

DRIVER = Path(__file__).with_name("memo_writer_driver.py")
DAY = 24 * 3600


@pytest.fixture(params=["disk", "object store"])
def root(request, tmp_path):
    """A store on a disk (whose path looks like a pattern), or on an object store."""
    if request.param == "disk":
        yield str(tmp_path / "a store [1]*")
        return
    sys.path.append(str(Path(__file__).parents[1] / "sinks"))
    from sinks_memory_filesystem import OBJECTS

    url = f"mem://{tmp_path.name}/memo"
    yield url
    for path in [path for path in OBJECTS if path.startswith(url)]:
        del OBJECTS[path]


def put(root, numbers, run="r", model="m@r"):
    """Keep the answers to some numbers, in one batch, by a writer of its own."""
    store = MemoStore(root, run)
    store.put("generate", model, [key(n) for n in numbers], [value(n) for n in numbers])
    store.close()


def get(root_or_store, numbers):
    """The numbers whose answers are found, each being the right one."""
    store = root_or_store
    if isinstance(store, str):
        store = MemoStore(store)
        store.refresh()
    numbers = list(numbers)
    found = dict(zip(numbers, store.get([key(n) for n in numbers]), strict=True))
    assert all(data in (None, value(n)) for n, data in found.items())
    return {n for n, data in found.items() if data is not None}


def test_what_one_store_has_kept_another_finds(root):
    put(root, range(5))
    put(root, range(5, 9))
    assert get(root, range(20)) == set(range(9))


def test_a_store_finds_at_once_what_it_keeps_itself(root):
    store = MemoStore(root)
    store.refresh()
    assert get(store, range(3)) == set()
    store.put("generate", "m@r", [key(1)], [value(1)])
    assert get(store, range(3)) == {1}


def test_what_another_writes_is_seen_after_a_refresh(root):
    store = MemoStore(root)
    put(root, range(4))
    assert get(store, range(4)) == set()
    store.refresh()
    assert get(store, range(4)) == set(range(4))


def test_two_processes_write_at_once(tmp_path):
    root = str(tmp_path / "memo")
    arguments = [("r", "0", "40"), ("r", "200", "40")]  # the second half of one is the other's
    command = [sys.executable, str(DRIVER), root]
    writers = [subprocess.Popen([*command, *a], stdout=subprocess.DEVNULL) for a in arguments]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]
    assert len(list_segments(root)) == 2
    assert get(root, range(700)) == set(range(600))
    compact(root, "r")
    [packed] = list_segments(root)
    assert sum(len(frame.keys) for frame in read_frames(packed)[0]) == 600
    assert get(root, range(700)) == set(range(600))


def test_a_killed_writer_has_kept_every_batch_that_it_said_it_had(tmp_path):
    root = str(tmp_path / "memo")
    process = subprocess.Popen(
        [sys.executable, str(DRIVER), root, "r", "0", "1000000"], stdout=subprocess.PIPE
    )
    said = [int(process.stdout.readline()) for _ in range(30)]
    process.kill()
    said += [int(line) for line in process.stdout.read().splitlines()]
    process.wait(timeout=60)
    process.stdout.close()
    assert get(root, range(len(said) * BATCH)) == set(range(len(said) * BATCH))


def test_of_a_file_torn_at_any_byte_the_whole_batches_are_found(tmp_path):
    root = str(tmp_path / "memo")
    store = MemoStore(root, "r")
    for first in (0, 10, 20):
        numbers = range(first, first + 10)
        store.put("generate", "m@r", [key(n) for n in numbers], [value(n) for n in numbers])
    store.close()
    [segment] = list_segments(root)
    ends = [frame.start + frame.length for frame in read_frames(segment)[0]]
    whole = Path(segment.path).read_bytes()
    for length in range(len(whole)):
        Path(segment.path).write_bytes(whole[:length])
        assert len(get(root, range(30))) == 10 * sum(end <= length for end in ends)


def test_a_batch_that_was_seen_half_written_is_found_when_it_is_whole(tmp_path):
    root = str(tmp_path / "memo")
    put(root, range(5))
    put(root, range(5, 9))
    first, second = (Path(segment.path) for segment in list_segments(root))
    data = second.read_bytes()
    second.unlink()
    start = first.read_bytes()
    first.write_bytes(start + data[:50])
    store = MemoStore(root)
    store.refresh()
    assert get(store, range(9)) == set(range(5))
    first.write_bytes(start + data)
    store.refresh()
    assert get(store, range(9)) == set(range(9))


def damage(segment):
    """Change a byte in the middle of a segment's first frame."""
    path = Path(segment.path)
    data = bytearray(path.read_bytes())
    data[read_frames(segment)[0][0].length - 3] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("packed", [False, True])
def test_a_damaged_answer_is_missed_asked_again_and_found_again(tmp_path, packed):
    root = str(tmp_path / "memo")
    put(root, range(5))
    if packed:
        compact(root, "r")
    store = MemoStore(root)
    store.refresh()
    damage(list_segments(root)[0])
    assert get(store, range(5)) == set()
    put(root, range(5))
    assert get(root, range(5)) == set(range(5))
    compact(root, "r")
    assert len(list_segments(root)) == 1
    assert get(root, range(5)) == set(range(5))


def test_compaction_keeps_everything_once_and_the_second_time_does_nothing(root):
    for first in range(0, 50, 5):
        put(root, range(first, first + 10))  # each answer but a few twice
    assert compact(root, "r") == 10
    [packed] = list_segments(root)
    frames, damaged = read_frames(packed)
    assert packed.packed
    assert (len(frames), len(frames[0].keys), damaged) == (1, 55, 0)
    assert get(root, range(100)) == set(range(55))
    assert compact(root, "r") == 0
    assert list_segments(root)[0].path == packed.path


def test_compaction_takes_in_what_was_packed_before(root):
    for first in (0, 10, 20):
        put(root, range(first, first + 10))
        compact(root, "r")
    assert len(list_segments(root)) == 1
    assert get(root, range(40)) == set(range(30))


def test_a_full_packed_segment_is_left_as_it_is(root, monkeypatch):
    put(root, range(10))
    compact(root, "r")
    [full] = list_segments(root)
    monkeypatch.setattr(memo_compaction, "FULL_BYTES", full.size)
    put(root, range(10, 20))
    compact(root, "r")
    assert full.path in [segment.path for segment in list_segments(root)]
    assert len(list_segments(root)) == 2
    assert get(root, range(20)) == set(range(20))


def test_large_groups_become_several_frames_and_stay_in_order(root, monkeypatch):
    monkeypatch.setattr(memo_compaction, "FRAME_BYTES", 400)
    for first in range(0, 200, 10):
        put(root, range(first, first + 10))
    compact(root, "r")
    frames, _ = read_frames(list_segments(root)[0])
    numbers = [int(low) for frame in frames for _, low in frame.keys]
    assert len(frames) > 5
    assert numbers == list(range(200))
    assert get(root, range(200)) == set(range(200))


def test_the_segments_of_a_run_that_may_be_alive_stay(tmp_path):
    root = str(tmp_path / "memo")
    put(root, range(5), run="mine")
    put(root, range(5, 9), run="theirs")
    compact(root, "mine")
    assert [(segment.run, segment.packed) for segment in list_segments(root)] == [
        ("mine", True),
        ("theirs", False),
    ]
    theirs = list_segments(root)[1].path
    os.utime(theirs, (time.time() - 2 * DAY,) * 2)
    compact(root, "mine")
    assert [segment.packed for segment in list_segments(root)] == [True]
    assert get(root, range(9)) == set(range(9))


def test_a_reader_finds_everything_after_its_files_were_compacted_away(root):
    put(root, range(5))
    put(root, range(5, 9))
    store = MemoStore(root)
    store.refresh()
    compact(root, "r")
    assert get(store, range(20)) == set(range(9))


def test_a_reader_whose_files_are_gone_misses_and_does_not_fail(root):
    put(root, range(5))
    store = MemoStore(root)
    store.refresh()
    prune(root, lambda meta: False)
    assert get(store, range(5)) == set()


def test_a_writer_whose_file_was_taken_away_loses_nothing_that_it_writes_later(tmp_path):
    root = str(tmp_path / "memo")
    store = MemoStore(root, "r")
    store.put("generate", "m@r", [key(1)], [value(1)])
    prune(root, lambda meta: False)
    store.put("generate", "m@r", [key(2)], [value(2)])
    store.put("generate", "m@r", [key(3)], [value(3)])
    assert get(root, range(5)) == {2, 3}


def test_two_compactions_at_once_lose_nothing(tmp_path):
    root = str(tmp_path / "memo")
    for first in range(0, 300, 5):
        put(root, range(first, first + 5))
    threads = [threading.Thread(target=compact, args=(root, "r")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert get(root, range(300)) == set(range(300))
    compact(root, "r")
    assert len(list_segments(root)) == 1
    assert get(root, range(300)) == set(range(300))


def test_compaction_that_fails_leaves_every_answer_where_it_was(root, monkeypatch):
    put(root, range(5))
    put(root, range(5, 9))
    before = list_segments(root)

    def fail(frames, start):
        raise OSError("no space left")

    monkeypatch.setattr(memo_compaction, "write_table", fail)
    with pytest.raises(OSError, match="no space left"):
        compact(root, "r")
    assert [s.path for s in list_segments(root)] == [s.path for s in before]
    assert get(root, range(9)) == set(range(9))


def test_what_a_killed_compaction_has_left_goes_after_a_day(tmp_path):
    put(str(tmp_path), range(5))
    old, new = tmp_path / "old.seg.partial", tmp_path / "new.seg.partial"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * DAY,) * 2)
    compact(str(tmp_path), "r")
    assert not old.exists()
    assert new.exists()


def test_a_long_segment_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(memo_files, "SEGMENT_BYTES", 300)
    store = MemoStore(str(tmp_path), "r")
    for n in range(20):
        store.put("generate", "m@r", [key(n)], [value(n)])
    segments = list_segments(str(tmp_path))
    assert len(segments) > 3
    assert max(segment.size for segment in segments) < 500
    assert get(str(tmp_path), range(20)) == set(range(20))


def test_answers_that_do_not_fit_into_the_cache_are_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr("transforms.memo_store.CACHE_BYTES", 100)
    for first in range(0, 100, 10):
        put(str(tmp_path), range(first, first + 10))
    store = MemoStore(str(tmp_path))
    store.refresh()
    for _ in range(2):
        assert get(store, range(100)) == set(range(100))


def test_files_of_others_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.seg").write_bytes(b"mine")
    put(str(tmp_path), range(5))
    compact(str(tmp_path), "r")
    prune(str(tmp_path), lambda meta: False)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.seg"]


def prunable(root):
    """A store with answers of two models."""
    put(root, range(5), model="old@1")
    put(root, range(5, 8), model="new@2")
    compact(root, "r")
    return root


def test_pruning_takes_out_the_frames_that_are_not_to_be_kept(root):
    prunable(root)
    removed = prune(root, lambda meta: meta.model != "old@1")
    assert removed.answers == 5
    assert removed.bytes > 0
    assert get(root, range(8)) == {5, 6, 7}
    assert prune(root, lambda meta: meta.model != "old@1") == Pruned(0, 0)


def test_a_dry_run_says_the_same_and_removes_nothing(root):
    prunable(root)
    told = prune(root, lambda meta: False, dry_run=True)
    assert told.answers == 8
    assert get(root, range(8)) == set(range(8))
    assert prune(root, lambda meta: False) == told
    assert list_segments(root) == []


def test_answers_of_one_day_and_model_share_a_frame_that_tells_the_newest_time(tmp_path):
    root = str(tmp_path)
    times = [10 * DAY + 5.0, 10 * DAY + 9.0, 12 * DAY + 1.0]
    for n, moment in enumerate(times):
        data = memo_compaction.write_frame(Meta("generate", "m", moment), [key(n)], [value(n)])
        memo_files.write_whole(memo_files.segment_path(root, "r"), [data])
    compact(root, "r")
    frames, _ = read_frames(list_segments(root)[0])
    assert [(frame.meta.time, len(frame.keys)) for frame in frames] == [
        (times[1], 2),
        (times[2], 1),
    ]
    prune(root, lambda meta: meta.time >= 11 * DAY)
    assert get(root, range(3)) == {2}


def test_a_place_that_cannot_hold_a_store_is_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="answers cannot be kept there"):
        check_store(str(tmp_path / "file"))
    check_store(str(tmp_path / "new" / "store"))
    assert (tmp_path / "new" / "store").is_dir()


def test_a_store_that_fails_in_the_middle_says_what_to_do(tmp_path):
    (tmp_path / "file").write_text("mine")
    store = MemoStore(str(tmp_path / "file"))
    with pytest.raises(RunError, match=r"cannot be kept in .*--no-memo"):
        store.put("generate", "m@r", [key(1)], [value(1)])


def test_a_disk_that_was_full_costs_only_what_did_not_fit(tmp_path, monkeypatch):
    root, store = str(tmp_path), MemoStore(str(tmp_path), "r")
    store.put("generate", "m@r", [key(1)], [value(1)])
    # The kernel refuses to let the file grow, as a full disk would.
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (list_segments(root)[0].size + 30, limits[1]))
    try:
        with pytest.raises(RunError, match="File too large"):
            store.put("generate", "m@r", [key(2)], [value(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    store.put("generate", "m@r", [key(3)], [value(3)])
    assert get(store, range(5)) == {1, 3}
    assert get(root, range(5)) == {1, 3}
