"""hh-rlhf (arXiv 2204.05862): two transcripts with "\\n\\nHuman: " and "\\n\\nAssistant: "."""

import re
from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.pairs import Dialogue, build_pair, is_pair
from curation.formats.turns import check_text
from curation.reading.rows import Problem, Row
from schemas.records import Message, PreferencePair

_TURN = re.compile(r"(?:\A|\n\n)(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def is_transcript(text: Any) -> bool:
    """Whether a text begins with the turn of a human or an assistant.

    >>> is_transcript("\\n\\nHuman: hi\\n\\nAssistant: hello")
    True
    """
    return isinstance(text, str) and _TURN.match(text.lstrip()) is not None


def read_transcript(text: str, field: str, max_chars: int) -> Dialogue | Problem:
    """Cut a transcript into messages, without the spaces around each turn.

    >>> read_transcript("\\n\\nHuman: hi\\n\\nAssistant: hello", "chosen", 100)
    (Message(role='user', content='hi'), Message(role='assistant', content='hello'))
    """
    parts = _TURN.split(text.lstrip())[1:]
    messages = []
    for name, content in zip(parts[::2], parts[1::2], strict=True):
        problem = check_text(content, max_chars)
        if problem:
            return problem._replace(detail=f"{field}: {problem.detail}")
        messages.append(Message(_ROLES[name], content.strip()))
    return tuple(messages)


def matches(value: Mapping[str, Any]) -> bool:
    """Whether both sides are transcripts."""
    return is_pair(value) and is_transcript(value["chosen"]) and is_transcript(value["rejected"])


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row such as `{"chosen": "\\n\\nHuman: …", "rejected": "\\n\\nHuman: …"}`."""
    chosen = read_transcript(value["chosen"], "chosen", context.max_turn_chars)
    rejected = read_transcript(value["rejected"], "rejected", context.max_turn_chars)
    if isinstance(chosen, Problem):
        return chosen
    if isinstance(rejected, Problem):
        return rejected
    return build_pair((chosen, rejected), row, context, "hh")
