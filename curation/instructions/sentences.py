"""Sentences.

A sentence holds a letter or a digit and ends

- with `.`, `!`, `?`, `…` or several of them, and quotes or brackets that close after them, before
  a blank, a symbol or the end; not inside of `3.14`, `example.com`, `e.g.x`;
- with `。`, `！`, `？`, `｡` anywhere;
- with its paragraph or list item, whatever stands there.

It does not end after `Mr.`, `e.g.` and their like, nor after one capital letter (`J. Smith`);
after `etc.`, `a.m.`, `U.S.` it ends only before a capital letter, after `No.`, `Fig.` not before a
number; after an ellipsis, or a mark inside of quotes or brackets, it does not end before a
lower-case letter. Headings, tables and code have none.
"""

import re
import unicodedata
from collections.abc import Iterable

from curation.instructions.view import is_heading, is_rule, without_item_mark

_NEVER = "mr mrs ms dr prof rev gen sen rep hon st vs cf e.g i.e eg ie viz mme mlle z.b d.h bzw"
_NUMBERED = "no nos fig figs vol pp ch sec eq approx ca"
_SELDOM = "etc al a.m p.m inc ltd co corp jr sr dept est usw ph.d m.d b.c a.d"
NEVER_LAST = frozenset(_NEVER.split())
"""Abbreviations that are followed by what they stand before."""
BEFORE_NUMBERS = frozenset(_NUMBERED.split())
"""Abbreviations that are followed by a number, and no abbreviations else."""
SELDOM_LAST = frozenset(_SELDOM.split())
"""Abbreviations that may end a sentence."""

_END = re.compile("[.!?…。！？｡]+[\"'”’»)\\]）」』*_]*")
_DOTTED = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
_LONGEST = 24  # No abbreviation is as long.


def count_sentences(lines: Iterable[str]) -> int:
    """How many sentences some lines hold; an empty line ends a paragraph.

    >>> count_sentences(["Dr. Smith, e.g., paid $3.50. He left at 5 p.m. He was", "tired..."])
    3
    """
    total = 0
    paragraph: list[str] = []
    for line in [*lines, ""]:
        text, is_item = without_item_mark(line)
        ends = is_item or not text.strip() or is_heading(line) or is_rule(line) or "|" in line
        if ends and paragraph:
            total += _in_paragraph(" ".join(paragraph))
            paragraph = []
        if text.strip() and not (is_heading(line) or is_rule(line) or line.lstrip()[:1] == "|"):
            paragraph.append(text)
    return total


def _in_paragraph(text: str) -> int:
    count = begin = 0
    for found in _END.finditer(text):
        if _ends_a_sentence(text, found):
            count += any(map(str.isalnum, text[begin : found.start()]))
            begin = found.end()
    return count + any(map(str.isalnum, text[begin:]))


def _ends_a_sentence(text: str, found: re.Match[str]) -> bool:
    run, end = found[0], found.end()
    if any(mark in run for mark in "。！？｡"):
        return True
    after = text[end : end + 1]
    if after and not after.isspace() and unicodedata.category(after) != "So":
        return False
    following = text[end : end + 4].lstrip()[:1]
    marks = run.rstrip("\"'”’»)]）」』*_")
    if following.islower() and (run != marks or marks[-2:] == ".." or marks[-1] == "…"):
        return False
    return marks != "." or _ends_after(text, found.start(), following)


def _ends_after(text: str, stop: int, following: str) -> bool:
    """Whether the word before a full stop ends a sentence, by what follows it."""
    if not following:
        return True
    # Looking back is bounded, so that a text without blanks costs no more.
    before = text[max(0, stop - _LONGEST) : stop].split()
    last = before[-1].lstrip("([\"'“‘«*_") if before else ""
    if last.casefold() in NEVER_LAST or (len(last) == 1 and last.isupper() and last != "I"):
        return False
    if last.casefold() in BEFORE_NUMBERS:
        return not following.isdigit()
    if last.casefold() in SELDOM_LAST or _DOTTED.fullmatch(last):
        return following.isupper()
    return True
