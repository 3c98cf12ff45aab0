"""oasst_100trees: English conversation trees written by volunteers, without labels of turns.

Source: LAION-AI/Open-Assistant (Apache-2.0), `en_100_tree.jsonl`. Only for training: it shows the
classifier what English turns without complaints look like. Every turn is in one path only.
"""

from pathlib import Path

from curation.formats import Context, parse_row
from curation.reading import Row, plan_shards, read_rows
from labelled.rows import Labelled
from schemas import Conversation, Reject

NAME = "oasst_100trees"
FILE = "en_100_tree.jsonl"


def read(folder: Path) -> list[Labelled]:
    """The longest path of each tree under a folder; empty where there is none."""
    found: dict[str, Conversation] = {}
    for path in sorted(folder.rglob(FILE)):
        shards = plan_shards(str(path), path.stat().st_size)
        if isinstance(shards, Reject):
            continue
        for row in (row for shard in shards for row in read_rows(shard)):
            records = parse_row(row, Context(str(path))) if isinstance(row, Row) else []
            if isinstance(records, Reject):
                continue
            for chat in (record for record in records if isinstance(record, Conversation)):
                group = chat.metadata.get("group") or chat.id
                known = found.get(group)
                if known is None or len(chat.messages) > len(known.messages):
                    found[group] = chat
    return [Labelled(chat, f"{NAME}/{group}", {}) for group, chat in sorted(found.items())]
