"""YAML text as plain values, each with the line that it stands on.

Stricter than YAML where a recipe gains by it: a key stands once, there are no aliases, no
tags and no numbers beyond 64 bits. Every problem is collected, none is raised.
"""

from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]
"""Keys and list positions that lead to a value."""

_KINDS = ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "value", "merge")
_TAGS = {f"tag:yaml.org,2002:{kind}": kind for kind in _KINDS}
_LARGEST = 2**63


class Where(NamedTuple):
    """Where a value was written: a file and its line, or an option of the command line."""

    line: int
    """Line, counted from 1; 0 for the command line."""
    source: str
    """Name of the file, or the option as it was given."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}" if self.line else self.source


class Problem(NamedTuple):
    """One thing that is wrong, and where."""

    where: Where
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Tree:
    """Values read from YAML, changed by options, with the place that each comes from.

    `value` is the plain value; `problems` what was wrong with the text; `empty` the paths
    of keys with nothing after them, whose value is None.
    """

    def __init__(self, value: Any, source: str) -> None:
        self.value = value
        self.problems: list[Problem] = []
        self.empty: set[Path] = set()
        self._source = source
        self._places: dict[Path, Where] = {}

    def where(self, path: Path) -> Where:
        """The place of a value; of what surrounds it, when it was never written."""
        while path and path not in self._places:
            path = path[:-1]
        return self._places.get(path, Where(1, self._source))

    def place(self, path: Path, where: Where) -> None:
        """Note where a value comes from; what lay beneath it is forgotten."""
        for old in [p for p in self._places if p[: len(path)] == path]:
            del self._places[old]
        self.empty = {p for p in self.empty if p[: len(path)] != path}
        self._places[path] = where

    def mark(self, path: Path, line: int) -> None:
        """Note the line of a value, unless its key has one already."""
        self._places.setdefault(path, Where(line, self._source))


def parse_yaml(text: str, source: str) -> Tree:
    """Read YAML text.

    Input: the text and the name that messages give it. Output: the tree; its `problems`
    say what was wrong, and its `value` is then as much as could be read.

    >>> tree = parse_yaml("name: x\\nseed: 7\\n", "r.yaml")
    >>> tree.value, str(tree.where(("seed",)))
    ({'name': 'x', 'seed': 7}, 'r.yaml:2')
    >>> [str(p) for p in parse_yaml("a: 1\\na: 2\\n", "r.yaml").problems]
    ['r.yaml:2: duplicate key "a", first on line 1']
    """
    tree = Tree(None, source)
    line = 1
    try:
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                tree.empty.add(())
            else:
                tree.value = _Reader(tree, loader).read(node, ())
        finally:
            line = loader.line + 1
            loader.dispose()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = f"not valid YAML: the character {error.character:#06x} is not allowed"
        tree.problems.append(Problem(Where(line, source), message))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else line
        message = f"not valid YAML: {error.problem}"
        if "'\\t'" in message:
            message = "not valid YAML: a tab cannot indent; use spaces"
        tree.problems.append(Problem(Where(line, source), message))
    except RecursionError:
        tree.problems.append(Problem(Where(line, source), "not valid YAML: nested too deeply"))
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF"
        tree.problems.append(Problem(Where(line, source), f"not valid YAML: {error}"))
    return tree


class _Reader:
    """Walks the nodes of one document, each once: what is met again is an alias."""

    def __init__(self, tree: Tree, loader: yaml.SafeLoader) -> None:
        self._tree = tree
        self._loader = loader
        self._seen: set[int] = set()

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self._tree.mark(path, line)
        kind = _TAGS.get(node.tag)
        if id(node) in self._seen:
            # The node stands where its anchor does; the alias is where its path is.
            return self._problem(self._tree.where(path).line, "aliases are not allowed here")
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode) and kind == "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and kind == "seq":
            return [self.read(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and kind not in (None, "map", "seq"):
            return self._scalar(node, path, str(kind))
        return self._problem(line, f"the tag {node.tag} is not allowed")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(line, "a key must be a word")
                continue
            key, below = key_node.value, (*path, key_node.value)
            if key in found:
                first = self._tree.where(below).line
                self._problem(line, f'duplicate key "{key}", first on line {first}')
                continue
            self._tree.mark(below, line)
            found[key] = self.read(value_node, below)
        return found

    def _scalar(self, node: yaml.ScalarNode, path: Path, kind: str) -> Any:
        line = node.start_mark.line + 1
        if kind == "null":
            if not node.value:
                self._tree.empty.add(path)
            return None
        if kind not in ("int", "float", "bool"):
            if any("\ud800" <= character <= "\udfff" for character in node.value):
                return self._problem(line, "half of a surrogate pair is not text")
            return node.value
        try:
            value = self._loader.construct_object(node)
        except (ValueError, LookupError, ArithmeticError):  # `!!bool maybe`, 5,000 digits
            return self._problem(line, f"{node.value[:40]!r} is not a number or truth value")
        if abs(value) >= _LARGEST and kind == "int":
            return self._problem(line, "an integer beyond 64 bits")
        return value

    def _problem(self, line: int, message: str) -> None:
        where = Where(line, self._tree.where(()).source)
        self._tree.problems.append(Problem(where, message))
