"""Instructions about how a reply begins and ends."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from curation.instructions.characters import QUESTION_MARKS
from curation.instructions.draw import Draw
from curation.instructions.kind import Kind, Parameters, flag
from curation.instructions.view import BLANKS, View

_OPENING = BLANKS + "*_#>\"'“‘«„([{¿¡"
_CLOSING = BLANKS + "*_\"'”’»)]}"
_PAIRS = {'"': '"', "“": "”", "„": "“", "«": "»", "「": "」"}
_FIRST = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_LAST = re.compile(r"(?<=[.!?])\s+")
_POSTSCRIPT = re.compile(r"[*_]{0,3}P\.S\.[*_:]{0,4}[ \t]*(?=[*_]{0,3}\w)")
_TAIL = 200  # Characters at the end among which a last sentence is looked for.

BEGINNINGS = ("Certainly", "Indeed", "Well", "Here", "First")
"""Words to begin with that suit most replies."""
CLOSINGS = (
    "I hope this helps.",
    "Let me know if anything is unclear.",
    "Is there anything else you would like to know?",
    "That is all.",
)
"""Sentences to end with that suit most replies."""


def first_word(view: View) -> str:
    """The word that a text begins with, after opening quotes, brackets and Markdown's marks.

    Output: empty where it begins with anything but a letter.

    >>> first_word(View('**"Yes, of course"**')), first_word(View("3 of them"))
    ('Yes', '')
    """
    found = _FIRST.match(view.text.lstrip(_OPENING))
    return found[0] if found else ""


def last_sentence(view: View) -> str:
    """What stands after the last sentence mark but one, on the last line; empty if it is long.

    >>> last_sentence(View("Yes. Ask me again."))
    'Ask me again.'
    """
    line = view.text[-_TAIL:].rpartition("\n")[2]
    if len(line) == _TAIL and len(view.text) > _TAIL and not _LAST.search(line):
        return ""
    return _LAST.split(line)[-1].strip(BLANKS)


@dataclass(frozen=True)
class StartsWith(Kind):
    """The first word is the one asked for, whatever its case."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it is."""
        word = unicodedata.normalize("NFC", parameters["word"]).casefold().replace("’", "'")
        return first_word(view).casefold().replace("’", "'") == word

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether the text begins with a letter, and a word of a script that has spaces."""
        return bool(first_word(view)) and view.text[0].isalpha() and view.is_spaced

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """The first word that the text has, or one of `BEGINNINGS`."""
        word = first_word(kept) if kept else draw.pick(BEGINNINGS)
        if 1 < len(word) <= 15:
            yield {"word": word}


@dataclass(frozen=True)
class EndsWith(Kind):
    """The text ends with exactly the phrase asked for, and nothing stands after it."""

    def holds(self, view: View, parameters: Parameters) -> bool:
        """Whether it does; the phrase does not begin inside of a word."""
        phrase = unicodedata.normalize("NFC", parameters["phrase"]).strip(BLANKS)
        rest = view.text.removesuffix(phrase)
        cut = rest[-1:].isalnum() and phrase[:1].isalnum()
        return bool(phrase) and len(rest) < len(view.text) and not cut

    def is_clear(self, view: View, parameters: Parameters) -> bool:
        """Whether it holds, or would not hold with other marks and case either."""
        if self.holds(view, parameters):
            return True
        return not _bare(view.text[-2 * _TAIL :]).endswith(_bare(parameters["phrase"]))

    def offers(self, kept: View | None, broken: View | None, draw: Draw) -> Iterable[Parameters]:
        """The last sentence that the text has, or one of `CLOSINGS`."""
        phrase = last_sentence(kept) if kept else draw.pick(CLOSINGS)
        # A reply that was cut off ends with half a sentence, which nobody would ask for.
        ended = phrase.rstrip(_CLOSING)[-1:] in (".", "!", *QUESTION_MARKS, "…")
        if ended and 2 <= len(phrase.split()) <= 14 and phrase.isprintable() and '"' not in phrase:
            yield {"phrase": phrase}


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).casefold()


def _ends_with_a_question(view: View) -> bool:
    return view.text.rstrip(_CLOSING).endswith(tuple(QUESTION_MARKS))


def _is_quoted(view: View) -> bool:
    text = view.text
    closing = _PAIRS.get(text[:1], "")
    inside = text[1:-1]
    if not closing or not text.endswith(closing) or not inside.strip(BLANKS):
        return False
    return text[0] not in inside and closing not in inside


def _has_postscript(view: View) -> bool:
    lines = [line.strip(BLANKS) for line in view.outside]
    found = [at for at, line in enumerate(lines) if _POSTSCRIPT.match(line)]
    # It is a postscript if something was written before it, and no paragraph follows it.
    return bool(found) and any(lines[: found[0]]) and "" not in lines[found[-1] :]


EDGES: tuple[Kind, ...] = (
    StartsWith(
        "starts_with",
        "beginning",
        (
            'Begin your reply with the word "{word}".',
            'The first word of your reply must be "{word}".',
        ),
        {"word": str},
    ),
    EndsWith(
        "ends_with",
        "ending",
        (
            'End your reply with exactly this: "{phrase}"',
            'Finish with the words "{phrase}" and write nothing after them.',
        ),
        {"phrase": str},
    ),
    flag(
        "ends_with_question",
        "ending",
        _ends_with_a_question,
        "End with a question.",
        "The last sentence of your reply must be a question that ends with a question mark.",
    ),
    flag(
        "wrapped_in_quotes",
        "quotes",
        _is_quoted,
        "Put your whole reply into double quotation marks.",
        "Wrap the entire reply in one pair of double quotation marks.",
        fits=lambda view: _is_quoted(view) or view.text[0] not in _PAIRS,
    ),
    flag(
        "postscript",
        "postscript",
        _has_postscript,
        'Add a postscript at the end, on a new line that begins with "P.S."',
        'Close with a postscript: a last line that begins with "P.S."',
        fits=lambda view: _has_postscript(view) or "p.s" not in view.folded,
    ),
)
"""All kinds about the beginning and the end."""
