"""All formats by name, in the order in which they are tried.

The order matters: a format whose rows also have the fields of another comes before it
(WildFeedback has ShareGPT's `conversations`, WildChat has OpenAI's `conversation`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from curation.formats import (
    candidates,
    document,
    edits,
    hh,
    lmsys,
    mail,
    oasst_message,
    oasst_tree,
    openai,
    reddit,
    sharegpt,
    stackexchange,
    text,
    trl_explicit,
    trl_implicit,
    ultrafeedback,
    ultrafeedback_full,
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
_DOCUMENT_MODULES = (mail, text, stackexchange, reddit, document)
_CANDIDATE_MODULES = (ultrafeedback_full, candidates)


def _by_name(modules: Iterable[Any]) -> dict[str, Format]:
    return {m.__name__.rpartition(".")[2]: Format(m.matches, m.parse) for m in modules}


FORMATS = _by_name(_MODULES)
"""The formats of conversations and pairs, first match wins."""
DOCUMENT_FORMATS = _by_name(_DOCUMENT_MODULES)
"""The formats of documents, first match wins."""
CANDIDATE_FORMATS = _by_name(_CANDIDATE_MODULES)
"""The formats of several responses to a prompt, first match wins."""
FORMATS_OF = {
    "records": FORMATS,
    "documents": DOCUMENT_FORMATS,
    "candidates": CANDIDATE_FORMATS,
}
"""The formats of each of `curation.formats.KINDS`."""
_ANY_TEXT = DOCUMENT_FORMATS["document"]


def detect(value: Mapping[str, Any], kind: str = "records") -> Format | None:
    """The first format that a row matches.

    Parameters: `kind` is one of `curation.formats.KINDS`. Conversations and pairs are no
    documents, though some of their rows have a `text` as well.

    >>> detect({"messages": []}) is FORMATS["openai"]
    True
    >>> detect({"title": "Hops", "text": "Flowers."}, "documents") is DOCUMENT_FORMATS["document"]
    True
    >>> detect({"messages": [], "text": "Flowers."}, "documents") is None
    True
    """
    found = _first(FORMATS_OF[kind], value)
    # The other formats of documents have fields that no conversation has.
    return None if found is _ANY_TEXT and _first(FORMATS, value) else found


def _first(formats: Mapping[str, Format], value: Mapping[str, Any]) -> Format | None:
    return next((format for format in formats.values() if format.matches(value)), None)
