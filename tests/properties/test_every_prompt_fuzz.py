"""Every prompt reads any answer: a value or a failure, never an exception or a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.catalogue import all_prompts
from curation.prompts.choice import ChoicePrompt
from curation.prompts.prompt import EMPTY, TRUNCATED, Unparsed

PROMPTS = all_prompts()
NAMES = [prompt.name for prompt in PROMPTS]
PIECES = st.sampled_from(
    ["A", "B", "[[A]]", "[[B]]", "yes", "no", "3", "Reply A", "X: ", "Y: ", "?", "\n", " ", "\x00"]
)
TEXTS = st.text() | st.lists(PIECES).map("".join)
ENDS = st.sampled_from(["stop", "length", "", "content_filter"])


@pytest.mark.parametrize("prompt", PROMPTS, ids=NAMES)
@given(text=TEXTS, end=ENDS)
def test_an_answer_is_a_value_or_a_failure_with_the_prompt_s_name(prompt, text, end):
    read = prompt.parse(Completion(text, end, 9, 9))
    if isinstance(read, Unparsed):
        assert read.prompt == prompt.name
        assert read.kind
    if end != "stop":
        assert read == Unparsed(prompt.name, TRUNCATED)
    elif not text.strip():
        assert read == Unparsed(prompt.name, EMPTY)


@pytest.mark.parametrize(
    "prompt", [p for p in PROMPTS if isinstance(p, ChoicePrompt)], ids=lambda p: p.name
)
@given(text=TEXTS)
def test_a_choice_is_read_only_where_it_stands_alone(prompt, text):
    read = prompt.parse(Completion(text, "stop", 9, 9))
    assert isinstance(read, Unparsed) or read == text.strip()
    assert (read in prompt.choices) == (text.strip() in prompt.choices)


@pytest.mark.parametrize("prompt", PROMPTS, ids=NAMES)
def test_a_prompt_says_its_version_and_its_grammar(prompt):
    name, _, digest = prompt.identity.partition("@")
    assert name == f"{prompt.name}-v{prompt.version}"
    assert len(digest) == 12
    assert prompt.grammar
