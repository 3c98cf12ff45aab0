"""Parameters that suit a reply, the words of an instruction, and what does not go together."""

import sys
import unicodedata

import pytest
import regex

from curation.instructions.catalogue import DEFAULT_KINDS, KINDS, kind_named
from curation.instructions.conflicts import CONFLICTS, CUES, TOPICS, are_compatible, open_topics
from curation.instructions.draw import Draw
from curation.instructions.emoji import count_emoji
from curation.instructions.instruction import (
    Instruction,
    make_instruction,
    satisfied_by,
    violated_by,
)
from curation.instructions.language import language_of
from curation.instructions.view import View
from schemas.errors import MissingExtraError, UsageError
from schemas.records import Message

LONG = "The sea is salt, deep and blue; nobody has seen all of it. " * 12
SHORT = "Salt water."


def test_there_are_25_kinds_or_more_each_with_two_phrasings_or_more():
    assert len(KINDS) >= 25
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(len(set(kind.phrasings)) >= 2 for kind in KINDS)


def test_all_phrasings_are_drawn_and_always_the_same_one_for_the_same_seed():
    instruction = Instruction("words_at_most", {"n": 20})
    texts = [instruction.text(seed, "pair") for seed in range(40)]
    assert len(set(texts)) == 3
    assert texts == [instruction.text(seed, "pair") for seed in range(40)]


def test_one_of_something_is_singular():
    texts = {Instruction("question_marks_at_least", {"n": 1}).text(seed) for seed in range(20)}
    assert "Use at least 1 question mark." in texts


@pytest.mark.parametrize("seed", range(20))
def test_a_length_is_round_and_a_good_way_off_the_boundary(seed):
    words = len(View(LONG).words)
    kept = satisfied_by("words_at_most", LONG, seed).parameters["n"]
    broken = violated_by("words_at_most", LONG, seed).parameters["n"]
    assert words * 1.05 <= kept <= words * 2
    assert words / 2 <= broken <= words * 0.95
    assert kept % 10 == broken % 5 == 0


def test_a_length_near_both_replies_is_not_offered():
    one, other = "word " * 100, "word " * 104
    assert make_instruction("words_at_most", View(one), View(other), Draw(0, "p")) is None
    assert make_instruction("words_at_most", View(one), View(other * 2), Draw(0, "p"))


def test_words_and_keywords_are_not_offered_of_scripts_without_spaces():
    chinese = "今天的火车不开，因为整条线路上都有雪。" * 5
    offered = {kind for kind in DEFAULT_KINDS if satisfied_by(kind, chinese)}
    assert not offered & {"words_at_most", "words_at_least", "include_word", "starts_with"}
    assert {"characters_at_most", "characters_at_least", "sentences_at_most"} <= offered
    assert satisfied_by("sentences_at_most", "วันนี้อากาศดีมาก " * 9) is None


def test_a_keyword_is_no_part_of_a_word_of_the_other_reply():
    kept, broken = View("A river runs here."), View("Rivers, riverbanks, runners.")
    made = [make_instruction("include_word", kept, broken, Draw(n, "p")) for n in range(20)]
    assert {instruction.parameters["word"] for instruction in made} == {"runs"}


def test_every_kind_can_be_made_for_some_text_both_ways():
    texts = [
        LONG,
        SHORT,
        "- a\n- b\n\n1. c\n2. d",
        "# A\n\n```\nx\n```\n\n| a | b |\n|---|---|\n\n**bold** [name] NASA (x) — 5 of 6, 7, 8!",
        "<<T>>\nWhy, oh why, do you ask? 😀",
        "It is blue, is it not?",
        '{"a": 1}',
        '"All of it."',
        "Well.\n\nP.S. Bye now.",
        "ALL OF THE SEA IS SALT AND DEEP.",
        "all of the sea is salt and deep. it is deep.",
        "Der Zug fährt heute nicht, weil auf der ganzen Strecke viel Schnee liegt.",
    ]
    for kind in KINDS:
        assert any(satisfied_by(kind.name, text) for text in texts), kind.name
        assert any(violated_by(kind.name, text) for text in texts), kind.name


def test_a_phrase_to_end_with_is_a_whole_sentence():
    assert satisfied_by("ends_with", "It is deep. Ask me again.").parameters == {
        "phrase": "Ask me again."
    }
    assert satisfied_by("ends_with", "It is deep. And what is more, the") is None


def test_unknown_kinds_and_wrong_parameters_are_refused():
    for kind, parameters in (
        ("rhymes", {}),
        ("words_at_most", {"n": "3"}),
        ("words_at_most", {"n": True}),
        ("no_commas", {"n": 3}),
        ("include_all", {"words": []}),
        ("language", {"language": "Klingon"}),
    ):
        with pytest.raises(UsageError):
            Instruction(kind, parameters).holds("text")


def test_conflicts_and_cues_speak_of_topics_that_exist():
    named = set(CONFLICTS) | {topic for topics in CONFLICTS.values() for topic in topics}
    assert named <= set(TOPICS) == set(CUES)
    for one in TOPICS:
        assert not are_compatible(one, one)
        assert all(are_compatible(one, other) == are_compatible(other, one) for other in TOPICS)


@pytest.mark.parametrize(
    ("request_text", "closed"),
    [
        ("Write a 500-word essay on Rome", "length"),
        ("Put it into a table", "table"),
        ("Translate this into French", "language"),
        ("How many moons has Mars?", "digits"),
        ("Write a Python function", "code"),
        ("Give me five tips", "list"),
    ],
)
def test_what_a_request_speaks_of_is_left_alone(request_text, closed):
    assert closed in open_topics([Message("user", "Why is the sea blue?")])
    assert closed not in open_topics([Message("user", request_text)])
    assert closed not in open_topics([Message("system", request_text), Message("user", "Hi")])


def test_emoji_are_those_of_unicode():
    presented = regex.compile(r"\p{Emoji_Presentation}")
    regional = range(0x1F1E6, 0x1F200)
    for code in range(sys.maxunicode):
        character = chr(code)
        # What this Python's tables do not know, others may.
        if unicodedata.category(character) == "So" and code not in regional:
            assert count_emoji(character) == bool(presented.match(character)), hex(code)


def test_a_short_text_has_no_language_and_a_longer_one_has():
    assert language_of("Der Hund.") is None
    assert language_of("今天的火车不开，因为整条线路上都有雪，而且没有人清理。") == "Chinese"


def test_without_its_library_the_language_is_an_error_that_says_what_to_install(monkeypatch):
    from curation.instructions import language

    monkeypatch.setattr(language.importlib.util, "find_spec", lambda name: None)
    language._detector.cache_clear()
    language._told.cache_clear()
    with pytest.raises(MissingExtraError, match=r"prefstream\[languages\]"):
        language_of(LONG)
    monkeypatch.undo()
    assert language_of(LONG) == "English"


@pytest.mark.parametrize("unit", [". ", '."', "[a](", "- x\n", "**a", "```\n", "天。"])
def test_the_longest_texts_are_judged_by_all_kinds(unit):
    view = View(unit * (400_000 // len(unit)))
    for name in DEFAULT_KINDS:
        for parameters in kind_named(name).offers(view, None, Draw(0, "a")):
            assert kind_named(name).holds(view, parameters) in {True, False}
