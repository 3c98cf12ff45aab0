"""Choosing for annotation: worth by a column, diversity, and tasks that give nothing away."""

from contextlib import suppress
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.annotation import WORTHS, pick_diverse, shortlist_size, worth_of
from curation.selection.blind import (
    HumanLabel,
    chosen_is_first,
    label_of_row,
    share_for_chosen,
    task_of,
)
from curation.selection.flip import NEGATED, TURNED
from curation.selection.semantics import UNIT, unit_rows
from schemas.errors import InputError, UsageError
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance

ONE_LIKE_THE_FIRST = np.array([[UNIT, 0], [UNIT, 0], [0, UNIT], [724, 724]])


def a_pair(number=0, chosen="good", rejected="poor"):
    sides = [(Message("assistant", text),) for text in (chosen, rejected)]
    prompt = (Message("system", "s"), Message("user", f"Question {number}?"))
    scores = (0.5, 1.0, 0.5, -10.0, -1.0, 0.7)
    origin = Provenance("f", number, "g", None, (), (), None, "")
    return PreferencePair(
        pair_id(prompt, *sides), prompt, *sides, *scores, "m", "s", "c", "because", None, origin, ""
    )  # fmt: skip


@pytest.mark.parametrize(
    ("column", "in_order"),
    [
        ("uncertainty", [3.0, 0.5, 0.0, -1.0]),
        ("bald", [0.6, 0.1, 0.0]),
        ("ensemble_std", [9.0, 1.0, 0.0]),
        ("predictive_entropy", [2.0, 1.0]),
        ("judge_consistency", [0.5, 0.75, 1.0]),
        ("implicit_margin", [0.0, -0.5, 1.0, -40.0, 50.0]),
        ("margin", [0.01, -0.2, 3.0]),
        ("rubric_margin", [0.0, 1.0, -4.0]),
        ("ensemble_mean", [0.0, 0.5]),
        ("jury_share", [0.5, 0.6, 0.25, 1.0]),
        ("label_posterior", [0.5, 0.1]),
        ("dropout_probability", [0.5, 0.9]),
        ("ensemble_agreement", [0.5, 1.0]),
    ],
)
def test_a_column_puts_pairs_in_the_order_that_its_words_say(column, in_order):
    worths = [worth_of(column, value) for value in in_order]
    assert worths == sorted(worths, reverse=True)
    assert len(set(worths)) == len(worths)


def test_every_column_is_of_the_pair_and_says_what_fills_it():
    assert set(WORTHS) <= set(PreferencePair._fields)
    assert all(worth.first and worth.filled_by for worth in WORTHS.values())


@pytest.mark.parametrize("column", sorted(set(WORTHS) & {*NEGATED, *TURNED}))
def test_a_pair_is_worth_as_much_with_its_sides_exchanged(column):
    turned = (lambda v: -v) if column in NEGATED else (lambda v: 1 - v)
    for value in (0.0, 0.25, 0.5, 1.0):
        assert worth_of(column, value) == worth_of(column, turned(value))


@pytest.mark.parametrize("column", sorted(WORTHS))
def test_what_cannot_be_has_no_worth(column):
    assert [worth_of(column, value) for value in (None, nan, inf, -inf)] == [None] * 4


def test_values_out_of_range_and_unknown_columns():
    assert worth_of("jury_share", 1.5) is None
    assert worth_of("bald", 0.8) is None
    with pytest.raises(UsageError, match="--by chosen_score: expected one of uncertainty, bald"):
        worth_of("chosen_score", 1.0)


def test_without_diversity_the_worthiest_come_in_order_and_equals_as_given():
    worths = [0.2, 0.9, 0.9, 0.5]
    assert pick_diverse(worths, ONE_LIKE_THE_FIRST, 3, 0.0) == [1, 2, 3]


def test_with_diversity_a_prompt_like_one_that_was_picked_waits():
    worths = [1.0, 0.9, 0.5, 0.1]
    assert pick_diverse(worths, ONE_LIKE_THE_FIRST, 4, 0.5) == [0, 2, 1, 3]
    assert pick_diverse(worths, ONE_LIKE_THE_FIRST, 2, 1.0) == [0, 2]


def test_prompts_without_words_are_like_each_other():
    vectors = np.array([[0, 0], [0, 0], [UNIT, 0]])
    assert pick_diverse([3.0, 2.0, 1.0], vectors, 2, 0.6) == [0, 2]


