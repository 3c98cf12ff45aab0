"""recllmsim_human: real users who rated every reply, in Chinese.

Source: wzf2000/RecLLMSim (Apache-2.0), `human_exp_V2/User_N/TASK/K.json`. The rating of a reply
stands on the assistant's message, as text; `strategy_V3` holds three votes of gpt-4o about the
feedback in the WHOLE conversation (keys 1, 2, 3) and their majority (`final`), not about turns.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from labelled.rows import Labelled
from schemas import Conversation, Message
from schemas.errors import InputError

NAME = "recllmsim_human"
TREE = "human_exp_V2"
MAX_BYTES = 50_000_000
"""Largest file of an archive that is read."""


def read(folder: Path) -> list[Labelled]:
    """All conversations under a folder.

    Input: `human_exp_V2/`, or a folder with it at any depth, or with `*.tar.gz` that hold one.
    Archives are read in memory, nothing is unpacked. Output: by user, task and number; empty
    where there are none.
    Raises: InputError for a file that is no such conversation.
    """
    found = {name: parse(name, data) for name, data in _files(folder)}
    return [found[name] for name in sorted(found)]


def parse(name: str, data: bytes) -> Labelled:
    """One conversation.

    Input: `User_N/TASK/K.json` and its content.
    Raises: InputError when it has no messages.
    """
    try:
        raw = orjson.loads(data)
        history: list[dict[str, Any]] = raw["history"]
        talk = tuple(Message(str(m["role"]), str(m["content"] or "")) for m in history)
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"{NAME}: {name}: no conversation: {error!r}") from None
    ratings = {
        at + 1: (float(message["satisfaction"]),)
        for at, message in enumerate(history[:-1])
        if message["role"] == "assistant"
        and history[at + 1]["role"] == "user"
        and str(message.get("satisfaction") or "").strip() in {"1", "2", "3", "4", "5"}
    }
    strategy = raw.get("strategy_V3") or {}
    votes = tuple(str(strategy[key]["feedback"]) for key in ("1", "2", "3") if key in strategy)
    user = f"{NAME}/{name.split('/', 1)[0]}"
    model, metadata = raw.get("chat_model"), {"file": name}
    chat = Conversation(name, talk, NAME, user, model, "zh", None, metadata)
    return Labelled(chat, user, ratings, votes)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    inside = folder.glob("User_*/*/*.json") if folder.name == TREE else ()
    for path in sorted([*inside, *folder.rglob(f"{TREE}/User_*/*/*.json")]):
        yield "/".join(path.parts[-3:]), path.read_bytes()
    for archive in sorted(folder.glob("*.tar.gz")) + sorted(folder.glob("*/*.tar.gz")):
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                parts = PurePosixPath(member.name).parts
                wanted = TREE in parts[:-3] and parts[-3].startswith("User_")
                if not (wanted and member.isfile() and member.name.endswith(".json")):
                    continue
                if member.size > MAX_BYTES:
                    raise InputError(f"{archive.name}: {member.name}: {member.size} bytes")
                content = tar.extractfile(member)
                if content is not None:
                    yield "/".join(parts[-3:]), content.read()
