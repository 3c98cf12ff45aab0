"""All kinds of verifiable instructions."""

from functools import cache

from curation.instructions.characters import CHARACTERS
from curation.instructions.edges import EDGES
from curation.instructions.keywords import KEYWORDS
from curation.instructions.kind import Kind
from curation.instructions.language import LANGUAGE
from curation.instructions.layout import LAYOUT
from curation.instructions.length import LENGTH
from schemas.errors import UsageError
from schemas.ids import content_id

VERSION = 1
"""Raised when the same instruction begins to mean something else."""

KINDS: tuple[Kind, ...] = (*LENGTH, *LAYOUT, *CHARACTERS, *EDGES, *KEYWORDS, *LANGUAGE)
"""Every kind there is."""

DEFAULT_KINDS: tuple[str, ...] = tuple(kind.name for kind in KINDS if kind.topic != "language")
"""Names of the kinds that need no further package."""


@cache
def kind_named(name: str) -> Kind:
    """A kind by its name. Raises: UsageError for a name that no kind has.

    >>> kind_named("no_commas").topic
    'commas'
    """
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise UsageError(f"no kind of instruction is called {name!r:.80}")


@cache
def catalogue_identity() -> str:
    """Version of the checkers and hash of all words, for `Provenance.prompts`.

    >>> catalogue_identity().startswith("instructions-v1@")
    True
    """
    words = [(kind.name, kind.topic, kind.phrasings) for kind in KINDS]
    return f"instructions-v{VERSION}@{content_id(VERSION, words)[:12]}"
