"""The 9 + 9 kinds of satisfaction and dissatisfaction that a user turn may show.

Reference: WildFeedback (arXiv 2408.15549, section 3), whose rubric is SPUR's
(arXiv 2403.12388). The items are data: `rubric.yaml`. Another rubric in the same form, such
as one that `curate rubric learn` has written, can take their place in the judge.
"""

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from schemas.errors import SchemaError, UsageError
from schemas.records import POLARITIES

MAX_ITEMS = 20
"""Most items of one polarity."""
MAX_NAME = 40
"""Longest name of an item, in characters."""
MAX_DEFINITION = 300
"""Longest definition or instruction, in characters."""

RESERVED = frozenset({"no", "none", "yes", "true", "false", "null", "off", "on"})
"""Names that no item may have: the judge says `no`, and YAML reads the others as values."""

_NAME = re.compile(rf"[a-z][a-z0-9_]{{1,{MAX_NAME - 1}}}")


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
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SchemaError(f"the rubric is no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, list) or not raw:
        raise SchemaError("a rubric is a list of items with name, polarity and definition")
    items: dict[str, RubricItem] = {}
    for position, value in enumerate(raw, 1):
        item = _item(value, position)
        if item.name in items:
            raise SchemaError(f"rubric item {item.name}: stands there twice")
        items[item.name] = item
    for polarity in POLARITIES:
        if len(of_polarity(items, polarity)) > MAX_ITEMS:
            raise SchemaError(f"the rubric has more than {MAX_ITEMS} items of {polarity}")
    return items


def load_rubric(path: str) -> dict[str, RubricItem]:
    """Read a rubric from a YAML file.

    Raises: UsageError for a file that cannot be read, or that is no rubric.
    """
    try:
        return parse_rubric(Path(path).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"rubric {path}: cannot be read: {error}") from None
    except SchemaError as error:
        raise UsageError(f"rubric {path}: {error}") from None


def dump_rubric(items: Iterable[RubricItem]) -> str:
    """A rubric as YAML that `parse_rubric` reads.

    >>> item = RubricItem("praise", "satisfaction", "Likes it: a lot.", "")
    >>> parse_rubric(dump_rubric([item])) == {"praise": item}
    True
    """
    raw = [{key: value for key, value in item._asdict().items() if value} for item in items]
    return yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=100)


def of_polarity(rubric: Mapping[str, RubricItem], polarity: str) -> list[RubricItem]:
    """The items of one polarity, in the rubric's order."""
    return [item for item in rubric.values() if item.polarity == polarity]


def _item(value: Any, position: int) -> RubricItem:
    if not isinstance(value, dict) or not set(value) <= set(RubricItem._fields):
        raise SchemaError(
            f"rubric item {position}: expected a mapping with {', '.join(RubricItem._fields)}"
        )
    name = value.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED:
        raise SchemaError(f"rubric item {position}: {name!r:.80} is no name in snake_case")
    for field in RubricItem._fields[1:]:
        said = value.get(field, "")
        if not isinstance(said, str) or len(said) > MAX_DEFINITION or not said.isprintable():
            raise SchemaError(
                f"rubric item {name}: {field} is no line of at most {MAX_DEFINITION} characters"
            )
    item = RubricItem(**{"polarity": "", "definition": "", "instruction": "", **value})
    if item.polarity not in POLARITIES:
        raise SchemaError(f"rubric item {item.name}: unknown polarity {item.polarity!r}")
    if not item.definition.strip():
        raise SchemaError(f"rubric item {item.name}: has no definition")
    if bool(item.instruction.strip()) != (item.polarity == "dissatisfaction"):
        raise SchemaError(f"rubric item {item.name}: only dissatisfaction has an instruction")
    return item


RUBRIC: Mapping[str, RubricItem] = parse_rubric(
    files("curation.feedback").joinpath("rubric.yaml").read_text("utf-8")
)
"""The rubric in use, by category."""
