"""The 19 attributes by which a reply is rewritten, each at five levels between two poles.

Nine norms of talking and the ten basic values of Schwartz. The wording is data:
`attributes.yaml`.

Reference: Li et al., PrefPalette (arXiv 2507.13541), section 3; Schwartz, Universals in the
Content and Structure of Values (Advances in Experimental Social Psychology 25, 1992).
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from schemas.errors import SchemaError

KINDS = ("norm", "value")
"""What an attribute may be."""
LEVELS = (1, 2, 3, 4, 5)
"""Levels of an attribute, from the low pole to the high one."""
MAX_WORDS = 200
"""Longest wording of a pole or level, in characters."""

_NAME = re.compile(r"[a-z][a-z_]{1,39}")
_TEXTS = ("about", "low", "high")
_REQUIRED = frozenset({"kind", "levels", *_TEXTS})


class Attribute(NamedTuple):
    """One property of a reply that can be more or less."""

    name: str
    """In snake_case, for example `formality`."""
    kind: str
    """One of `KINDS`."""
    about: str
    """What it is, in a clause."""
    low: str
    """The low pole, as it goes on after "more"."""
    high: str
    """The high pole, as it goes on after "more"."""
    levels: tuple[str, ...]
    """What a reply of each of the `LEVELS` does."""
    changes_length: bool = False
    """Whether replies of different levels differ in length by their nature."""

    def level(self, level: int) -> str:
        """What a reply of a level does.

        >>> ATTRIBUTES["formality"].level(3)
        'is neither casual nor formal'
        """
        return self.levels[LEVELS.index(level)]


def parse_attributes(text: str) -> dict[str, Attribute]:
    """Read attributes from YAML.

    Input: a mapping from names in snake_case to mappings with `kind`, `about`, `low`, `high`, a
    list of five `levels` and, where it holds, `changes_length`. Output: the attributes by name,
    in the file's order.

    Raises: SchemaError naming the attribute, and what is wrong with it.

    >>> parse_attributes("warmth: {kind: norm}")
    Traceback (most recent call last):
    schemas.errors.SchemaError: attribute warmth: lacks about, high, levels, low
    """
    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SchemaError(f"the attributes are no YAML: {' '.join(str(error).split())}") from None
    if not isinstance(raw, dict) or not raw:
        raise SchemaError("attributes are a mapping from names to mappings")
    return {name: _attribute(name, value) for name, value in raw.items()}


def _attribute(name: Any, value: Any) -> Attribute:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise SchemaError(f"attribute {name!r:.80}: expected a name in snake_case")
    if not isinstance(value, dict):
        raise SchemaError(f"attribute {name}: expected a mapping")
    if unknown := sorted(map(str, value.keys() - _REQUIRED - {"changes_length"})):
        raise SchemaError(f"attribute {name}: unknown key {unknown[0]!r:.80}")
    if missing := sorted(_REQUIRED - value.keys()):
        raise SchemaError(f"attribute {name}: lacks {', '.join(missing)}")
    if value["kind"] not in KINDS:
        raise SchemaError(f"attribute {name}: expected kind {' or '.join(KINDS)}")
    if not isinstance(value.get("changes_length", False), bool):
        raise SchemaError(f"attribute {name}: changes_length is true or false")
    levels = value["levels"]
    if not isinstance(levels, list) or len(levels) != len(LEVELS):
        raise SchemaError(f"attribute {name}: expected {len(LEVELS)} levels in a list")
    for what, said in [*((key, value[key]) for key in _TEXTS), *(("level", s) for s in levels)]:
        if not _is_wording(said):
            raise SchemaError(
                f"attribute {name}: {what} {said!r:.80} is no line of at most {MAX_WORDS}"
            )
    if len(set(levels)) < len(levels) or value["low"] == value["high"]:
        raise SchemaError(f"attribute {name}: two levels or both poles are the same")
    return Attribute(name, **{**value, "levels": tuple(levels)})


def _is_wording(said: Any) -> bool:
    return (
        isinstance(said, str)
        and bool(said.strip())
        and len(said) <= MAX_WORDS
        and said.isprintable()
    )


ATTRIBUTES: Mapping[str, Attribute] = parse_attributes(
    files("curation.synthesis").joinpath("attributes.yaml").read_text("utf-8")
)
"""The attributes in use, by name."""
NORMS = tuple(name for name, attribute in ATTRIBUTES.items() if attribute.kind == "norm")
"""Names of the norms."""
VALUES = tuple(name for name, attribute in ATTRIBUTES.items() if attribute.kind == "value")
"""Names of Schwartz's values."""
