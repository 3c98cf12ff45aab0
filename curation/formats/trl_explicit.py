"""TRL's preference format with an explicit prompt, standard (text) or conversational (messages)."""

from collections.abc import Mapping
from typing import Any

from curation.formats.completions import read_prompt, read_sides
from curation.formats.context import Context
from curation.formats.conversations import with_system
from curation.formats.pairs import build_pair, is_pair
from curation.reading.rows import Problem, Row
from schemas.records import PreferencePair


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `prompt`, `chosen` and `rejected`."""
    return "prompt" in value and is_pair(value)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row such as `{"prompt": "hi", "chosen": "Hello!", "rejected": "No."}`.

    A `system` text comes first in the prompt.

    >>> value = {"prompt": "hi", "chosen": "Hello!", "rejected": "No."}
    >>> parse(value, Row(value, 0), Context("a.jsonl"))[0].chosen
    (Message(role='assistant', content='Hello!'),)
    """
    prompt = read_prompt(value["prompt"], context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    prompt = with_system(prompt, value, context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    sides = read_sides(value, prompt, context.max_turn_chars)
    if isinstance(sides, Problem):
        return sides
    return build_pair(sides, row, context, "trl_explicit")
