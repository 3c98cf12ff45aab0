"""Threads are put together again from documents in any order, whatever is wrong with them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.documents.threads import opening, prompt_of, rebuild
from schemas.errors import UsageError
from schemas.records import Document


def post(native, parent=None, text=None, *, kind=None, position=0, title=None):
    kind = kind or ("comment" if parent else "submission")
    said = {"native_id": native, "kind": kind, "position": str(position), "thread": "t"}
    return Document(f"id-{native}", text or native, title, None, 1, parent, "s", None, said)


def shape(thread):
    """Questions as (ids of the chain, ids of the answers)."""
    return [
        ("".join(d.text for d in q.chain), "".join(d.text for d in q.answers))
        for q in thread.questions
    ]


TREE = [post("a"), post("b", "a"), post("c", "a"), post("d", "b"), post("e", "d"), post("f", "d")]


def test_by_default_only_the_root_is_a_question():
    thread = rebuild(TREE)
    assert shape(thread) == [("a", "bc")]
    assert [d.text for d in thread.deeper] == ["d", "e", "f"]


def test_deeper_answers_count_where_the_roles_alternate():
    thread = rebuild(TREE, max_depth=3)
    assert shape(thread) == [("a", "bc"), ("abd", "ef")]
    # The comment on an answer is in the user's place.
    assert [d.text for d in thread.deeper] == ["d"]
    assert [m.role for m in prompt_of(thread.questions[1].chain)] == ["user", "assistant", "user"]


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_the_documents_gives_the_same(seed):
    shuffled = random.Random(seed).sample(TREE, len(TREE))
    assert rebuild(shuffled, 3) == rebuild(TREE, 3)


def test_of_two_documents_with_one_id_the_first_by_position_stays():
    copies = [post("a"), post("b", "a", "later", position=9), post("b", "a", "first", position=2)]
    thread = rebuild(copies)
    assert shape(thread) == [("a", "first")]
    assert thread.copies == 1


def test_what_leads_to_no_root_is_an_orphan():
    lost = [post("x", "gone"), post("y", "x"), post("p", "q"), post("q", "p"), post("s", "s")]
    thread = rebuild([*TREE, *lost], 5)
    assert {d.text for d in thread.orphans} == {"x", "y", "p", "q", "s"}


def test_an_answer_without_a_parent_opens_no_thread():
    thread = rebuild([post("b", None, kind="answer"), post("c", "b")])
    assert not thread.questions
    assert len(thread.orphans) == 2


def test_a_hundred_thousand_comments_in_a_row_and_side_by_side_are_no_trouble():
    n = 100_000
    row = [post("0"), *(post(str(i), str(i - 1)) for i in range(1, n))]
    thread = rebuild(row, max_depth=3)
    assert len(thread.questions) == 2
    assert len(thread.deeper) == n - 3
    wide = [post("0"), *(post(str(i), "0") for i in range(1, n))]
    assert len(rebuild(wide).questions[0].answers) == n - 1


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("Why?", "I ask.", "Why?\n\nI ask."),
        ("Why?", "", "Why?"),
        ("Why?", " Why? \nI ask.", "Why? \nI ask."),
        ("Why?", "Why?", "Why?"),
        (None, "I ask.", "I ask."),
        (" ", " ", ""),
    ],
)
def test_a_prompt_is_title_and_text_and_neither_twice(title, text, expected):
    document = Document("i", text, title, None, None, None, "s", None, {})
    assert opening(document) == expected


def test_a_depth_of_nothing_is_refused():
    with pytest.raises(UsageError, match="max_depth=0"):
        rebuild(TREE, 0)


NAMES = st.sampled_from("abcdefg")


@given(st.lists(st.tuples(NAMES, NAMES | st.none()), max_size=12), st.integers(1, 6))
def test_every_document_is_accounted_for_once(links, depth):
    documents = [post(child, parent, position=i) for i, (child, parent) in enumerate(links)]
    thread = rebuild(documents, depth)
    answers = [a for q in thread.questions for a in q.answers]
    roots = {d.text for d in documents} - {
        d.text for d in (*answers, *thread.deeper, *thread.orphans)
    }
    parts = [*answers, *thread.deeper, *thread.orphans]
    assert len(parts) == len({d.text for d in parts})
    assert len(parts) + len(roots) + thread.copies == len(documents)
    assert all(len(q.chain) % 2 for q in thread.questions)
