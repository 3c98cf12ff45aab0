"""LMSYS-Chat-1M (arXiv 2309.11998): conversations with 25 models in the wild."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.conversations import read_conversation
from curation.reading.rows import Problem, Row
from schemas.records import Conversation


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `conversation_id`, `conversation` and `model`."""
    return "conversation" in value and "conversation_id" in value and "model" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Conversation] | Problem:
    """Read a row; `toxic` says whether OpenAI's moderation flagged any turn.

    >>> value = {"conversation_id": "c0", "model": "vicuna-13b", "language": "English",
    ...          "conversation": [{"role": "user", "content": "hi"}],
    ...          "openai_moderation": [{"flagged": True}], "redacted": False}
    >>> parse(value, Row(value, 0), Context("a.jsonl"))[0].metadata["toxic"]
    'true'
    """
    flags = {}
    verdicts = value.get("openai_moderation")
    if isinstance(verdicts, list):
        flagged = any(isinstance(v, dict) and v.get("flagged") is True for v in verdicts)
        flags["toxic"] = str(flagged).lower()
    if isinstance(value.get("redacted"), bool):
        flags["redacted"] = str(value["redacted"]).lower()
    return read_conversation(value, "conversation", row, context, "lmsys", **flags)
