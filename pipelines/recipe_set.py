"""Changing a recipe from the command line: `--set a.b=c` and the input options."""

from collections.abc import Iterator, Sequence
from typing import Any

from pipelines.recipe import section_at
from pipelines.recipe_yaml import Path, Problem, Tree, Where, parse_yaml

INPUT_OPTIONS = {
    "conversations": "--input",
    "documents": "--documents",
    "pairs": "--pairs",
    "candidates": "--candidates",
}
"""Option that replaces the paths of each source."""

_SHOWN = 80


def apply_override(tree: Tree, text: str) -> None:
    """Set one value of a recipe; problems are added to the tree's.

    Input: `a.b=c`, where `c` is YAML and `*` as a part of the path stands for every key that
    a section declares.

    >>> tree = parse_yaml("seed: 1", "r.yaml")
    >>> apply_override(tree, "seed=2")
    >>> apply_override(tree, "models.*=embedded")
    >>> tree.value["seed"], sorted(tree.value["models"])
    (2, ['expert', 'judge', 'policy', 'scorer'])
    """
    where = Where(0, f"--set {text[:_SHOWN]}")
    path, equals, written = text.partition("=")
    pattern = tuple(path.strip().split("."))
    if not equals or not all(pattern):
        tree.problems.append(Problem(where, "expected KEY=VALUE, such as split.test=0.2"))
        return
    for target in _targets(pattern):
        # Parsed once for each target, so that no two of them share a mapping.
        value = parse_yaml(written, where.source)
        fill_empty_sections(value, target)
        tree.problems += [Problem(where, problem.message) for problem in value.problems]
        assign(tree, target, value.value, where)
    if not any(_targets(pattern)):
        tree.problems.append(Problem(where, f'"{path}" matches no key'))


def apply_inputs(tree: Tree, source: str, patterns: Sequence[str]) -> None:
    """Replace the paths of a source by those of the command line, if there are any.

    >>> tree = parse_yaml("name: x", "r.yaml")
    >>> apply_inputs(tree, "pairs", ["a.jsonl"])
    >>> tree.value["sources"]
    {'pairs': {'paths': ['a.jsonl']}}
    """
    if patterns:
        where = Where(0, f"{INPUT_OPTIONS[source]} {' '.join(patterns)[:_SHOWN]}")
        assign(tree, ("sources", source, "paths"), list(patterns), where)


def assign(tree: Tree, path: Path, value: Any, where: Where) -> None:
    """Put a value into the tree; sections on the way that are missing are made."""
    node = tree.value
    for depth, key in enumerate(path[:-1]):
        if not isinstance(node.get(key), dict):
            # A model may stand in its short form, as its name alone.
            short = node.get(key)
            node[key] = {"name": short} if isinstance(short, str) else {}
            tree.place(path[: depth + 1], where)
        node = node[key]
    node[path[-1]] = value
    tree.place(path, where)


def fill_empty_sections(tree: Tree, at: Path = ()) -> None:
    """Let a section with nothing beneath its key be the section with its defaults.

    Input: a tree, and the path in the recipe at which it stands.

    >>> tree = parse_yaml("mine:\\n  revisions:\\n  expert: null\\n", "r.yaml")
    >>> fill_empty_sections(tree)
    >>> tree.value
    {'mine': {'revisions': {}, 'expert': None}}
    """
    for path in [p for p in tree.empty if section_at((*at, *p))]:
        if not path:
            tree.value = {}
            continue
        node = tree.value
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = {}


def _targets(pattern: tuple[str, ...]) -> Iterator[Path]:
    """The paths that a pattern stands for; without `*` itself, declared or not."""
    if "*" not in pattern:
        yield pattern
        return
    star = pattern.index("*")
    section = section_at(pattern[:star])
    for name in section.model_fields if section else ():
        for path in _targets((*pattern[:star], name, *pattern[star + 1 :])):
            parent = section_at(path[:-1])
            if parent and path[-1] in parent.model_fields:
                yield path
