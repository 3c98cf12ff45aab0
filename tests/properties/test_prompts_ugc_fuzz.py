"""Whatever a model writes is a value or a failure with a name, never an exception or a guess."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.prompt import Unparsed
from curation.prompts.ugc_feedback import UGC_FEEDBACK
from curation.prompts.ugc_grade import UGC_GRADE
from curation.prompts.ugc_question import MARKS, UGC_QUESTION
from curation.prompts.ugc_relevance import UGC_RELEVANCE
from curation.synthesis.ugc import clipped
from curation.synthesis.ugc_wording import leaks, names_the_text

PIECES = st.one_of(
    st.sampled_from(["What", " is ", "beer", "?", "？", "Question: ", "这是什么", "the text"]),
    st.sampled_from(["\n", "\r\n", "\x00", "\u202e", "\ud800", "\u2028", "  "]),
    st.sampled_from(["[RESULT]", "[RESULT] 4", " 5", "[[5]]", "yes", "no", "0123456789abcdef"]),
)
TEXTS = st.one_of(
    st.text(st.characters(), max_size=400),
    st.lists(PIECES, max_size=30).map("".join),
)
FINISHES = st.one_of(st.sampled_from(["stop", "length", ""]), st.text(max_size=8))


def answer(text, finish):
    return Completion(text, finish, 9, 3)


@given(TEXTS, FINISHES)
@settings(max_examples=400)
def test_a_question_is_one_line_that_ends_with_a_question_mark(text, finish):
    read = UGC_QUESTION.parse(answer(text, finish))
    if isinstance(read, Unparsed):
        assert read.prompt == "ugc_question"
    else:
        assert finish == "stop"
        assert text.strip().removeprefix("Question:").lstrip(" ") == read
        assert read.endswith(MARKS)
        assert len(read.splitlines()) == 1
        assert 10 <= len(read) <= 300
        assert "\x00" not in read


@given(TEXTS, FINISHES)
@settings(max_examples=400)
def test_feedback_has_a_level_only_where_its_last_line_says_it(text, finish):
    read = UGC_FEEDBACK.parse(answer(text, finish))
    if isinstance(read, Unparsed):
        assert read.prompt == "ugc_feedback"
    else:
        assert finish == "stop"
        assert text.strip().endswith(f"\n[RESULT] {read.level}")
        assert re.findall(r"\[RESULT\]", text, re.IGNORECASE) == ["[RESULT]"]
        assert read.text


@given(st.sampled_from([UGC_RELEVANCE, UGC_GRADE]), st.lists(TEXTS, max_size=4), FINISHES)
def test_a_choice_in_words_is_one_of_the_list_or_none(prompt, texts, finish):
    shares = prompt.weigh([answer(text, finish) for text in texts], "words")
    chosen = {text.strip() for text in texts if finish == "stop"} & set(prompt.choices)
    if chosen:
        assert {choice for choice, share in shares.items() if share} == chosen
        assert abs(sum(shares.values()) - 1) < 1e-9
    else:
        assert isinstance(shares, Unparsed)


@given(TEXTS, TEXTS, st.integers(0, 8))
def test_any_two_texts_can_be_compared(question, text, longest):
    shared = leaks(question, text, longest)
    assert shared == leaks(question.upper().lower(), text, longest) or not question.isascii()
    assert names_the_text(question) in {True, False}
    words = question.split()
    grams = {tuple(words[i : i + longest + 1]) for i in range(len(words) - longest)}
    said = text.split()
    if any(tuple(said[i : i + longest + 1]) in grams for i in range(len(said) - longest)):
        assert shared


@given(TEXTS, st.integers(1, 60))
def test_a_clipped_text_is_a_beginning_of_the_text(text, most):
    cut = clipped(text.strip(), most)
    assert text.strip().startswith(cut)
    assert len(cut) <= most
