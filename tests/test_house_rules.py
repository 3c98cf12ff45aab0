"""What architecture.md promises of every file, checked on every file."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = {
    "schemas": {"schemas"},
    "curation": {"schemas", "curation"},
    "transforms": {"schemas", "curation", "transforms"},
    "sinks": {"schemas", "sinks"},
    "pipelines": {"schemas", "curation", "transforms", "sinks", "pipelines"},
}
FILES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_no_file_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_file_imports_nothing_from_above_its_floor(path):
    floor = path.relative_to(ROOT).parts[0]
    ours = {name for name in imported_packages(path) if name in FLOORS}
    assert ours <= FLOORS[floor]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_curation_does_not_know_beam(path):
    if path.relative_to(ROOT).parts[0] == "curation":
        assert "apache_beam" not in imported_packages(path)


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_every_public_name_has_a_docstring(path):
    tree = ast.parse(path.read_text())
    missing = [] if ast.get_docstring(tree) else ["the module"]
    for node in definitions(tree):
        if not node.name.startswith("_") and not ast.get_docstring(node):
            missing.append(node.name)
    assert not missing


def test_importing_the_transforms_imports_no_model_library():
    heavy = "{'torch', 'transformers', 'vllm', 'openai', 'lingua'}"
    code = f"import sys, transforms; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def imported_packages(path):
    """Top-level packages that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def definitions(tree):
    """Classes, functions and the methods of public classes, but not DoFn's own hooks."""
    hooks = {"process", "setup", "teardown", "expand", "start_bundle", "finish_bundle"}
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name not in hooks:
                    yield inner
