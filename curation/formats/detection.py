"""All formats by name, in the order in which they are tried.

The order matters: a format whose rows also have the fields of another comes before it
(WildFeedback has ShareGPT's `conversations`, WildChat has OpenAI's `conversation`).
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from curation.formats import (
    edits,
    hh,
    lmsys,
    oasst_message,
    oasst_tree,
    openai,
    sharegpt,
    trl_explicit,
    trl_implicit,
    ultrafeedback,
    wildchat,
    wildfeedback,
)
from curation.formats.context import Context
from curation.reading.rows import Problem, Row


class Format(NamedTuple):
    """How to tell a format, and how to read a row of it."""

    matches: Callable[[Mapping[str, Any]], bool]
    parse: Callable[[Mapping[str, Any], Row, Context], list[Any] | Problem]


_MODULES = (
    wildfeedback,
    ultrafeedback,
    trl_explicit,
    hh,
    trl_implicit,
    edits,
    oasst_tree,
    oasst_message,
    wildchat,
    lmsys,
    sharegpt,
    openai,
)
FORMATS: dict[str, Format] = {
    module.__name__.rpartition(".")[2]: Format(module.matches, module.parse) for module in _MODULES
}
"""The formats, first match wins."""


def detect(value: Mapping[str, Any]) -> Format | None:
    """The first format that a row matches.

    >>> detect({"messages": []}) is FORMATS["openai"]
    True
    """
    for candidate in FORMATS.values():
        if candidate.matches(value):
            return candidate
    return None
