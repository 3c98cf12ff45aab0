"""In which language a text is, and whether a reply is in another one than its prompt asks for.

The library is py3langid: a naive Bayes model over byte n-grams, 4.6 MB within the package, which
needs nothing but numpy. Its answer depends on the text alone. Looked at is what a writer says in
their own words: code, quoted lines and addresses are left out, and so is the rest of a long text.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from curation.feedback.wording import own_words, tokens
from curation.instructions.scripts import is_spaced, letters
from schemas.records import Message

LANGUAGES = (
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi",
    "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "mr", "ms", "nl", "no", "pl", "pt", "ro", "ru",
    "sk", "sl", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip
"""Languages that are told apart, ISO 639-1 (`tl` for Tagalog). More of them would take short texts
for languages that hardly anyone writes to a model in."""

LIKELY, SURE = 0.8, 0.95
"""Least probability of a language that is stored, and of one that a side is flagged by."""
ENOUGH, ENOUGH_UNSPACED = 12, 5
"""Letters from which on a language is told: of scripts with spaces, and of the others."""
PLENTY, PLENTY_UNSPACED = 40, 15
"""Letters from which on a side may be flagged."""

_RELATED = (
    {"da", "no", "sv"},
    {"cs", "sk", "sl"},
    {"hr", "sl", "sr"},
    {"id", "ms"},
    {"bg", "ru", "sr", "uk"},
    {"ca", "es", "it", "pt"},
    {"hi", "mr"},
    {"ar", "fa", "ur"},
)
"""Languages so near to each other that no side is flagged by the difference."""
_ADDRESS = re.compile(r"(?:https?://|www\.)\S{1,2000}|\S{1,100}@\S{1,100}")
_CODE_LINE = re.compile(
    r"[{};]\s*$|^\s*(?:def|class|import|from|return|const|let|var|function|public|private|SELECT"
    r"|INSERT|#include|</?\w)\b|^\s*[\w.\[\]]{1,40}\s*[-+*/:]?=\s|\w\([^()]{0,200}\)\s*$"
)
_SEEN = 20_000
_LOOKED_AT = 400
_EDGE = 160


class Told(NamedTuple):
    """A language that was recognised."""

    language: str
    """ISO 639-1."""
    probability: float
    """Of it, among `LANGUAGES`."""
    plenty: bool
    """The text has letters enough for a side to be flagged."""


def language_of_text(text: str) -> str | None:
    """The language that a text is written in.

    Output: one of `LANGUAGES`; None where the text is too short, is code, or no language has a
    probability of `LIKELY`.

    >>> language_of_text("Wie lange kocht man ein weiches Ei?"), language_of_text("ok")
    ('de', None)
    """
    told = told_language(text)
    return told.language if told else None


@lru_cache(maxsize=64)
def told_language(text: str) -> Told | None:
    """The language of a text, with how sure it is; None as `language_of_text`.

    >>> told_language("用两句话说说光合作用。").language
    'zh'
    """
    words = _ADDRESS.sub(" ", own_words(text[:_SEEN]))
    said = letters(words)
    spaced = is_spaced(words)
    if said < (ENOUGH if spaced else ENOUGH_UNSPACED) or _is_code(words, said):
        return None
    # The last digits of a sum may differ from one processor to another.
    language, probability = _identifier().classify(words[:_LOOKED_AT])
    probability = round(probability, 4)
    if probability < LIKELY:
        return None
    return Told(language, probability, said >= (PLENTY if spaced else PLENTY_UNSPACED))


def foreign_sides(prompt: Sequence[Message], sides: Mapping[str, str]) -> list[str]:
    """Which sides are in another language than the prompt, without having been asked for it.

    Input: the prompt; the replies by the name of their side. Output: names of sides.

    A side is named only when its language and the prompt's are both `SURE`, not near relatives,
    and nothing in the prompt explains the difference: it names a language or speaks of translating,
    one of its turns is in the reply's language, or its last turn begins or ends in another one.

    >>> asked = [Message("user", "Please explain to me in a few words how a rainbow comes to be.")]
    >>> answer = "Ein Regenbogen entsteht, wenn Sonnenlicht in Wassertropfen gebrochen wird."
    >>> foreign_sides(asked, {"chosen": answer, "rejected": "Light is refracted in drops of rain."})
    ['chosen']
    >>> in_german = [Message("user", f"{asked[0].content} Answer in German.")]
    >>> foreign_sides(in_german, {"chosen": answer})
    []
    """
    last = last_user_text(prompt)
    asked = told_language(last)
    if asked is None or not _is_sure(asked):
        return []
    found = []
    for name, text in sides.items():
        told = told_language(text)
        if told and _is_sure(told) and _are_apart(asked.language, told.language):
            found.append((name, told.language))
    if not found or _edges_differ(last, asked.language):
        return []
    spoken = {told.language for m in prompt if (told := _anywhere(m.content))}
    if any(speaks_of_languages(m.content) for m in prompt):
        return []
    return [name for name, language in found if language not in spoken]


def last_user_text(prompt: Sequence[Message]) -> str:
    """What the user said last; all of the prompt where no user speaks in it.

    >>> last_user_text([Message("user", "Hi"), Message("assistant", "Hello")])
    'Hi'
    """
    for message in reversed(prompt):
        if message.role == "user":
            return message.content
    return "\n".join(message.content for message in prompt)


def speaks_of_languages(text: str) -> bool:
    """Whether a text names a language, or speaks of translating or of words of a language.

    >>> speaks_of_languages("Bitte auf Englisch."), speaks_of_languages("用法语回答")
    (True, True)
    >>> speaks_of_languages("How tall is the Eiffel Tower?")
    False
    """
    words, characters = _mentions()
    text = text[:_SEEN]
    return bool(characters.search(text) or words.search(f" {' '.join(tokens(text))} "))


def _is_sure(told: Told) -> bool:
    return told.plenty and told.probability >= SURE


def _are_apart(one: str, other: str) -> bool:
    return one != other and not any(one in near and other in near for near in _RELATED)


def _edges_differ(text: str, language: str) -> bool:
    """Whether a longer text begins or ends in another language, as "Summarise: …" may."""
    words = own_words(text[:_SEEN])
    if len(words) <= _EDGE:
        return False
    first_line = words.strip().partition("\n")[0]
    edges = (words[:_EDGE], words[-_EDGE:], first_line[:_EDGE])
    return any((told := told_language(edge)) and told.language != language for edge in edges)


def _anywhere(text: str) -> Told | None:
    return told_language(text) or told_language(text[:_EDGE])


def _is_code(words: str, said: int) -> bool:
    """Whether what is left of a text is symbols and statements more than prose."""
    shown = len(words) - sum(map(str.isspace, words))
    if said * 5 < shown * 3:
        return True
    lines = [line for line in words.splitlines() if line.strip()]
    # A Greek question ends with a semicolon.
    code = [line for line in lines if line.isascii() and _CODE_LINE.search(line)]
    return len(code) * 2 >= max(1, len(lines))


@cache
def _mentions() -> tuple[re.Pattern[str], re.Pattern[str]]:
    text = files("curation.selection").joinpath("languages.yaml").read_text("utf-8")
    listed: Mapping[str, Sequence[Sequence[str]]] = yaml.safe_load(text)
    words = {" ".join(tokens(word)) for group in listed["words"] for word in group}
    characters = "|".join(re.escape(word) for group in listed["characters"] for word in group)
    return re.compile(f" (?:{'|'.join(sorted(words))})"), re.compile(characters)


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(LANGUAGES)
    return identifier
