"""When a request that comes back is a complaint, and when it is a new request."""

import pytest

from curation.feedback.lexicon import LANGUAGES, load_lexicon
from curation.feedback.repetition import REWORDED_SCORE, SAME_SCORE, repetition

WORDS = load_lexicon(LANGUAGES).function_words
REQUEST = "Write a short poem about the autumn sea for my grandmother"


@pytest.mark.parametrize(
    ("again", "score"),
    [
        (REQUEST, SAME_SCORE),
        (f"please, {REQUEST.upper()}!!", SAME_SCORE),
        (REQUEST.replace("autumn", "autmun"), SAME_SCORE),
        (f"{REQUEST} Eva", REWORDED_SCORE),
        (REQUEST.replace("for my grandmother", ""), REWORDED_SCORE),
        (REQUEST.replace("autumn", "winter"), 0),
        (REQUEST.replace("grandmother", "boss"), 0),
        (f"{REQUEST} with rhymes, in the style of Heine and Rilke", 0),
        (f"{REQUEST} 2", 0),
        ("What is the boiling point of mercury?", 0),
        ("", 0),
    ],
)
def test_nothing_may_be_replaced_in_a_repetition(again, score):
    assert repetition(again, REQUEST, WORDS) == score


def test_short_commands_may_come_back():
    assert repetition("next", "next", WORDS) == 0


def test_long_requests_count_only_when_they_are_the_same():
    document = "The quick brown fox jumps over the lazy dog. " * 60
    assert repetition(f"Translate: {document}", f"Translate: {document}", WORDS) == SAME_SCORE
    assert repetition(f"Translate: {document}", f"Translate: {document} more", WORDS) == 0


def test_the_code_that_a_request_is_about_belongs_to_it():
    first, second = "Explain this code: ```x = alpha()```", "Explain this code: ```x = omega()```"
    assert repetition(second, first, WORDS) == 0
