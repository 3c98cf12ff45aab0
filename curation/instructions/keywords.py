"""Instructions about keywords: words to use, to use often, or to avoid.

A keyword is matched as whole terms (`curation.instructions.view`), regardless of case; in scripts
without spaces between words it is matched anywhere. Keywords are offered for texts whose words
can be told apart, and only such as no part of a longer word of the other text would pass for.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from curation.instructions.draw import Draw
from curation.instructions.kind import Kind, Parameters
from curation.instructions.scripts import marks, unspaced
from curation.instructions.view import View

_COMMON = (
    "about after again also another anything because been before being between both could does "
    "doing done down each else even ever every everything from have having here hers himself "
    "however into itself just like made make many more most much must myself never none nothing "
    "often once only other ours over really same shall should some something still such than that "
    "their theirs them themselves then there these they thing things this those through under "
    "until upon very want well were what when where which while will with within without would "
    "your yours yourself"
)
COMMON = frozenset(_COMMON.split())
"""Words that nobody would ask for or forbid: those that English cannot do without."""
SPARE = ("overall", "therefore", "finally", "instead", "example", "certainly", "meanwhile")
"""Words to ask for where no text gives one; for English texts."""

_ENGLISH = ("the", "and", "of", "to", "a", "is", "in", "you", "that", "it", "i")
_SHORTEST, _LONGEST = 4, 20
_TRIED = 12  # Keywords that are looked for as parts of words, each in the whole text.
_DRAWN_FROM = 400  # Different words of a long text that one is drawn from.


def count_keyword(view: View, word: str) -> int:
    """How often a keyword stands in a text.

    >>> count_keyword(View("Rivers: the river's bed, a RIVER"), "river")
    2
    """
    folded = unicodedata.normalize("NFC", word).casefold().strip()
    if unspaced(folded):
        return view.folded.count(folded)
    if folded in view.terms:
        return view.terms[folded]
    if re.fullmatch(rf"[\w{marks()}]+", folded):
        return 0
    edge = rf"[\w{marks()}]"
    return len(re.findall(rf"(?<!{edge}){re.escape(folded)}(?!{edge})", view.folded))


def content_words(view: View) -> list[str]:
    """Words that could be keywords, by alphabet: 4 to 20 letters, in lower case somewhere.

    >>> content_words(View("Some RIVERS flow through London."))
    ['flow']
    """
    if not view.is_spaced:
        return []
    found: set[str] = set()
    for run in view.words:
        word = run.strip(".,;:!?\"'()[]*_“”‘’«»…")
        if (
            _SHORTEST <= len(word) <= _LONGEST
            and word.isalpha()
            and word.islower()
            and word.casefold() == word
            and word not in COMMON
        ):
            found.add(word)
        if len(found) == _DRAWN_FROM:
            break
    return sorted(found)


def looks_english(view: View) -> bool:
    """Whether a text has the common words of English as often as English has.

    >>> looks_english(View("It is in the house.")), looks_english(View("Es ist im Haus."))
    (True, False)
    """
    return sum(view.terms.get(word, 0) for word in _ENGLISH) * 10 > len(view.words)


def _absent(words: Iterable[str], view: View | None) -> Iterator[str]:
    """Of some words, those that stand in a text neither as words nor as parts of some."""
    tried = 0
    for word in words:
        if view is None:
            yield word
        elif word not in view.terms:
            tried += 1
            if word not in view.folded:
                yield word
            if tried == _TRIED:
                return


@dataclass(frozen=True)
class Keyword(Kind):
    """A kind about one keyword or several, to be there or not to be."""

    def words(self, parameters: Parameters) -> list[str]:
        """The keywords of an instruction."""
        return list(parameters["words"]) if "words" in parameters else [parameters["word"]]

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether each keyword stands there as a word, or is no part of one either."""
        return view.is_spaced and all(
            count_keyword(view, word) or word.casefold() not in view.folded
            for word in self.words(parameters)
        )


@dataclass(frozen=True)
class IncludeWord(Keyword):
    """The keyword is there."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it is."""
        return count_keyword(view, parameters["word"]) > 0

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """Words that only the one text has."""
        for word in islice(_absent(_present(kept, broken, draw), broken), 3):
            yield {"word": word}


@dataclass(frozen=True)
class AvoidWord(Keyword):
    """The keyword is not there."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it is missing."""
        return count_keyword(view, parameters["word"]) == 0

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """Words that only the other text has."""
        for word in islice(_absent(_present(broken, kept, draw), kept), 3):
            yield {"word": word}


@dataclass(frozen=True)
class WordAtLeast(Keyword):
    """The keyword is there `n` times or more."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it is."""
        return count_keyword(view, parameters["word"]) >= parameters["n"]

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether parts of longer words would change nothing."""
        word, n = parameters["word"], parameters["n"]
        anywhere = view.folded.count(word.casefold())
        return view.is_spaced and (count_keyword(view, word) >= n or anywhere < n)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """Words that the one text has often."""
        if kept is None:
            words = _present(broken, None, draw) or _present(None, broken, draw)
            for word in words[:1]:
                yield {"word": word, "n": 1 + max(1, broken.folded.count(word) if broken else 0)}
            return
        often = [word for word in content_words(kept) if kept.terms.get(word, 0) > 1]
        for word in draw.shuffled(often)[:3]:
            counts = range(2, min(kept.terms[word], 9) + 1)
            yield {"word": word, "n": draw.of(word).pick(counts)}


@dataclass(frozen=True)
class IncludeAll(Keyword):
    """All keywords are there."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether they are."""
        return all(count_keyword(view, word) for word in parameters["words"])

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether all are there as words, or one is not even a part of one."""
        if not view.is_spaced:
            return False
        missing = any(word.casefold() not in view.folded for word in parameters["words"])
        return missing or self.holds(view, parameters)

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """Two or three words that only the one text has."""
        found = list(islice(_absent(_present(kept, broken, draw), broken), 3))
        if len(found) > 1:
            yield {"words": found[: draw.of("how many").pick((2, 3))]}


def _present(view: View | None, other: View | None, draw: Draw) -> list[str]:
    """Keywords out of a text; without a text, spare ones that suit the other."""
    if view is not None:
        return draw.shuffled(content_words(view))
    return draw.shuffled(SPARE) if other is not None and looks_english(other) else []


_WORD: Mapping[str, type] = {"word": str}
KEYWORDS: tuple[Kind, ...] = (
    IncludeWord(
        "include_word",
        "keywords",
        (
            'Use the word "{word}".',
            'Your reply must contain the word "{word}".',
            'Make sure that the word "{word}" appears in your answer.',
        ),
        _WORD,
    ),
    AvoidWord(
        "avoid_word",
        "keywords",
        (
            'Do not use the word "{word}".',
            'Answer without the word "{word}".',
            'The word "{word}" must not appear in your reply.',
        ),
        _WORD,
    ),
    WordAtLeast(
        "word_at_least",
        "keywords",
        (
            'Use the word "{word}" at least {n} times.',
            'The word "{word}" should appear {n} times or more.',
        ),
        {"word": str, "n": int},
    ),
    IncludeAll(
        "include_all",
        "keywords",
        (
            "Use all of these words: {words}.",
            "Your reply must contain each of the words {words}.",
        ),
        {"words": list},
    ),
)
"""All kinds about keywords."""
