"""Reading a recipe: from its file, with what the command line changes, all errors at once."""

import glob
import os
import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from curation.feedback.rubric import load_rubric
from curation.models.naming import parse_model_name
from curation.rubrics.rubric_files import load_scoring_rubric
from curation.scoring.follow_up_inventory import load_follow_ups
from pipelines.candidate_settings import problems as candidate_problems
from pipelines.model_roles import ModelNames, lacking, spec_of
from pipelines.nearest import did_you_mean
from pipelines.recipe import Recipe
from pipelines.recipe_mining import MINERS
from pipelines.recipe_problems import check, shown
from pipelines.recipe_set import INPUT_OPTIONS, apply_inputs, apply_override, fill_empty_sections
from pipelines.recipe_synthesis import FROM_CONVERSATIONS
from pipelines.recipe_yaml import Problem, Tree, parse_yaml
from pipelines.synthesis_settings import problems as synthesis_problems
from schemas.errors import PrefstreamError, RecipeError

BUNDLED = pathlib.Path(__file__).parent / "recipes"
"""Folder of the recipes that come with the package."""
MAX_BYTES = 1_000_000
"""Size above which a file is not taken for a recipe."""

_FILES: Mapping[tuple[str, ...], Callable[[str], Any]] = {
    ("score", "follow_up_likelihood", "inventory"): load_follow_ups,
    ("mine", "judge", "rubric"): load_rubric,
    ("score", "rubric", "rubrics"): load_scoring_rubric,
    ("synthesize", "rubric_pairs", "rubrics"): load_scoring_rubric,
}
"""Keys that name files of their own, or a list of files and bundled names, and what reads one."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def load_recipe(
    path_or_name: str,
    overrides: Sequence[str] = (),
    inputs: Mapping[str, Sequence[str]] | None = None,
) -> Recipe:
    """Read, change and check a recipe.

    Parameters:
        path_or_name: a recipe file, or the name of a bundled recipe.
        overrides: `a.b=c` each, as given to `--set`.
        inputs: patterns that replace the recipe's paths, by source (`conversations`,
            `documents`, `pairs`, `candidates`).

    Paths in the file start at the file, paths from the command line at the working directory.

    Raises: RecipeError with every problem, one per line, each with its place.

    >>> load_recipe("quickstart", ["seed=8"]).seed
    8
    >>> load_recipe("quickstart", ["sede=8"])
    Traceback (most recent call last):
    schemas.errors.RecipeError: --set sede=8: unknown key "sede"; did you mean "seed"?
    """
    path = find_recipe(path_or_name)
    tree = parse_yaml(_read(path), str(path))
    if not isinstance(tree.value, dict):
        wrong = f"expected keys such as name and sources, got {shown(tree.value)}"
        raise _error(tree.problems or [Problem(tree.where(()), wrong)])
    fill_empty_sections(tree)
    for text in overrides:
        apply_override(tree, text)
    for source in INPUT_OPTIONS:
        apply_inputs(tree, source, (inputs or {}).get(source, ()))
    missing = _resolve_paths(tree, path.parent)
    checked = check(tree)
    wrong_values = checked if isinstance(checked, list) else _incomplete(checked, tree)
    # What stands where the text itself is wrong was not read, and is no second problem.
    unread = {problem.where for problem in tree.problems}
    problems = tree.problems + [p for p in missing + wrong_values if p.where not in unread]
    if problems or isinstance(checked, list):
        raise _error(problems)
    return checked


def find_recipe(path_or_name: str) -> pathlib.Path:
    """The file of a recipe, given by its path or, for a bundled one, by its name.

    Raises: RecipeError when there is neither, with the nearest bundled name.

    >>> find_recipe("quickstart").name
    'quickstart.yaml'
    """
    path = pathlib.Path(path_or_name)
    names = sorted(file.stem for file in BUNDLED.glob("*.yaml"))
    # A folder may bear the name of the recipe that it was made with.
    if path_or_name in names and not path.is_file():
        return BUNDLED / f"{path_or_name}.yaml"
    if _exists(path_or_name):
        return path
    bundled = f"bundled recipes: {', '.join(names)}"
    if is_path_like(path_or_name):
        raise RecipeError(f"{path_or_name}: no such file ({bundled})")
    near = did_you_mean(path_or_name, names)
    raise RecipeError(f'no recipe file and no bundled recipe "{path_or_name}"{near} ({bundled})')


def is_path_like(path_or_name: str) -> bool:
    """Whether somebody who writes this means a file rather than a bundled recipe.

    >>> is_path_like("my/recipe.yaml"), is_path_like("quickstart")
    (True, False)
    """
    return "/" in path_or_name or os.sep in path_or_name or path_or_name.endswith((".yaml", ".yml"))


def _read(path: pathlib.Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise RecipeError(f"{path}: larger than {MAX_BYTES:,} bytes: not a recipe")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{path}:{line}: not UTF-8 text") from None


def _error(problems: Sequence[Problem]) -> RecipeError:
    ordered = sorted(problems, key=lambda problem: problem.where.line)
    return RecipeError("\n".join(map(str, ordered)))


def _resolve_paths(tree: Tree, base: pathlib.Path) -> list[Problem]:
    """Make the paths of all sources usable from here, and name those that match nothing."""
    problems = []
    sources = tree.value.get("sources")
    for kind in INPUT_OPTIONS:
        source = sources.get(kind) if isinstance(sources, dict) else None
        paths = source.get("paths") if isinstance(source, dict) else None
        paths = [paths] if isinstance(paths, str) else paths
        if not isinstance(source, dict) or not isinstance(paths, list):
            continue
        for index, path in enumerate(paths):
            if not isinstance(path, str) or _URL.match(path):
                continue
            where = tree.where(("sources", kind, "paths", index))
            if where.line:
                paths[index] = os.path.normpath(base / path)
            if not path or not _matches(paths[index]):
                problems.append(Problem(where, f"sources.{kind}.paths: no file matches {path!r}"))
        source["paths"] = paths
    return problems + [p for keys in _FILES for p in _resolve_files(tree, base, keys)]


def _resolve_files(tree: Tree, base: pathlib.Path, keys: tuple[str, ...]) -> list[Problem]:
    section = tree.value
    for key in keys[:-1]:
        section = section.get(key) if isinstance(section, dict) else None
    value = section.get(keys[-1]) if isinstance(section, dict) else None
    where = tree.where(keys)
    problems, found = [], []
    for name in value if isinstance(value, list) else [value]:
        path = name
        if isinstance(path, str):
            # Where a list may hold names of what is bundled, only a path is one.
            if where.line and (not isinstance(value, list) or is_path_like(path)):
                path = os.path.normpath(base / path)
            try:
                _FILES[keys](path)
            except PrefstreamError as error:
                problems.append(Problem(where, f"{'.'.join(keys)}: {error}"))
        found.append(path)
    if value is not None:
        section[keys[-1]] = found if isinstance(value, list) else found[0]
    return problems


def _matches(pattern: str) -> bool:
    # A file may be called `a[1].jsonl`; as a pattern that means another name.
    if "\0" in pattern or _exists(pattern):
        return _exists(pattern)
    return any(True for _ in glob.iglob(pattern, recursive=True))  # noqa: PTH207 (may be absolute)


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 (a name that is too long is no error here)


def _incomplete(recipe: Recipe, tree: Tree) -> list[Problem]:
    """What a recipe with right values still lacks to be run."""
    problems = []
    sources = recipe.sources
    if not (sources.conversations or sources.documents or sources.pairs or sources.candidates):
        lacks = f"sources: nothing to read; name one of {', '.join(INPUT_OPTIONS)}"
        problems.append(Problem(tree.where(("sources",)), lacks))
    makes = recipe.synthesize.makes
    from_documents = [
        f"{section}.{name}"
        for section, name, on in (
            ("mine", "votes", recipe.mine.votes),
            ("synthesize", "ugc", recipe.synthesize.ugc),
        )
        if on
    ]
    if sources.documents and not from_documents:
        unused = "sources.documents: nothing makes pairs of them; name mine.votes or synthesize.ugc"
        problems.append(Problem(tree.where(("sources", "documents", "paths")), unused))
    for name in from_documents if not sources.documents else ():
        lacks = f"{name}: no documents to work on; name sources.documents, or give --documents"
        problems.append(Problem(tree.where(tuple(name.split("."))), lacks))
    if sources.conversations and not (recipe.mine.miners or set(makes) & {*FROM_CONVERSATIONS}):
        lacks = f"mine: no miner is on; name one of {', '.join(MINERS)}"
        problems.append(Problem(tree.where(("mine",)), lacks))
    for section, wrong in {**synthesis_problems(recipe), **candidate_problems(recipe)}.items():
        problems.append(Problem(tree.where(tuple(section.split("."))), f"{section}: {wrong}"))
    for role in ModelNames._fields:
        where = tree.where(("models", role, "name"))
        model = parse_model_name(spec_of(recipe, role).name)
        if cannot := lacking(recipe, role):
            problem = f"{model.backend} models cannot give what the recipe asks of it"
            problems.append(Problem(where, f"models.{role}: {problem}: {', '.join(cannot)}"))
        folder = model.name
        if folder.startswith(("/", "./", "../")) and not _exists(folder):
            problems.append(Problem(where, f"models.{role}: no such folder: {folder}"))
    return problems
