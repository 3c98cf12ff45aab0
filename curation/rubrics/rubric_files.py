"""Scoring rubrics as YAML files: read strictly, so that a slip is an error and no default.

name: brevity
area: style
title: Brevity
description: How much of the reply the reader could do without.
criteria:
  - name: length
    weight: 2          any positive numbers; they are normalised to a sum of 1
    levels: {1: …, 2: …, 3: …, 4: …, 5: …}
system_prompts: {1: …, 5: …}
"""

import re
from collections.abc import Hashable, Sequence
from functools import cache
from importlib.resources import files
from math import fsum, isclose
from pathlib import Path
from typing import Any

import yaml

from curation.rubrics.rubric import (
    AREAS,
    LEVELS,
    MAX_SYSTEM_PROMPT,
    Criterion,
    ScoringRubric,
    names_score,
)
from schemas.errors import SchemaError, UsageError

MAX_NAME = 40
"""Longest name of a rubric or criterion, in characters."""
MAX_TEXT = 400
"""Longest title, description or text of a level, in characters."""
MAX_CRITERIA = 10
"""Most criteria of a rubric."""
MAX_FILE = 100_000
"""Longest rubric file, in characters."""

_NAME = re.compile(rf"[a-z][a-z0-9_]{{1,{MAX_NAME - 1}}}")


def parse_scoring_rubric(text: str) -> ScoringRubric:
    """Read a rubric from YAML.

    Output: the rubric, with weights that add up to 1.

    Raises: SchemaError naming the key that is wrong.

    >>> parse_scoring_rubric("{name: brevity, area: taste}")
    Traceback (most recent call last):
    schemas.errors.SchemaError: area: expected one of style, helpfulness, honesty, safety, domain
    """
    if len(text) > MAX_FILE:
        raise SchemaError(f"longer than {MAX_FILE} characters")
    try:
        raw = yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise SchemaError(f"no YAML: {' '.join(str(error).split())}") from None
    value = _mapping(raw, "a rubric", ScoringRubric._fields)
    name = _name(value.get("name"), "name")
    if value.get("area") not in AREAS:
        raise SchemaError(f"area: expected one of {', '.join(AREAS)}")
    return ScoringRubric(
        name,
        value["area"],
        _line(value.get("title"), "title"),
        _line(value.get("description"), "description"),
        _criteria(value.get("criteria")),
        _wishes(value.get("system_prompts")),
    )


def dump_scoring_rubric(rubric: ScoringRubric) -> str:
    """A rubric as YAML that `parse_scoring_rubric` reads.

    >>> rubric = load_scoring_rubric("brevity")
    >>> parse_scoring_rubric(dump_scoring_rubric(rubric)) == rubric
    True
    """
    raw = rubric._asdict() | {
        "criteria": [
            criterion._asdict() | {"levels": dict(zip(LEVELS, criterion.levels, strict=True))}
            for criterion in rubric.criteria
        ],
        "system_prompts": dict(rubric.system_prompts),
    }
    return yaml.safe_dump(raw, sort_keys=False, allow_unicode=True, width=100)


