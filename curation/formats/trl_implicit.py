"""TRL's preference format without a prompt: what both sides begin with is the prompt."""

import itertools
from collections.abc import Mapping
from typing import Any

from curation.formats.completions import read_sides
from curation.formats.context import Context
from curation.formats.pairs import build_pair, is_pair
from curation.reading.rows import Problem, Row
from schemas.records import Message, PreferencePair


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `chosen` and `rejected`."""
    return is_pair(value)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[PreferencePair] | Problem:
    """Read a row such as `{"chosen": [{…}, {…}], "rejected": [{…}, {…}]}`, or two texts.

    Two texts are cut as TRL's `extract_prompt` does: at the first character in which they
    differ, or at the space before it.

    >>> value = {"chosen": "The sky is blue.", "rejected": "The sky is green."}
    >>> pair = parse(value, Row(value, 0), Context("a.jsonl"))[0]
    >>> pair.prompt[0].content, pair.chosen[0].content
    ('The sky is', ' blue.')
    """
    sides = read_sides(value, (), context.max_turn_chars)
    if isinstance(sides, Problem):
        return sides
    if isinstance(value["chosen"], str) and isinstance(value["rejected"], str):
        texts = [side[0].content if len(side) == 1 else None for side in sides]
        if texts[0] is not None and texts[1] is not None and texts[0] != texts[1]:
            sides = _cut(texts[0], texts[1])
    return build_pair(sides, row, context, "trl_implicit")


def _cut(chosen: str, rejected: str) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(chosen, rejected, strict=False))
    prompt = chosen[: sum(1 for _ in same)].removesuffix(" ")
    asked = (Message("user", prompt),) if prompt.strip() else ()
    start = len(prompt) if asked else 0
    return (
        (*asked, Message("assistant", chosen[start:])),
        (*asked, Message("assistant", rejected[start:])),
    )
