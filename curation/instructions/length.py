"""Instructions about length. Words are not asked for of scripts that have no spaces between them,
sentences not of those without marks at their end; characters are, of all."""

from curation.instructions.counted import at_least, at_most, exactly
from curation.instructions.kind import Kind
from curation.instructions.scripts import has_sentence_marks
from curation.instructions.view import View


def _words(view: View) -> int:
    return len(view.words)


def _characters(view: View) -> int:
    return len(view.text)


def _sentences(view: View) -> int:
    return view.sentences


def _has_countable_words(view: View) -> bool:
    return bool(view.words) and view.is_spaced


def _has_countable_sentences(view: View) -> bool:
    return view.sentences > 0 and view.is_plain and has_sentence_marks(view.text)


def _has_countable_paragraphs(view: View) -> bool:
    return view.paragraphs > 0 and view.is_plain


LENGTH: tuple[Kind, ...] = (
    at_most(
        "words_at_most",
        "length",
        _words,
        "Use at most {n} words.",
        "Keep your reply to {n} words or fewer.",
        "Your answer must not be longer than {n} words.",
        low=10,
        gap=2,
        share=0.05,
        fits=_has_countable_words,
    ),
    at_least(
        "words_at_least",
        "length",
        _words,
        "Use at least {n} words.",
        "Write {n} words or more.",
        "Your answer must not be shorter than {n} words.",
        low=10,
        gap=2,
        share=0.05,
        fits=_has_countable_words,
    ),
    at_most(
        "sentences_at_most",
        "length",
        _sentences,
        "Answer in at most {n} sentence{s}.",
        "Do not write more than {n} sentence{s}.",
        gap=1,
        share=0.1,
        fits=_has_countable_sentences,
    ),
    at_least(
        "sentences_at_least",
        "length",
        _sentences,
        "Answer in at least {n} sentence{s}.",
        "Write {n} sentence{s} or more.",
        low=2,
        gap=1,
        share=0.1,
        fits=_has_countable_sentences,
    ),
    at_most(
        "characters_at_most",
        "length",
        _characters,
        "Use at most {n} characters, blanks included.",
        "The whole reply must fit into {n} characters.",
        low=20,
        gap=5,
        share=0.05,
    ),
    at_least(
        "characters_at_least",
        "length",
        _characters,
        "Use at least {n} characters, blanks included.",
        "The whole reply should be {n} characters long or longer.",
        low=20,
        gap=5,
        share=0.05,
    ),
    exactly(
        "paragraphs_exactly",
        "length",
        lambda view: view.paragraphs,
        "Write exactly {n} paragraph{s}; an empty line begins a new one.",
        "Your reply must have {n} paragraph{s} (parted by empty lines), no more and no fewer.",
        fits=_has_countable_paragraphs,
    ),
)
"""All kinds about length."""
