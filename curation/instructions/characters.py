"""Instructions about single characters: case, punctuation, digits, emoji.

They speak of every character of the reply, in code and links as well; numbers before list items
are no numbers here, but their digits are digits.
"""

import re
from itertools import islice

from curation.instructions.counted import at_least
from curation.instructions.kind import Kind, flag
from curation.instructions.view import View

COMMAS = ",，、،﹐"
"""Commas of the scripts that have their own."""
QUESTION_MARKS = "?？؟"
"""Question marks of left-to-right, full-width and Arabic text."""
EXCLAMATION_MARKS = "!！"
"""Exclamation marks, full-width ones included."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_ENOUGH_LETTERS = 20  # Of a shorter text, "all in lower case" may be an accident.


def _count_of(marks: str, view: View) -> int:
    return sum(map(view.text.count, marks))


def _commas(view: View) -> int:
    return _count_of(COMMAS, view)


def _questions(view: View) -> int:
    return _count_of(QUESTION_MARKS, view)


def _exclamations(view: View) -> int:
    return _count_of(EXCLAMATION_MARKS, view)


def _dashes(view: View) -> int:
    return _count_of("—–―", view)


def _emoji(view: View) -> int:
    return view.emoji


def _numbers(view: View) -> int:
    return len(_NUMBER.findall(view.text)) - view.numbered


def _capital_words(view: View) -> int:
    return sum(run.isupper() and sum(map(str.isalpha, run)) > 1 for run in view.words)


def _is_lower(view: View) -> bool:
    return view.text == view.text.lower() != view.text.upper()


def _is_upper(view: View) -> bool:
    return view.text == view.text.upper() != view.text.lower()


def _has_case(view: View) -> bool:
    cased = (True for character in view.text if character.lower() != character.upper())
    return len(list(islice(cased, _ENOUGH_LETTERS))) == _ENOUGH_LETTERS


CHARACTERS: tuple[Kind, ...] = (
    flag(
        "all_lowercase",
        "case",
        _is_lower,
        "Write everything in lower case.",
        "Do not use a single capital letter.",
        fits=_has_case,
    ),
    flag(
        "all_uppercase",
        "case",
        _is_upper,
        "Write everything in capital letters.",
        "Your whole reply must be in upper case.",
        fits=_has_case,
    ),
    at_least(
        "capital_words_at_least",
        "case",
        _capital_words,
        "Write at least {n} word{s} of two letters or more in capitals only.",
        "Use {n} or more words that are written all in capitals, such as NOW.",
        share=0.1,
        fits=_has_case,
    ),
    flag(
        "no_commas",
        "commas",
        lambda view: not _commas(view),
        "Do not use any commas.",
        "Your reply must not have a comma in it.",
    ),
    at_least(
        "commas_at_least",
        "commas",
        _commas,
        "Use at least {n} comma{s}.",
        "Your reply must have {n} or more commas in it.",
        low=2,
        share=0.1,
    ),
    flag(
        "no_question_marks",
        "questions",
        lambda view: not _questions(view),
        "Do not use question marks.",
        "Your reply must not have a single question mark in it.",
    ),
    at_least(
        "question_marks_at_least",
        "questions",
        _questions,
        "Use at least {n} question mark{s}.",
        "Your reply must have {n} or more question marks in it.",
    ),
    flag(
        "no_exclamation_marks",
        "exclamations",
        lambda view: not _exclamations(view),
        "Do not use exclamation marks.",
        "Your reply must not have a single exclamation mark in it.",
    ),
    at_least(
        "exclamation_marks_at_least",
        "exclamations",
        _exclamations,
        "Use at least {n} exclamation mark{s}.",
        "Your reply must have {n} or more exclamation marks in it.",
    ),
    flag(
        "no_digits",
        "digits",
        lambda view: not any(map(str.isdigit, view.text)),
        "Do not use any digits.",
        "Write without digits; spell numbers out where you need one.",
    ),
    at_least(
        "numbers_at_least",
        "digits",
        _numbers,
        "Use at least {n} number{s} written in digits.",
        "Your reply must have {n} or more numbers in it, written in digits.",
        gap=1,
        share=0.1,
        fits=lambda view: not view.numbered,
    ),
    flag(
        "no_emoji",
        "emoji",
        lambda view: not _emoji(view),
        "Do not use emoji.",
        "Your reply must not have a single emoji in it.",
        fits=lambda view: not view.has_unsure_symbols,
    ),
    at_least(
        "emoji_at_least",
        "emoji",
        _emoji,
        "Use at least {n} emoji.",
        "Your reply must have {n} or more emoji in it.",
        fits=lambda view: not view.has_unsure_symbols,
    ),
    flag(
        "no_parentheses",
        "parentheses",
        lambda view: not _count_of("()（）", view),
        "Do not use parentheses.",
        "Your reply must have no round brackets in it.",
    ),
    flag(
        "no_dashes",
        "dashes",
        lambda view: not _dashes(view),
        "Do not use dashes (— or –); hyphens are fine.",
        "Your reply must have no em dash and no en dash in it.",
        fits=lambda view: "--" not in view.text or _dashes(view) > 0,
    ),
)
"""All kinds about characters."""
