"""Whatever a model writes, the prompts of attributes and contexts give a value or an `Unparsed`."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.attribute_compare import ATTRIBUTE_COMPARE
from curation.prompts.attribute_rewrite import ATTRIBUTE_REWRITE, MAX_TEXT
from curation.prompts.context_compare import CONTEXT_COMPARE
from curation.prompts.context_criteria import CONTEXT_CRITERIA, LONGEST, SHORTEST, Criteria
from curation.prompts.prompt import Unparsed
from curation.synthesis.meaning import meaning_problem

WORDS = st.sampled_from(
    ["X:", "Y:", "A", "B", "reply", "It is short.", "explains each step", "<|im_end|>", "\n", "```",
     "##0123456789abcdef", "Sure:", "Here is", "level 4", "\u202e", "\x00", '"', "`", "3.5", "@a.b"]
)  # fmt: skip
NEAR = st.lists(WORDS, max_size=12).map(" ".join)
TEXTS = st.one_of(st.text(max_size=400), NEAR)
"""Any text, and texts that are nearly of a grammar."""
LINES = st.tuples(TEXTS, TEXTS).map(lambda said: f"X: {said[0]}\nY: {said[1]}")
FINISHES = st.sampled_from(["stop", "length", "", "error"])


@given(TEXTS, FINISHES)
def test_a_rewriting_is_visible_text_of_the_answer_or_a_failure(text, finish):
    read = ATTRIBUTE_REWRITE.parse(Completion(text, finish, 1, 1))
    if isinstance(read, Unparsed):
        assert read.prompt == "attribute_rewrite"
        return
    assert finish == "stop"
    assert 0 < len(read) <= MAX_TEXT
    assert not {"\x00", "\x1b", "\r", "\u202e"} & set(read)
    # Nothing was made up: each character of it stands in the answer, in order.
    rest = iter(text)
    assert all(character in rest for character in read)


@given(st.one_of(TEXTS, LINES), FINISHES)
@example("X: " + "w" * 301 + "\nY: It is short enough.", "stop")
def test_criteria_are_two_different_lines_or_a_failure(text, finish):
    read = CONTEXT_CRITERIA.parse(Completion(text, finish, 1, 1))
    if isinstance(read, Unparsed):
        assert read.prompt == "context_criteria"
        return
    assert finish == "stop"
    assert isinstance(read, Criteria)
    assert read.x != read.y
    for criterion in read:
        assert SHORTEST <= len(criterion) <= LONGEST
        assert criterion.isprintable()


@pytest.mark.parametrize("prompt", [ATTRIBUTE_COMPARE, CONTEXT_COMPARE], ids=lambda p: p.name)
@given(text=TEXTS, finish=FINISHES)
@example(text=" B\n", finish="stop")
@example(text="A", finish="length")
def test_a_letter_is_the_answer_itself_or_a_failure(prompt, text, finish):
    read = prompt.parse(Completion(text, finish, 1, 1))
    if isinstance(read, Unparsed):
        assert read.prompt == prompt.name
    else:
        assert finish == "stop"
        assert read == text.strip()
        assert read in ("A", "B")


@given(TEXTS, TEXTS)
@example('"0`0`0"', "")
def test_any_two_texts_can_be_compared_and_one_is_its_own_rewriting(one, other):
    assert meaning_problem(one, other) in (
        None, "length", "numbers_changed", "verbatim_lost", "names_lost", "similarity"
    )  # fmt: skip
    if one.strip():
        assert meaning_problem(one, one) is None
