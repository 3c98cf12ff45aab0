"""Turns per second and memory over a folder of ShareGPT conversations, in one process."""

import resource
import time
from collections.abc import Iterator
from pathlib import Path

from curation.feedback.detector import FeedbackDetector
from curation.formats import Context, parse_row
from curation.reading import Row, plan_shards, read_rows
from schemas import Conversation, Reject

BATCH = 64


def conversations(folder: Path) -> list[Conversation]:
    """What can be read of the files under a folder whose name begins with `sharegpt`."""
    folders = [folder] if folder.name.startswith("sharegpt") else folder.glob("sharegpt*")
    paths = sorted(path for inside in folders for path in inside.rglob("*.json*"))
    return [chat for path in paths for chat in _read(path)]


def _read(path: Path) -> Iterator[Conversation]:
    shards = plan_shards(str(path), path.stat().st_size)
    if isinstance(shards, Reject):
        return
    for row in (row for shard in shards for row in read_rows(shard)):
        found = parse_row(row, Context(str(path))) if isinstance(row, Row) else ()
        if not isinstance(found, Reject):
            yield from (record for record in found if isinstance(record, Conversation))


def speed(detector: FeedbackDetector, chats: list[Conversation]) -> dict[str, float]:
    """Label everything once, in batches, after one batch to warm up.

    Output: among others `turns`, those that follow a reply and get a label, and `user_turns`, all
    that were read.
    """
    detector.label(chats[:BATCH])
    before, turns, called = _peak(), 0, 0
    users = sum(message.role == "user" for chat in chats for message in chat.messages)
    start, clock = time.process_time(), time.perf_counter()
    for at in range(0, len(chats), BATCH):
        labels = [label for found in detector.label(chats[at : at + BATCH]) for label in found]
        turns += len(labels)
        called += sum((label.dissatisfaction or 0.0) >= 0.5 for label in labels)
    spent, wall = time.process_time() - start, time.perf_counter() - clock
    return {
        "conversations": len(chats),
        "turns": turns,
        "user_turns": users,
        "dissatisfied": called,
        "turns_per_second": turns / spent,
        "user_turns_per_second": users / spent,
        "turns_per_second_wall": turns / wall,
        "memory_grew_mib": (_peak() - before) / 1024,
    }


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
