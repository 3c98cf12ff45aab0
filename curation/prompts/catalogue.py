"""All prompts there are, found by looking."""

import importlib
import pkgutil
from functools import cache

import curation.prompts
from curation.prompts.prompt import Prompt


@cache
def all_prompts() -> tuple[Prompt, ...]:
    """Every prompt that a module of this package holds, by name.

    >>> all(prompt.grammar for prompt in all_prompts())
    True
    """
    found = {}
    for module in pkgutil.iter_modules(curation.prompts.__path__, "curation.prompts."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Prompt):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))
