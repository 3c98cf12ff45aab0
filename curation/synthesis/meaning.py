"""Whether a rewriting still says what the original says, by what can be looked up in both texts.

No model: numbers and dates, links, addresses, quotations and code are compared exactly, names
and content words by their share, length by its ratio. A rewriting that passes may still say
something else; one that fails does.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from curation.feedback.alignment import words_of

LENGTH, NUMBERS, VERBATIM, NAMES, SIMILARITY = (
    "length",
    "numbers_changed",
    "verbatim_lost",
    "names_lost",
    "similarity",
)
"""What may be wrong with a rewriting, in the order in which it is looked for."""

_STEM = 5
"""Letters at the beginning of a word that it is compared by: endings change with the wording."""
_SHORTEST = 4
"""Letters of the shortest content word; shorter words are mostly function words."""

# Every pattern is linear: what repeats cannot match what follows it, or is bounded.
_CODE = re.compile(r"```[^\n`]*\n(?P<fenced>.*?)(?:```|\Z)|`(?P<inline>[^`\n]{1,300})`", re.DOTALL)
_LINK = re.compile(
    r"(?:https?://|\bwww\.)[^\s<>\"'`]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"
)
_QUOTATION = re.compile(
    r'"[^"\n]{2,300}"|“[^“”]{2,300}”|„[^„“”]{2,300}[“”]|«[^«»]{2,300}»|「[^「」]{2,300}」'
)
_AROUND = ".,;:!?)]}*_\"'“”„«»「」 "
_ITEM_NUMBER = re.compile(r"^[ \t]{0,8}\d{1,3}[.)](?=\s)", re.MULTILINE)
_NUMBER = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d+(?:[.,:/]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s?\Z")
_SENTENCE_END = re.compile(r"[.!?:…\n]")


class MeaningSettings(NamedTuple):
    """What a rewriting has to keep.

    Parameters: `names`, the least share of the original's names; `similarity`, the least that
    the similarity may be; `shortest` and `longest`, the rewriting's length in characters by the
    original's. Numbers, links, quotations and code have to stay, whatever the settings.
    """

    names: float = 0.6
    similarity: float = 0.3
    shortest: float = 0.4
    longest: float = 2.5


Similarity = Callable[[str, str], float]
"""How alike two texts mean, at most 1."""


def lexical_similarity(one: str, other: str) -> float:
    """Share of content words in common, by the text that has fewer of them: 0 to 1.

    Words of four letters and more, by their first five; Chinese and Japanese characters one by
    one. Blind to synonyms and to the order of words.

    >>> lexical_similarity("Whales are mammals.", "A whale is a mammal, as is well known.")
    1.0
    >>> lexical_similarity("Eat the eggs boiled.", "Eggs want to be boiled: that is fine.")
    1.0
    >>> lexical_similarity("Eat the eggs boiled.", "Eggs want frying.")
    0.5
    """
    mine, its = _content(one), _content(other)
    if not mine or not its:
        return float(mine == its)
    return len(mine & its) / min(len(mine), len(its))


def meaning_problem(
    original: str,
    rewritten: str,
    settings: MeaningSettings = MeaningSettings(),
    similarity: Similarity = lexical_similarity,
) -> str | None:
    """What of the original a rewriting does not keep: the first thing found, None if nothing.

    Output: `length`, its length is out of bounds; `numbers_changed`, a number or date is missing
    or new; `verbatim_lost`, a link, an address, a quotation or a piece of code is missing;
    `names_lost`, too many names are missing; `similarity`, the texts are too unlike. Numbers of
    list items do not count. Names are words with a capital letter inside of a sentence, or in a
    row, in any script that has them: in German that is every noun.

    Parameters: `settings`; `similarity`, by default of the words; an encoder's may take its place.

    >>> meaning_problem("Call 555-0100 before noon.", "Kindly call 555-0100 before noon.")
    >>> meaning_problem("Call 555-0100 before noon.", "Kindly call 555-0199 before noon.")
    'numbers_changed'
    """
    original, rewritten = original.strip(), rewritten.strip()
    if not settings.shortest <= len(rewritten) / max(1, len(original)) <= settings.longest:
        return LENGTH
    if numbers(original) != numbers(rewritten):
        return NUMBERS
    if not _keeps_verbatim(original, rewritten):
        return VERBATIM
    if names_kept(original, rewritten) < settings.names:
        return NAMES
    return SIMILARITY if similarity(original, rewritten) < settings.similarity else None


def numbers(text: str) -> frozenset[str]:
    """The numbers, dates and times of a text, in European digits and without thousands commas.

    >>> sorted(numbers("1. On 2024-05-01, 1,200 people paid 3.50 at 12:30."))
    ['1200', '12:30', '2024-05-01', '3.50']
    """
    plain = _ITEM_NUMBER.sub(" ", "".join(map(_digit, text)))
    return frozenset(_THOUSANDS.sub("", found) for found in _NUMBER.findall(plain))


def verbatim(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """What has to stay letter by letter: code, links and addresses; and what is quoted.

    >>> kept, quoted = verbatim('Run `ls -l`, see https://example.org/a. It says "all done".')
    >>> sorted(kept), sorted(quoted)
    (['https://example.org/a', 'ls -l'], ['all done'])
    """
    codes = {_line(f["fenced"] or f["inline"] or "") for f in _CODE.finditer(text)}
    rest = _CODE.sub(" ", text)
    links = {found.rstrip(_AROUND) for found in _LINK.findall(rest)}
    quoted = {_line(found.strip(_AROUND)).casefold() for found in _QUOTATION.findall(rest)}
    return frozenset(codes | links) - {""}, frozenset(quoted) - {""}


def names_kept(original: str, rewritten: str) -> float:
    """Share of the original's names that stand in a rewriting; 1 when it has none.

    >>> names_kept("In Paris, Marie Curie met Paul.", "marie curie met him, in Paris")
    0.75
    """
    names = set(_names(original))
    if not names:
        return 1.0
    found = {_name(word[0]).casefold() for word in _WORD.finditer(rewritten)}
    return len(names & found) / len(names)


def _keeps_verbatim(original: str, rewritten: str) -> bool:
    kept, quoted = verbatim(original)
    if not kept <= verbatim(rewritten)[0]:
        return False
    # A quotation may hold code, which is told apart before quotations are.
    texts = (rewritten, _CODE.sub(" ", rewritten)) if quoted else ()
    shown = "\n".join(map(_line, texts)).casefold()
    return all(quotation in shown for quotation in quoted)


def _names(text: str) -> Iterator[str]:
    """Words with a capital letter where no sentence begins, and what stands in a row with them."""
    words = list(_WORD.finditer(text))
    small = {_name(word[0]) for word in words if word[0][0].islower()}
    begins, end = [], 0
    for word in words:
        begins.append(not end or bool(_SENTENCE_END.search(text, end, word.start())))
        end = word.end()
    for at, word in enumerate(words):
        if not _is_capital(word[0]):
            continue
        following = words[at + 1] if at + 1 < len(words) else None
        in_a_row = (
            following is not None
            and not begins[at + 1]
            and _is_capital(following[0])
            and following.start() == word.end() + 1
            and len(word[0]) > 2  # "In Paris" begins with no name
        )
        name = _name(word[0]).casefold()
        if (not begins[at] or in_a_row) and name not in small:
            yield name


def _is_capital(word: str) -> bool:
    return word[0].isupper() and len(_name(word)) > 1


def _name(word: str) -> str:
    return _POSSESSIVE.sub("", word).partition("'")[0].partition("’")[0]


def _content(text: str) -> frozenset[str]:
    words = [word.key for word in words_of(text) if word.counts]
    content = [w[:_STEM] for w in words if len(w) >= _SHORTEST or not w.isascii()]
    return frozenset(content or words)


def _digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _line(text: str) -> str:
    return " ".join(text.split())
