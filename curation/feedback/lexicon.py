"""The cue lexicons: per language, phrases that show one kind of feedback and phrases that do not.

All languages are matched at once, since users switch and mix them, and what a source states
as its language is often missing or wrong. A file `lexicon/<language>.yaml` holds:

- `names`: parts of phrases, used as `{name}`;
- `fillers`: words that say nothing of their own ("really"); left out of texts and phrases;
- `openers`: words that may stand before a cue at the `start` of a turn;
- `negators`: words that turn a cue around when they stand close to it;
- `function_words`: words that do not change what a request is about;
- `continuations`: phrases that ask for the next thing, so that a repetition is no complaint;
- `exceptions`: phrases that contain a cue but are none ("no problem");
- `cues`: for each rubric category, rules with a `score` and `phrases`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from curation.feedback.phrases import PhraseTrie, spellings
from curation.feedback.rubric import RUBRIC
from curation.feedback.wording import tokens
from schemas.errors import SchemaError

_KEYS = {
    "names",
    "fillers",
    "openers",
    "negators",
    "function_words",
    "continuations",
    "exceptions",
    "cues",
}

LANGUAGES = ("de", "en", "es", "fr", "ja", "pt", "ru", "zh")
"""Languages that have a lexicon."""

PLACES = ("anywhere", "clause", "start")
"""Where a cue may stand: anywhere, at the start of a clause, or at the start of the turn."""


@dataclass(frozen=True)
class Cue:
    """One rule of a lexicon."""

    language: str
    """Language of the lexicon that it stands in."""
    category: str
    """Rubric category; empty for an exception or continuation."""
    score: float = 0.0
    """Confidence that a turn with this cue carries this feedback, between 0 and 1."""
    at: str = "anywhere"
    """One of `PLACES`."""
    within: int | None = None
    """Longest turn, in tokens, that the cue counts in: for words that mean little in a long one."""
    unless_asked: bool = False
    """Whether the cue is only an answer when the reply before it asks something."""


class Lexicon:
    """The lexicons of some languages, ready to be matched together.

    Input: the contents of lexicon files, by language.
    Raises: SchemaError for a category, place or key that does not exist.
    """

    def __init__(self, contents: Mapping[str, Mapping[str, Any]]) -> None:
        """Store every phrase of every language."""
        self.cues: PhraseTrie[Cue] = PhraseTrie()
        self.exceptions: PhraseTrie[Cue] = PhraseTrie()
        self.continuations: PhraseTrie[Cue] = PhraseTrie()
        for language, content in contents.items():
            unknown = set(content) - _KEYS
            if unknown:
                raise SchemaError(f"lexicon {language}: unknown key {min(unknown)!r}")
        # Words first, of all languages: the fillers are left out of every phrase.
        self.fillers = _words(contents.values(), "fillers")
        self.openers = _words(contents.values(), "openers")
        self.function_words = _words(contents.values(), "function_words")
        self.negators = {name: _words([content], "negators") for name, content in contents.items()}
        for language, content in contents.items():
            self._add(language, content)

    def _add(self, language: str, content: Mapping[str, Any]) -> None:
        names, none = content.get("names", {}), Cue(language, "")
        self._store(self.exceptions, content.get("exceptions", ()), names, none)
        self._store(self.continuations, content.get("continuations", ()), names, none)
        for category, rules in content["cues"].items():
            for rule in rules:
                fields = {key: value for key, value in rule.items() if key != "phrases"}
                cue = _cue(language, category, fields)
                self._store(self.cues, rule["phrases"], names, cue)

    def _store(
        self, trie: PhraseTrie[Cue], phrases: Iterable[str], names: Mapping[str, str], cue: Cue
    ) -> None:
        for phrase in phrases:
            for spelling in spellings(phrase, names):
                words = [word for word in spelling if word not in self.fillers]
                if not words:
                    raise SchemaError(f"lexicon {cue.language}: phrase {phrase!r} can be empty")
                trie.add(words, cue)


def _words(contents: Iterable[Mapping[str, Any]], key: str) -> set[str]:
    return {w for content in contents for entry in content.get(key, ()) for w in tokens(entry)}


def _cue(language: str, category: str, rule: Mapping[str, Any]) -> Cue:
    if category not in RUBRIC:
        raise SchemaError(f"lexicon {language}: {category!r} is no category of the rubric")
    try:
        cue = Cue(language, category, **rule)
    except TypeError as error:
        raise SchemaError(f"lexicon {language}: {category}: {error}") from None
    if cue.at not in PLACES or not 0 < cue.score <= 1:
        raise SchemaError(f"lexicon {language}: {category}: impossible place or score in {rule}")
    return cue


@cache
def load_lexicon(languages: tuple[str, ...]) -> Lexicon:
    """The lexicon of some languages, read once per process.

    >>> sorted(load_lexicon(("en",)).negators["en"])[:3]
    ['aint', 'arent', 'cannot']
    """
    folder = files("curation.feedback").joinpath("lexicon")
    texts = {name: folder.joinpath(f"{name}.yaml").read_text("utf-8") for name in languages}
    return Lexicon({name: yaml.safe_load(text) for name, text in texts.items()})
