"""Two answers are a pair when votes differ enough, and time does not explain it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.documents.threads import Question
from curation.documents.votes import VoteSettings, enough_ratio, voted_pairs
from schemas.errors import UsageError
from schemas.records import Document, Message


def answer(native, votes, at=0.0, text=None):
    said = {"native_id": native, "kind": "answer", "file": "f.xml", "position": "7"}
    text = f"answer {native}" if text is None else text
    return Document(f"id-{native}", text, None, None, votes, "q", "s", at, said)


def asked(*answers, text="Why is it cloudy?"):
    said = {"native_id": "q", "kind": "question", "thread": "t", "file": "f.xml", "position": "5"}
    root = Document("id-q", text, "Wheat beer", None, 3, None, "beer", 0.0, said)
    return Question((root,), answers)


def outcome(question, **settings):
    """Native ids of the pairs, the drop's reason, the notes."""
    found = voted_pairs(question, VoteSettings(**settings))
    pairs = [tuple(d[3:] for d in pair.provenance.documents[1:]) for pair in found.pairs]
    return pairs, found.drop and found.drop.filter, dict(found.notes)


def test_a_pair_says_who_voted_what_and_where_it_comes_from():
    (pair,) = voted_pairs(asked(answer("a", 1, 10.0), answer("b", 4, 20.0))).pairs
    assert pair.prompt == (Message("user", "Wheat beer\n\nWhy is it cloudy?"),)
    assert (pair.chosen[0].content, pair.rejected[0].content) == ("answer b", "answer a")
    assert (pair.margin, pair.chosen_score, pair.rejected_score) == (3.0, 4.0, 1.0)
    assert pair.provenance.documents == ("id-q", "id-b", "id-a")
    assert (pair.provenance.input, pair.provenance.position) == ("f.xml", 5)
    assert (pair.provenance.group, pair.method, pair.source) == ("t", "votes", "beer")


@pytest.mark.parametrize(
    ("high", "low", "settings", "reason"),
    [
        (answer("a", 4), answer("b", 2), {}, None),
        (answer("a", 3), answer("b", 2), {}, "margin"),
        (answer("a", 2), answer("b", 2), {}, "margin"),
        (answer("a", 30), answer("b", 28), {}, "ratio"),
        (answer("a", 30), answer("b", 20), {}, None),
        (answer("a", 30), answer("b", 28), {"min_ratio": 1.0}, None),
        (answer("a", 0), answer("b", -3), {}, "min_votes"),
        (answer("a", 0), answer("b", -3), {"min_chosen_votes": 0, "min_ratio": 1.0}, None),
        (answer("a", 2), answer("b", -3), {}, None),
        (answer("a", 2), answer("b", 0), {"min_ratio": 3.0}, "ratio"),
        (answer("a", 4), answer("b", 1, text=" answer a\n"), {}, "identical"),
        (answer("a", 4, 9.0), answer("b", 1, 10.0), {}, "head_start"),
        (answer("a", 4, 9.0), answer("b", 1, 10.0), {"max_head_start": 1.0}, None),
        (answer("a", 4, 9.0), answer("b", 1, 10.0), {"max_head_start": None}, None),
        (answer("a", 4, 10.0), answer("b", 1, 9.0), {}, None),
        (answer("a", 4, None), answer("b", 1, 9.0), {}, "no_time"),
        (answer("a", 4, 9.0), answer("b", 1, None), {}, "no_time"),
        (answer("a", 4, None), answer("b", 1, None), {"max_head_start": None}, None),
    ],
)
def test_each_gate_refuses_with_its_reason(high, low, settings, reason):
    for answers in ((high, low), (low, high)):
        found = outcome(asked(*answers), **settings)
        kept = ([("a", "b")], None, {})
        assert found == (([], "no_pair", {reason: 1}) if reason else kept)


def test_the_largest_margins_are_kept_then_the_lowest_ids():
    answers = [answer(name, votes) for name, votes in zip("abcde", (9, 9, 1, 1, 5), strict=True)]
    pairs, drop, notes = outcome(asked(*answers), max_pairs_per_question=3)
    assert pairs == [("a", "c"), ("a", "d"), ("b", "c")]
    assert drop is None
    assert notes["surplus_pair"] == 5


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_answers_does_not_matter(seed):
    answers = [answer(str(i), i % 7, float(i % 3)) for i in range(20)]
    shuffled = random.Random(seed).sample(answers, len(answers))
    assert voted_pairs(asked(*answers)) == voted_pairs(asked(*shuffled))


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        (asked(answer("a", 5)), "too_few_answers"),
        (asked(answer("a", 5), answer("b", 1, text="  ")), "too_few_answers"),
        (asked(answer("a", 5), answer("b", None)), "too_few_answers"),
        (asked(answer("a", 5), answer("b", 5)), "no_pair"),
    ],
)
def test_a_question_that_gives_nothing_says_why(question, reason):
    found = voted_pairs(question)
    assert not found.pairs
    assert found.drop.filter == reason


def test_a_question_without_words_is_dropped():
    blank = asked(answer("a", 5), answer("b", 1), text=" ")
    root = blank.chain[0]._replace(title=None)
    assert voted_pairs(Question((root,), blank.answers)).drop.filter == "empty_question"


def test_of_too_many_answers_the_two_ends_are_compared():
    answers = [answer(f"{i:05}", i) for i in range(30_000)]
    pairs, _, notes = outcome(asked(*answers), max_answers=10, max_pairs_per_question=2)
    assert pairs == [("29999", "00000"), ("29998", "00000")]
    assert notes["surplus_answer"] == 29_990


@pytest.mark.parametrize(
    "settings",
    [{"min_margin": 0}, {"min_ratio": 0.5}, {"min_ratio": float("nan")}, {"max_head_start": -1.0},
     {"max_pairs_per_question": 0}, {"max_depth": 0}, {"min_answers": 1}],
)  # fmt: skip
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(UsageError, match=next(iter(settings))):
        VoteSettings(**settings).check()


@given(st.integers(-50, 50), st.integers(-50, 50), st.floats(1, 10))
def test_the_ratio_gate_never_closes_when_the_gap_widens(high, low, ratio):
    if enough_ratio(high, low, ratio):
        assert enough_ratio(high + 1, low, ratio)
        assert enough_ratio(high, low - 1, ratio)
