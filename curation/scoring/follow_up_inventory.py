"""The inventory of follow-ups: which sentences a pleased or a displeased user might say next.

The inventory is data. The package brings one file a language (`follow_ups/`), and
`load_follow_ups` reads a user's own of the same shape: language, dimension, polarity, list
of sentences. A sentence stands once in a language, or it would be counted twice.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from schemas.errors import UsageError

DIMENSIONS = (
    "understanding",
    "relevance",
    "correctness",
    "engagingness",
    "informativeness",
    "following",
)
"""The six dimensions of follow-ups (FLR, arXiv 2409.13948, section 3)."""

SIDES = ("positive", "negative")
"""The two polarities of follow-ups."""

MAX_BYTES = 1_000_000
"""Size above which a file is not taken for an inventory."""

MAX_SENTENCE = 500
"""Longest follow-up, in characters."""

Inventory = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]
"""Sentences by language, dimension and polarity."""

# The characters that people and keyboards write for an apostrophe: to a tokenizer, other words.
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4\uff07", "'"))


def normalise(sentence: str) -> str:
    """One spelling of a sentence: composed characters, straight apostrophes, single spaces.

    >>> normalise("  I don’t\\n know. ")
    "I don't know."
    """
    return " ".join(unicodedata.normalize("NFC", sentence).translate(_APOSTROPHES).split())


def load_follow_ups(path: str | Path) -> Inventory:
    """Read a user's inventory from a YAML file.

    Input: a file of the shape of `follow_ups/en.yaml`, with one or more languages; a
    dimension may be missing, a polarity may not. Output: the sentences, normalised; one that
    a list holds twice is kept once.

    Raises: UsageError naming the file, language, dimension and polarity that something is
    wrong with: unknown or repeated keys, empty lists, what is no sentence, and a sentence
    that stands in two lists of one language.
    """
    try:
        with Path(path).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not UTF-8 text") from None
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{path}: larger than {MAX_BYTES:,} bytes: no follow-ups")
    return parse_follow_ups(text, str(path))


def parse_follow_ups(text: str, name: str) -> Inventory:
    """Read an inventory from YAML text; `name` is what messages call it.

    Raises: UsageError, as `load_follow_ups`.

    >>> parse_follow_ups("en: {relevance: {positive: [Yes.], negative: [No., No.]}}", "mine")
    {'en': {'relevance': {'positive': ('Yes.',), 'negative': ('No.',)}}}
    >>> parse_follow_ups("en: {relevance: {positive: [Yes.]}}", "mine")
    Traceback (most recent call last):
    schemas.errors.UsageError: mine: en, relevance: negative is missing
    """
    try:
        content = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that no calendar has
        raise UsageError(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise UsageError(f"{name}: nested too deeply for follow-ups") from None
    return check_follow_ups(content, name)


def check_follow_ups(content: Any, name: str) -> Inventory:
    """Check that something is an inventory, and normalise its sentences.

    Raises: UsageError, as `load_follow_ups`.
    """
    checked = {}
    for language, dimensions in _mapping(content, name, "languages").items():
        if not isinstance(language, str) or not language:
            raise UsageError(f"{name}: language {language!r} is no text: put it in quotes")
        place = f"{name}: {language}"
        checked[language] = {
            dimension: _check_sides(sides, f"{place}, {dimension}")
            for dimension, sides in _mapping(dimensions, place, "dimensions", DIMENSIONS).items()
        }
        _check_once(checked[language], place)
    return checked


@cache
def own_follow_ups() -> Inventory:
    """The inventory that comes with the package: six dimensions in eight languages.

    >>> sorted(own_follow_ups())
    ['de', 'en', 'es', 'fr', 'ja', 'pt', 'ru', 'zh']
    """
    folder = files("curation.scoring").joinpath("follow_ups")
    inventory: dict[str, Any] = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            inventory |= parse_follow_ups(file.read_text("utf-8"), file.name)
    return inventory


def _check_sides(sides: Any, place: str) -> Mapping[str, tuple[str, ...]]:
    given = _mapping(sides, place, "polarities", SIDES)
    for side in SIDES:
        if side not in given:
            raise UsageError(f"{place}: {side} is missing")
    return {side: _check_list(given[side], f"{place}, {side}") for side in SIDES}


def _check_list(sentences: Any, place: str) -> tuple[str, ...]:
    if not isinstance(sentences, list | tuple) or not sentences:
        raise UsageError(f"{place}: expected a list of sentences, got {_shown(sentences)}")
    normal = []
    for sentence in sentences:
        if not isinstance(sentence, str):
            raise UsageError(f"{place}: {_shown(sentence)} is no text: put it in quotes")
        normal.append(normalise(sentence))
        if not normal[-1]:
            raise UsageError(f"{place}: a sentence is empty")
        if len(sentence) > MAX_SENTENCE:
            raise UsageError(f"{place}: {_shown(sentence)} has over {MAX_SENTENCE} characters")
        if any(c == "\0" or "\ud800" <= c <= "\udfff" for c in sentence):
            raise UsageError(f"{place}: {_shown(sentence)} holds what is no character of a text")
    return tuple(dict.fromkeys(normal))


def _check_once(dimensions: Mapping[str, Mapping[str, tuple[str, ...]]], place: str) -> None:
    seen: dict[str, str] = {}
    for dimension, sides in dimensions.items():
        for side, sentences in sides.items():
            for sentence in sentences:
                if sentence in seen:
                    raise UsageError(
                        f"{place}: {_shown(sentence)} stands in {seen[sentence]} and in "
                        f"{dimension}, {side}: it would be counted twice"
                    )
                seen[sentence] = f"{dimension}, {side}"


def _mapping(value: Any, place: str, kind: str, known: Sequence[str] = ()) -> Mapping[Any, Any]:
    if not isinstance(value, Mapping) or not value:
        raise UsageError(f"{place}: expected {kind} with their follow-ups, got {_shown(value)}")
    for key in value:
        if known and key not in known:
            raise UsageError(f"{place}: {_shown(key)} is none of the {kind} {', '.join(known)}")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class _Loader(yaml.SafeLoader):
    """YAML in which a key that is given twice is an error: the first one would be lost."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)
