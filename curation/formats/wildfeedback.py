"""WildFeedback's release (arXiv 2408.15549): history in ShareGPT's form, and two replies to it."""

from collections.abc import Mapping
from typing import Any

from curation.formats.completions import read_sides
from curation.formats.context import Context
from curation.formats.pairs import build_pair, is_pair
from curation.formats.turns import read_turns
from curation.reading.rows import Problem, Row
from schemas.records import PreferencePair


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `conversations`, `chosen` and `rejected`."""
    return "conversations" in value and is_pair(value)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row with `conversations` and one reply each in `chosen` and `rejected`.

    >>> value = {"conversations": [{"from": "human", "value": "hi"}],
    ...          "chosen": {"from": "gpt", "value": "Hello!"},
    ...          "rejected": {"from": "gpt", "value": "No."}}
    >>> parse(value, Row(value, 0), Context("a.json"))[0].rejected
    (Message(role='assistant', content='No.'),)
    """
    prompt = read_turns(value["conversations"], "conversations", context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    if not prompt or prompt[-1].role != "user":
        return Problem("no_user_turn", "conversations: must end with a turn of the user")
    sides = read_sides(value, prompt, context.max_turn_chars)
    if isinstance(sides, Problem):
        return sides
    return build_pair(sides, row, context, "wildfeedback")