def load_scoring_rubric(source: str) -> ScoringRubric:
    """Read a rubric.

    Parameters: `source`, the name of a bundled rubric (`bundled_rubrics`) or the path of a YAML
    file; whatever is no name, as it holds a dot or a slash, is a path.

    Raises: UsageError, naming file and key, for a rubric that is not there or is none.

    >>> [criterion.weight for criterion in load_scoring_rubric("brevity").criteria]
    [0.5, 0.25, 0.25]
    >>> load_scoring_rubric("beauty")
    Traceback (most recent call last):
    schemas.errors.UsageError: rubric beauty: no bundled one: expected a path or one of ...
    """
    if _NAME.fullmatch(source):
        if source not in bundled_rubrics():
            names = ", ".join(bundled_rubrics())
            raise UsageError(f"rubric {source}: no bundled one: expected a path or one of {names}")
        return _bundled(source)
    try:
        return parse_scoring_rubric(Path(source).read_text("utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(f"rubric {source}: cannot be read: {error}") from None
    except SchemaError as error:
        raise UsageError(f"rubric {source}: {error}") from None


def load_rubrics(sources: Sequence[str]) -> dict[str, ScoringRubric]:
    """Read rubrics, by name and in order.

    Raises: UsageError as `load_scoring_rubric`, and for two of one name.

    >>> list(load_rubrics(["warmth", "brevity"]))
    ['warmth', 'brevity']
    """
    rubrics: dict[str, ScoringRubric] = {}
    for source in sources:
        rubric = load_scoring_rubric(source)
        if rubric.name in rubrics:
            raise UsageError(f"rubric {source}: another one has the name {rubric.name} as well")
        rubrics[rubric.name] = rubric
    return rubrics


@cache
def bundled_rubrics() -> tuple[str, ...]:
    """Names of the bundled rubrics, sorted.

    >>> "brevity" in bundled_rubrics()
    True
    """
    names = [entry.name for entry in files("curation.rubrics").joinpath("starter").iterdir()]
    return tuple(sorted(n.removesuffix(".yaml") for n in names if n.endswith(".yaml")))


@cache
def _bundled(name: str) -> ScoringRubric:
    file = files("curation.rubrics").joinpath("starter", f"{name}.yaml")
    return parse_scoring_rubric(file.read_text("utf-8"))


class _Loader(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if (written := (key.tag, str(key.value))) in seen:
                line = key.start_mark.line + 1
                raise SchemaError(f"line {line}: the key {written[1]:.80} stands there twice")
            seen.add(written)
        return super().construct_mapping(node, deep)


def _criteria(value: Any) -> tuple[Criterion, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_CRITERIA:
        raise SchemaError(f"criteria: expected a list of 1 to {MAX_CRITERIA}")
    criteria = [_criterion(item, f"criteria[{at}]") for at, item in enumerate(value)]
    names = [criterion.name for criterion in criteria]
    for name in names:
        if names.count(name) > 1:
            raise SchemaError(f"criteria: {name} stands there twice")
    total = fsum(criterion.weight for criterion in criteria)
    if isclose(total, 1):  # Weights that were normalised once stay as they are.
        total = 1.0
    return tuple(c._replace(weight=c.weight / total) for c in criteria)


def _criterion(value: Any, where: str) -> Criterion:
    value = _mapping(value, where, Criterion._fields)
    name = _name(value.get("name"), f"{where}.name")
    weight = value.get("weight")
    number = isinstance(weight, int | float) and not isinstance(weight, bool)
    if not number or not 0 < weight <= 1e6:
        raise SchemaError(f"{where}.weight: expected a positive number")
    levels = _by_level(value.get("levels"), f"{where}.levels", MAX_TEXT)
    if set(levels) != set(LEVELS):
        raise SchemaError(f"{where}.levels: expected all of 1 to 5, got {sorted(levels)}")
    return Criterion(name, float(weight), tuple(levels[level] for level in LEVELS))


def _wishes(value: Any) -> dict[int, str]:
    wishes = _by_level(value, "system_prompts", MAX_SYSTEM_PROMPT)
    for level, text in wishes.items():
        if names_score(text):
            raise SchemaError(
                f"system_prompts.{level}: speaks of a score; it is to state the wish alone"
            )
    return wishes


def _by_level(value: Any, where: str, most: int) -> dict[int, str]:
    """Texts by level, in the order of levels, no two of them equal."""
    if not isinstance(value, dict) or not value:
        raise SchemaError(f"{where}: expected a mapping from levels to texts")
    for level in value:
        if isinstance(level, bool) or level not in LEVELS:
            raise SchemaError(f"{where}: {level!r:.80} is no level from 1 to 5")
    texts = {level: _line(value[level], f"{where}.{level}", most) for level in sorted(value)}
    if len({text.casefold() for text in texts.values()}) < len(texts):
        raise SchemaError(f"{where}: two levels have the same text")
    return texts


def _mapping(value: Any, where: str, keys: Sequence[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: expected a mapping with {', '.join(keys)}")
    for key in value:
        if key not in keys:
            raise SchemaError(f"{where}: unknown key {key!r:.80}: expected {', '.join(keys)}")
    return value


def _name(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        said = repr(value[:80]) if isinstance(value, str) else type(value).__name__
        raise SchemaError(f"{where}: {said} is no name in snake_case")
    return value


def _line(value: Any, where: str, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise SchemaError(f"{where}: expected a text, got {type(value).__name__}")
    line = " ".join(value.split())
    if not line or len(line) > most or not line.isprintable():
        raise SchemaError(f"{where}: expected 1 to {most} printable characters")
    return line
