"""ifllm: questions in English by crowd workers who rated each reply from 1 to 5.

Source: themehulpatwari/llm-implicit-feedback (Apache-2.0), `dataset/query_logs_table.csv`. A
conversation is what one worker asked in one task, in order. Where there were two replies, the
preferred one (1.0 first, 2.0 second) is the one that the conversation went on from.
"""

from pathlib import Path
from typing import Any

import polars as pl

from labelled.rows import Labelled
from schemas import Conversation, Message

NAME = "ifllm"
FILE = "query_logs_table.csv"


def read(folder: Path) -> list[Labelled]:
    """All conversations of the tables under a folder; empty where there is none."""
    return [chat for path in sorted(folder.rglob(FILE)) for chat in _conversations(path)]


def _conversations(path: Path) -> list[Labelled]:
    table = pl.read_csv(path, infer_schema_length=None).sort("user_id", "task_id", "query_ID")
    found = []
    for keys, rows in table.group_by("user_id", "task_id", maintain_order=True):
        user, task = keys
        talk: list[Message] = []
        ratings: dict[int, tuple[float, ...]] = {}
        rated: float | None = None
        for row in rows.iter_rows(named=True):
            if rated is not None:
                ratings[len(talk)] = (rated,)
            reply, rated = _shown(row)
            talk += [Message("user", row["user_query"] or ""), Message("assistant", reply)]
        name = f"{NAME}/{user}"
        chat = Conversation(f"{user}/{task}", tuple(talk), NAME, name, None, "en", None, {})
        found.append(Labelled(chat, name, ratings))
    return found


def _shown(row: dict[str, Any]) -> tuple[str, float | None]:
    second = row["llm_response_2"] and row["preference"] == 2.0
    number = "2" if second else "1"
    return row[f"llm_response_{number}"] or "", row[f"likert_{number}"]
