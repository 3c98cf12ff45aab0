"""The 9 + 9 kinds of satisfaction and dissatisfaction that a user turn may show.

Reference: WildFeedback (arXiv 2408.15549, section 3), whose rubric is SPUR's
(arXiv 2403.12388). The items are data: `rubric.yaml`.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

import yaml

from schemas.errors import SchemaError
from schemas.records import POLARITIES


class RubricItem(NamedTuple):
    """One kind of feedback."""

    name: str
    """`FeedbackSignal.category`, in snake_case."""
    polarity: str
    """One of `schemas.records.POLARITIES`."""
    definition: str
    """What it means, in one line."""
    instruction: str
    """What to do better next time, as an instruction; empty for satisfaction."""


def parse_rubric(text: str) -> dict[str, RubricItem]:
    """Read a rubric from YAML.

    Input: a list of mappings with `name`, `polarity`, `definition` and, for
    dissatisfaction, `instruction`. Output: the items by name, in the file's order.

    Raises: SchemaError naming the item that lacks something.

    >>> parse_rubric("[{name: praise, polarity: satisfaction, definition: Likes it.}]")
    {'praise': RubricItem(name='praise', polarity='satisfaction', ...)}
    """
    items = [RubricItem(**{"instruction": "", **raw}) for raw in yaml.safe_load(text)]
    for item in items:
        if item.polarity not in POLARITIES:
            raise SchemaError(f"rubric item {item.name}: unknown polarity {item.polarity!r}")
        if bool(item.instruction) != (item.polarity == "dissatisfaction"):
            raise SchemaError(f"rubric item {item.name}: only dissatisfaction has an instruction")
    return {item.name: item for item in items}


RUBRIC: Mapping[str, RubricItem] = parse_rubric(
    files("curation.feedback").joinpath("rubric.yaml").read_text("utf-8")
)
"""The rubric in use, by category."""
