"""What a rewriting has to keep, text by text; real replies as their own rewritings and others'."""

import json
from pathlib import Path

import pytest

from curation.formats.hh import read_transcript
from curation.synthesis.meaning import (
    MeaningSettings,
    lexical_similarity,
    meaning_problem,
    names_kept,
    numbers,
    verbatim,
)

ROWS = (Path(__file__).parents[1] / "data/hh_rlhf/pairs.jsonl").read_bytes().splitlines()
REPLIES = [
    read_transcript(json.loads(line)[side], side, 10**6)[-1].content
    for line in ROWS
    for side in ("chosen", "rejected")
]


def problem(original, rewritten, **settings):
    return meaning_problem(original, rewritten, MeaningSettings()._replace(**settings))


@pytest.mark.parametrize(
    ("original", "rewritten"),
    [
        ("The train leaves at 12:30 on 2024-05-01.", "So, 2024-05-01, 12:30: the train leaves!"),
        ("It costs 1,200 dollars.", "Costs 1200 dollars, it does."),
        ("Es kostet ١٢ Euro heute.", "Heute kostet es leider 12 Euro."),
        ("1. Boil water.\n2. Add salted pasta.", "Boil the water, then add the salted pasta."),
        ("See https://example.org/a?b=1.", "Kindly see (https://example.org/a?b=1)!"),
        ("Write to ann@example.org today.", "Today, do write to ann@example.org, please."),
        ('The sign says "Keep out" twice.', "Says ‘keep out’ on the sign, twice."),
        ("Run `pip list` now.", "Would you run `pip list` now?"),
        ("Marie Curie's work won a Nobel prize.", "The prize, a Nobel, went to Marie Curie."),
        ("鲸鱼是哺乳动物。", "鲸鱼当然是哺乳动物啦。"),
    ],
)
def test_other_wording_of_the_same_is_let_through(original, rewritten):
    assert problem(original, rewritten) is None


@pytest.mark.parametrize(
    ("original", "rewritten", "reason"),
    [
        ("Take 2 pills daily.", "Take pills daily, 3 of them.", "numbers_changed"),
        ("Take two pills daily.", "Take two pills daily, for 5 days.", "numbers_changed"),
        ("Meet on 2024-05-01 please.", "Meet on 2024-01-05 please.", "numbers_changed"),
        ("See https://example.org/a please.", "See https://example.org/b please.", "verbatim_lost"),
        ("Write to ann@example.org.", "Write to an@example.org.", "verbatim_lost"),
        ('The sign says "Keep out" here.', "The sign says to stay away, here.", "verbatim_lost"),
        ("Use:\n```\nrm a.txt\n```", "Use:\n```\nrm *.txt now\n```", "verbatim_lost"),
        ("It was Marie Curie in Paris.", "It was that woman in a city.", "names_lost"),
        ("The cat sleeps on the mat.", "Nobody knows how planes work.", "similarity"),
        ("The cat sleeps on the mat.", "The cat.", "length"),
        ("The cat.", "The cat sleeps on the mat, and dreams of mice.", "length"),
    ],
)
def test_what_is_missing_or_new_is_named(original, rewritten, reason):
    assert problem(original, rewritten) == reason


def test_200_real_pairs_of_replies_pass_as_their_own_rewritings():
    assert [reply for reply in REPLIES if problem(reply, reply) is not None] == []


def test_hardly_a_real_reply_passes_as_the_rewriting_of_another_prompt_s():
    others = [*REPLIES[14:], *REPLIES[:14]]
    passed = sum(problem(a, b) is None for a, b in zip(REPLIES, others, strict=True))
    assert passed / len(REPLIES) < 0.02


def test_the_settings_loosen_everything_but_facts():
    loose = {"names": 0, "similarity": 0, "shortest": 0, "longest": 99}
    assert problem("It was Marie Curie in Paris.", "Nobody knows.", **loose) is None
    assert problem("It was Marie Curie in 1903.", "Nobody knows.", **loose) == "numbers_changed"


def test_an_encoder_may_judge_the_similarity(encoder):
    def meaning(one, other):
        rows = encoder.encode([one, other])
        return float(rows[0] @ rows[1])

    settings = MeaningSettings(similarity=0.6, longest=3)
    cat, kitten, tax = "A cat is sleeping.", "A kitten takes a nap.", "A tax must be paid."
    assert meaning_problem(cat, kitten, settings, meaning) is None
    assert meaning_problem(cat, tax, settings, meaning) == "similarity"
    assert meaning_problem(cat, kitten, settings) == "similarity"  # the words do not show it


def test_names_are_capital_words_within_sentences_and_in_rows():
    assert names_kept("The river is long. It runs on.", "nothing") == 1
    assert names_kept("I know that I am right.", "nothing") == 1
    assert names_kept("We met Anna and Boris.", "anna was met") == 0.5
    assert names_kept("Мы встретили Анну.", "анну встретили") == 1


def test_texts_without_words_are_alike_only_when_both_are():
    assert (lexical_similarity("", ""), lexical_similarity("word", "!")) == (1, 0)


@pytest.mark.parametrize(
    "unit", ["a@", "a.b@", "“„", "`a", "```\n", "A-'", '"x" ', "1,234", "2024-1-", "http://", "\0"]
)
def test_a_long_hostile_text_has_facts_and_raises_nothing(unit):
    text = unit * (100_000 // len(unit))
    # It repeats too little or too much of itself to be counted by hand; it must only come back.
    assert problem(text, text) is None
    assert all(map(len, numbers(text)))
    assert all(len(found) for kind in verbatim(text) for found in kind)
