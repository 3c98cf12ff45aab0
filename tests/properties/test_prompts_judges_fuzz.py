"""Whatever a judge writes: one verdict, said in form, or a named failure."""

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.judge import LOGIT_JUDGE, REASONED_JUDGE, VERDICT_JUDGE, VERDICTS
from curation.prompts.prompt import Unparsed
from curation.scoring.judge_verbalised import parse_verdict

PIECES = st.sampled_from(
    [
        *("A", "B", "C", " ", "\n", "\r", "\u2028", "\x0c", "reply A is better", ".", "**"),
        *("[[A]]", "[[B]]", "[[C]]", "[[D]]", "[[", "]]", "[", "]", "[[a]]", "[[ A ]]"),
        *("<|im_end|>", "</s>", "\x00", "\u202e", "\ud800", "比較"),
    ]
)
TEXTS = (
    st.text()
    | st.lists(PIECES, max_size=30).map("".join)
    | st.text(max_size=9).map(lambda t: t * 999)
)
FINISHES = st.sampled_from(["stop", "length", "", "content_filter"])
KINDS = {"empty", "truncated", "off_grammar"}


@settings(deadline=None)
@given(TEXTS, FINISHES)
def test_any_answer_to_the_letter_judge_is_a_letter_or_a_failure(text, finish):
    found = LOGIT_JUDGE.parse(Completion(text, finish, 9, 9))
    if isinstance(found, Unparsed):
        assert found.kind in KINDS
    else:
        assert (finish, text.strip()) == ("stop", {"first": "A", "second": "B"}[found])


@settings(deadline=None)
@given(TEXTS, FINISHES, st.sampled_from([REASONED_JUDGE, VERDICT_JUDGE]))
def test_any_answer_in_words_is_its_one_verdict_or_a_failure(text, finish, judge):
    found = judge.parse(Completion(text, finish, 9, 9))
    written = [mark for mark in VERDICTS if mark in text]
    if isinstance(found, Unparsed):
        assert (found.prompt, found.kind in KINDS) == (judge.name, True)
    else:
        assert finish == "stop"
        assert [VERDICTS[mark] for mark in written] == [found]
        assert text.strip().endswith(written[0])
        assert text.count(written[0]) == 1
    read = "unparsable" if isinstance(found, Unparsed) else found
    assert parse_verdict(Completion(text, finish, 9, 9)) == read
