"""What is wrong with a recipe's values, in the words of the recipe."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipelines.nearest import did_you_mean
from pipelines.recipe import Recipe, section_at
from pipelines.recipe_yaml import Path, Problem, Tree

_EXPECTED = {
    "int_type": "an integer",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "model_type": "a mapping",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "too_short": "at least {min_length} item",
    "literal_error": "{expected}",
}


def check(tree: Tree) -> Recipe | list[Problem]:
    """The recipe that a tree of values makes, or everything that is wrong with the values."""
    try:
        return Recipe.model_validate(tree.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        return [Problem(tree.where(d["loc"]), describe(d)) for d in details]


def describe(detail: ErrorDetails) -> str:
    """One error of pydantic as a sentence that names the key, what was expected and found.

    >>> describe({"type": "int_type", "loc": ("score", "max_tokens"), "msg": "", "input": "many"})
    'score.max_tokens: expected an integer, got "many"'
    """
    kind, path, value = detail["type"], detail["loc"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        section = section_at(path[:-1])
        near = did_you_mean(str(path[-1]), section.model_fields if section else ())
        return f'unknown key "{dotted(path)}"{near}'
    if kind == "missing":
        return f"{dotted(path)}: is missing"
    if kind == "value_error":
        return f"{dotted(path)}: {context['error']}"
    if kind not in _EXPECTED:
        message = detail["msg"][:1].lower() + detail["msg"][1:]
        return f"{dotted(path)}: {message}, got {shown(value)}"
    expected, near = _EXPECTED[kind].format_map(context), ""
    if kind == "literal_error":
        names = context["expected"].replace("'", "").replace(" or ", ", ").split(", ")
        near = did_you_mean(str(value), names)
        expected = f"one of {', '.join(names)}"
    return f"{dotted(path)}: expected {expected}, got {shown(value)}{near}"


def dotted(path: Path) -> str:
    """A path as it is written: dots between keys, list positions in brackets.

    >>> dotted(("sources", "pairs", "paths", 0))
    'sources.pairs.paths[0]'
    """
    parts = [f"[{key}]" if isinstance(key, int) else f".{key}" for key in path]
    return "".join(parts).removeprefix(".") or "recipe"


def shown(value: Any) -> str:
    """A value as a message shows it: short, and in YAML's words.

    >>> shown("many"), shown(None), shown([1])
    ('"many"', 'nothing', 'a list')
    """
    if isinstance(value, str):
        return f'"{value[:60]}…"' if len(value) > 60 else f'"{value}"'
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)
