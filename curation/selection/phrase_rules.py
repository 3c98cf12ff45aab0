"""Phrases in a YAML file, by language and kind, as patterns over the tokens of a text.

The phrases are written as in the cue lexicons and matched as regular expressions; all languages of
a kind make one pattern, because a text may mix them.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from curation.feedback.safety_rules import phrase_pattern
from curation.feedback.wording import tokens
from schemas.errors import SchemaError

NAMES, WHOLE = "names", "whole"
"""Keys of a language that are no kind: choices by name, and texts that count as a whole."""


class PhraseRules(NamedTuple):
    """The patterns of a file."""

    patterns: Mapping[str, re.Pattern[str]]
    """By kind; each matches nothing, and has the phrase as its first group."""
    whole: frozenset[str]
    """Tokens of whole texts, with blanks between them."""

    def spans(self, kind: str, line: str) -> list[tuple[int, int]]:
        """Where phrases of a kind begin and end in a line; they may overlap."""
        return [match.span(1) for match in self.patterns[kind].finditer(line)]

    def spans_but(self, kind: str, line: str, exceptions: str) -> list[tuple[int, int]]:
        """The same, without those that a phrase of the kind `exceptions` overlaps."""
        found = self.spans(kind, line)
        excepted = self.spans(exceptions, line) if found else []
        return [(a, b) for a, b in found if not any(a < d and c < b for c, d in excepted)]


def line_of(text: str) -> str:
    """A text's tokens as the patterns want them: a blank around each, a pause at the end.

    >>> line_of("That’s all!")
    ' thats all . . '
    """
    return f" {' '.join(tokens(text))} . "


@cache
def phrase_rules(name: str, kinds: tuple[str, ...]) -> PhraseRules:
    """The rules of a file of this package.

    Parameters: `name` of the file, `kinds` that it must know.

    Raises: SchemaError for a key that is none of them.
    """
    text = files("curation.selection").joinpath(name).read_text("utf-8")
    contents: Mapping[str, Mapping[str, Any]] = yaml.safe_load(text)
    listed: dict[str, list[str]] = {kind: [] for kind in kinds}
    whole: set[str] = set()
    for language, content in contents.items():
        if unknown := content.keys() - {NAMES, WHOLE, *kinds}:
            raise SchemaError(f"{name}: {language}: unknown key {min(map(str, unknown))!r}")
        whole |= {" ".join(tokens(phrase)) for phrase in content.get(WHOLE, ())}
        for kind, patterns in listed.items():
            names = content.get(NAMES, {})
            patterns += [phrase_pattern(phrase, names) for phrase in content.get(kind, ())]
    # Looked ahead for, so that matches may overlap.
    compiled = {kind: re.compile(f"(?<= )(?=({'|'.join(p)}))") for kind, p in listed.items()}
    return PhraseRules(compiled, frozenset(whole))
