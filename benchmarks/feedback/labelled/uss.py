"""uss: task-oriented dialogues whose user turns several annotators rated from 1 to 5.

Source: sunnweiwei/user-satisfaction-simulation, `dataset/*.txt`, no licence file: for testing
only. A rating stands on a USER turn and is about what the system had done up to there, so it
judges the system's turn before. Neighbouring lines of one speaker are one turn each here, as in
the file; a user turn after another user turn judges no reply.
"""

from collections.abc import Iterator
from pathlib import Path

from labelled.rows import Labelled
from schemas import Conversation, Message

NAME = "uss"
SETS = ("CCPE", "MWOZ", "ReDial", "SGD")
ROLES = {"USER": "user", "SYSTEM": "assistant"}


def read(folder: Path) -> dict[str, list[Labelled]]:
    """The dialogues of each set under a folder, by its name; empty where there is none."""
    found = {}
    for name in SETS:
        for path in sorted(folder.rglob(f"{name}.txt")):
            found[name] = list(_dialogues(name, path.read_text("utf-8", "replace")))
    return found


def _dialogues(name: str, text: str) -> Iterator[Labelled]:
    for number, block in enumerate(text.split("\n\n")):
        talk: list[Message] = []
        ratings: dict[int, tuple[float, ...]] = {}
        for line in block.split("\n"):
            role, *fields = line.rstrip("\r").split("\t")
            if role not in ROLES or not fields or fields[0] == "OVERALL":
                continue
            given = fields[2] if len(fields) > 2 else ""
            scores = tuple(float(v) for v in given.split(",") if v.strip() in set("12345"))
            if role == "USER" and scores:
                ratings[len(talk)] = scores
            talk.append(Message(ROLES[role], fields[0]))
        if talk:
            chat = Conversation(f"{name}/{number}", tuple(talk), NAME, None, None, "en", None, {})
            yield Labelled(chat, f"{NAME}/{name}/{number}", ratings)
