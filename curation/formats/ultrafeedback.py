"""UltraFeedback binarized: the prompt as text, both sides as whole dialogues, with scores."""

from collections.abc import Mapping
from typing import Any

from curation.formats.completions import read_sides
from curation.formats.context import Context
from curation.formats.pairs import build_pair, is_pair
from curation.formats.turns import listed
from curation.reading.rows import Problem, Row
from schemas.records import PreferencePair


def matches(value: Mapping[str, Any]) -> bool:
    """Whether the prompt is text, and both sides are dialogues of several messages."""
    if not is_pair(value) or not isinstance(listed(value.get("prompt")), str):
        return False
    sides = (listed(value["chosen"]), listed(value["rejected"]))
    return all(isinstance(side, list) and len(side) > 1 for side in sides)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row with `prompt`, `chosen`, `rejected`, `score_chosen` and `score_rejected`.

    >>> asked = {"role": "user", "content": "hi"}
    >>> value = {"prompt": "hi", "score_chosen": 8.5, "score_rejected": 8.0,
    ...          "chosen": [asked, {"role": "assistant", "content": "Hello!"}],
    ...          "rejected": [asked, {"role": "assistant", "content": "No."}]}
    >>> parse(value, Row(value, 0), Context("a.parquet"))[0].margin
    0.5
    """
    sides = read_sides(value, (), context.max_turn_chars)
    if isinstance(sides, Problem):
        return sides
    return build_pair(sides, row, context, "ultrafeedback")
