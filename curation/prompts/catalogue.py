"""All templates and prompts there are, found by looking."""

import importlib
import pkgutil
from functools import cache

import curation.prompts
from curation.prompts.prompt import Prompt, Template


@cache
def all_templates() -> tuple[Template, ...]:
    """Every template that a module of this package holds, by name; prompts are templates.

    >>> {type(template.version) for template in all_templates()}
    {<class 'int'>}
    """
    found = {}
    for module in pkgutil.iter_modules(curation.prompts.__path__, "curation.prompts."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Template):
                found[value.name] = value
    return tuple(found[name] for name in sorted(found))


def all_prompts() -> tuple[Prompt, ...]:
    """Those of the templates whose answers are read.

    >>> all(prompt.grammar for prompt in all_prompts())
    True
    """
    return tuple(template for template in all_templates() if isinstance(template, Prompt))
