"""Finding many phrases in one pass over a text's tokens.

A trie of tokens instead of one large regular expression: the time does not depend on the
number of phrases, and nothing can backtrack without bound.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from curation.feedback.wording import PAUSES, tokens
from schemas.errors import SchemaError

GAP = "…"
"""In a phrase: up to `MAX_GAP` tokens that may be anything but a pause."""
MAX_GAP = 4
"""Most tokens that a gap stands for."""
MAX_EXPANSIONS = 5_000
"""Most spellings that one written phrase may stand for."""

_NAME = re.compile(r"\{(\w+)\}")
_CHOICE = re.compile(r"\(([^()]*)\)")

T = TypeVar("T")


class Match(NamedTuple, Generic[T]):
    """A phrase found: the tokens from `start` up to, not including, `end`."""

    start: int
    """Index of the first token."""
    end: int
    """Index after the last token."""
    value: T
    """What was stored with the phrase."""


def spellings(phrase: str, names: Mapping[str, str]) -> Iterator[list[str]]:
    """All token sequences that a written phrase stands for.

    Parameters: phrase: words, with `(a|b)` for a choice, `(very |)` for what may be left
    out, `{name}` for an entry of `names`, and `…` for a gap.
    Raises: SchemaError for an unknown name or too many spellings.

    >>> list(spellings("{it} (not |)works", {"it": "(it|this)"}))
    [['it', 'not', 'works'], ['it', 'works'], ['this', 'not', 'works'], ['this', 'works']]
    """
    try:
        written = _NAME.sub(lambda m: names[m[1]], phrase)
    except KeyError as error:
        raise SchemaError(f"phrase {phrase!r}: no such name: {error}") from None
    for count, spelling in enumerate(_expanded(written)):
        if count == MAX_EXPANSIONS:
            raise SchemaError(f"phrase {phrase!r}: more than {MAX_EXPANSIONS} spellings")
        pieces = [tokens(piece) for piece in spelling.split(GAP)]
        yield [token for piece in pieces for token in (GAP, *piece)][1:]


def _expanded(phrase: str) -> Iterator[str]:
    choice = _CHOICE.search(phrase)
    if choice is None:
        yield phrase
        return
    for option in choice[1].split("|"):
        yield from _expanded(phrase[: choice.start()] + option + phrase[choice.end() :])


class PhraseTrie(Generic[T]):
    """Phrases with a value each.

    >>> trie = PhraseTrie()
    >>> trie.add(["not", "…", "asked"], "ignored")
    >>> trie.find(["thats", "not", "what", "i", "asked"])
    [Match(start=1, end=5, value='ignored')]
    """

    def __init__(self) -> None:
        """Begin without phrases."""
        self._root: _Node[T] = _Node()

    def add(self, phrase: Sequence[str], value: T) -> None:
        """Store a value under a sequence of tokens and gaps."""
        node = self._root
        for token in phrase:
            node = node.children.setdefault(token, _Node())
        if value not in node.values:
            node.values.append(value)

    def find(self, text: Sequence[str]) -> list[Match[T]]:
        """Every occurrence of every phrase, by start."""
        found: list[Match[T]] = []
        first, last = self._root.children, len(text) - 1
        for start in [at for at, token in enumerate(text) if token in first]:
            node = first[text[start]]
            # Most phrases end with their second token's absence: nothing is called for them.
            if node.values or start == last or GAP in node.children:
                _walk(node, text, start, start + 1, found)
            elif text[start + 1] in node.children:
                _walk(node.children[text[start + 1]], text, start, start + 2, found)
        return found


class _Node(Generic[T]):
    __slots__ = ("children", "values")

    def __init__(self) -> None:
        self.children: dict[str, _Node[T]] = {}
        self.values: list[T] = []


def _walk(node: _Node[T], text: Sequence[str], start: int, at: int, found: list[Match[T]]) -> None:
    found.extend(Match(start, at, value) for value in node.values)
    if at == len(text):
        return
    child = node.children.get(text[at])
    if child is not None:
        _walk(child, text, start, at + 1, found)
    gap = node.children.get(GAP)
    if gap is None:
        return
    for after in range(at, min(at + MAX_GAP + 1, len(text))):
        child = gap.children.get(text[after])
        if child is not None:
            _walk(child, text, start, after + 1, found)
        if text[after] in PAUSES:
            return