def test_there_may_be_fewer_pairs_than_are_wanted():
    assert pick_diverse([], np.zeros((0, 2), np.int64), 5, 0.3) == []
    assert pick_diverse([1.0], np.array([[UNIT, 0]]), 5, 0.3) == [0]


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(-5, 5), st.integers(-5, 5)), min_size=1),
    st.floats(0, 1),
    st.integers(1, 8),
)
def test_picks_are_those_of_the_definition(rows, diversity, count):
    worths = [row[0] for row in rows]
    vectors = unit_rows(np.array([row[1:] for row in rows]))
    picked = pick_diverse(worths, vectors, count, diversity)
    assert len(picked) == len(set(picked)) == min(count, len(rows))
    for step in range(1, len(picked)):
        scores = defined(worths, vectors, picked[:step], diversity)
        assert scores[picked[step]] >= max(scores.values()) - 1e-9


def defined(worths, vectors, before, diversity):
    """Maximal marginal relevance of what is not picked, as it is written in the module."""
    extended = [[*row, 0 if any(row) else UNIT] for row in vectors.tolist()]
    spread = max(1, len(worths) - 1)
    scores = {}
    for at, worth in enumerate(worths):
        if at in before:
            continue
        equal = worths.count(worth)
        place = (sum(other < worth for other in worths) + (equal - 1) / 2) / spread
        place = 1.0 if len(set(worths)) == 1 else place
        likeness = max(
            sum(a * b for a, b in zip(extended[at], extended[b], strict=True)) / UNIT**2
            for b in before
        )
        scores[at] = (1 - diversity) * place - diversity * likeness
    return scores


def test_the_shortlist_grows_with_what_is_wanted_and_not_without_bound():
    assert shortlist_size(1) == 4_000
    assert shortlist_size(10**6) == 10**6 + 10_000


def test_a_task_says_nothing_of_which_reply_was_chosen():
    pair = a_pair()
    task = task_of(pair)
    assert list(task) == ["id", "prompt", "response_a", "response_b", "label", "annotator"]
    assert {task["response_a"], task["response_b"]} == {"good", "poor"}
    assert task["label"] == task["annotator"] == ""
    assert task["prompt"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "Question 0?"},
    ]


def test_position_says_nothing_over_many_pairs():
    first = sum(task_of(a_pair(number))["response_a"] == "good" for number in range(2_000))
    assert 910 <= first <= 1_090


def test_answers_find_their_side_again():
    for number in range(50):
        pair = a_pair(number)
        task = task_of(pair)
        for answer, reply in (("a", task["response_a"]), ("b", task["response_b"])):
            label = label_of_row({**task, "label": answer, "annotator": "ann"})
            assert share_for_chosen(label) == float(reply == "good")
    assert chosen_is_first(pair.id) in (True, False)


@pytest.mark.parametrize(
    ("said", "answer", "share"),
    [("TIE", "tie", 0.5), (" skip ", "skip", None), ("", "", None), (None, "", None)],
)
def test_answers_for_neither_side(said, answer, share):
    label = label_of_row({"id": "x", "label": said})
    assert label == HumanLabel("x", "", answer)
    assert share_for_chosen(label) == share


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a", "expected an object with id and label"),
        ([], "expected an object"),
        ({"label": "a"}, "id: expected the id"),
        ({"id": 7, "label": "a"}, "id: expected the id"),
        ({"id": "x", "label": "c"}, "label: expected a, b, tie or skip; got 'c'"),
        ({"id": "x", "label": 1}, "label: expected text; got 1"),
        ({"id": "x", "label": ["a"]}, "label: expected text"),
        ({"id": "x", "label": "a", "annotator": 3}, "annotator: expected text; got 3"),
        ({"id": "x", "label": "a", "annotator": "n" * 201}, "annotator: longer than 200"),
        ({"id": "x", "label": "z" * 900}, "…"),
    ],
)
def test_rows_that_say_nothing_usable_say_why(row, message):
    with pytest.raises(InputError, match=message):
        label_of_row(row)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists))
def test_any_json_is_a_label_or_an_input_error(value):
    for row in (value, {"id": value, "label": "a"}, {"id": "x", "label": value}):
        with suppress(InputError):
            assert isinstance(label_of_row(row), HumanLabel)
