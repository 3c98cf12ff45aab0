"""Whatever a model writes for a rationale, its check or a judgment: a value or a named failure."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.judgment import JUDGMENT, Judgment
from curation.prompts.judgment import MAX_CHARS as LONGEST_JUDGMENT
from curation.prompts.prompt import Unparsed
from curation.prompts.rationale import MAX_CHARS, RATIONALE_PROMPTS
from curation.prompts.rationale_check import CHECK
from curation.prompts.rationale_labels import swap_labels

PIECES = st.sampled_from(
    [
        *("Reply A", "reply B", " is better because ", "it is right", ".", " ", "\n", "\n\n", "A"),
        *("[[A]]", "[[B]]", "[[C]]", "[[", "]]", "Verdict:", "chosen reply", "- ", "# ", "1. "),
        *(
            "<|im_end|>",
            "</s>",
            "\x00",
            "\u2028",
            "\u202e",
            "\ud800",
            "回复A更准确",
            "##8b3f644c4696",
        ),
    ]
)
TEXTS = (
    st.text()
    | st.lists(PIECES, max_size=30).map("".join)
    | st.text(max_size=9).map(lambda t: t * 999)
)
FINISHES = st.sampled_from(["stop", "length", "", "content_filter"])
KINDS = {"empty", "truncated", "off_grammar", "too_long", "copied", "no_reason"}
LABEL = re.compile(r"(?i:reply|replies|response|responses)")


@settings(deadline=None)
@given(TEXTS, FINISHES, TEXTS, st.sampled_from(sorted(RATIONALE_PROMPTS)))
def test_any_answer_is_a_rationale_on_one_harmless_line_or_a_failure(text, finish, reply, kind):
    prompt = RATIONALE_PROMPTS[kind]
    found = prompt.parse_about(Completion(text, finish, 9, 9), [reply, "no"])
    if isinstance(found, Unparsed):
        assert (found.prompt, found.kind in KINDS) == (prompt.name, True)
        return
    assert finish == "stop"
    assert 0 < len(found) <= MAX_CHARS
    assert found.isprintable()
    assert "[[" not in found
    assert "<|" not in found
    assert prompt.read(found) == found


@settings(deadline=None)
@given(TEXTS, FINISHES)
def test_any_answer_is_a_judgment_with_its_one_verdict_or_a_failure(text, finish):
    found = JUDGMENT.parse(Completion(text, finish, 9, 9))
    if isinstance(found, Unparsed):
        assert found.kind in KINDS
        return
    assert isinstance(found, Judgment)
    assert finish == "stop"
    assert text.strip().endswith(f"[[{found.label}]]")
    assert found.text.count("[[A]]") + found.text.count("[[B]]") == 1
    assert len(found.text) < LONGEST_JUDGMENT + 100
    found.text.encode()


@settings(deadline=None)
@given(TEXTS, FINISHES)
def test_a_verdict_of_the_check_is_one_of_two_letters_or_none(text, finish):
    found = CHECK.parse(Completion(text, finish, 9, 9))
    if isinstance(found, Unparsed):
        assert found.kind in KINDS
    else:
        assert found == text.strip()
        assert found in {"A", "B"}


@settings(deadline=None)
@given(TEXTS)
def test_labels_swapped_twice_are_as_they_were_and_no_other_character_changes(text):
    swapped = swap_labels(text)
    assert swap_labels(swapped) == text
    assert len(swapped) == len(text)
    assert all({a, b} == {"A", "B"} for a, b in zip(text, swapped, strict=True) if a != b)
    assert swapped == text or LABEL.search(text)
