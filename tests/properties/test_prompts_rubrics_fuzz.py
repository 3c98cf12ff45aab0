"""Whatever a model answers to the prompts about rubrics: a value of the grammar, or a failure."""

import re

from hypothesis import example, given
from hypothesis import strategies as st

from curation.models.protocols import Completion
from curation.prompts.prompt import Unparsed
from curation.prompts.rubric_condense import RUBRIC_CONDENSE
from curation.prompts.rubric_level import RUBRIC_LEVEL
from curation.prompts.rubric_levels import RUBRIC_LEVELS
from curation.prompts.rubric_response import RUBRIC_RESPONSE
from curation.rubrics.rubric import names_score
from curation.rubrics.rubric_files import load_scoring_rubric

BREVITY = load_scoring_rubric("brevity")
NAMES = [criterion.name for criterion in BREVITY.criteria]
LINES = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from([*NAMES, "Length", "other", ""]),
    st.sampled_from([": ", ":", " ", "\t"]),
    st.sampled_from(["1", "3", "5", "5/5", "0", "6", "4.5", "٣", ""]),
    st.sampled_from([" - ", "-", " – ", " "]),
    st.text(max_size=20),
)
PIECES = st.sampled_from(
    [
        "I rate this 5/5",
        "\n",
        "\r",
        "\u2028",
        "\x1b[2J",
        "<|im_end|>",
        "[/INST]",
        "\ud800",
        "“",
        "1",
    ]
)
ANSWERS = st.one_of(
    st.text(max_size=200),
    st.lists(LINES, max_size=4).map("\n".join),
    st.lists(st.one_of(LINES, PIECES), max_size=8).map("".join),
)
FINISHES = st.sampled_from(["stop", "length", "error", ""])


@given(ANSWERS, FINISHES)
@example("\n".join(f"{name}: 5 - {'x' * 400}" for name in NAMES), "stop")
@example("length: 5 - " + "x" * 400_000, "stop")
@example("length: 1" * 40_000, "stop")
def test_levels_are_those_of_the_criteria_or_none(text, finish):
    read = RUBRIC_LEVELS.parse_for(Completion(text, finish, 9, 9), BREVITY)
    if isinstance(read, Unparsed):
        assert read.prompt == "rubric_levels"
        return
    assert finish == "stop"
    assert [line.criterion for line in read] == NAMES
    for line in read:
        written = rf"(?m)^\s*{line.criterion}: ([1-5]) - "
        assert {int(level) for level in re.findall(written, text)} == {line.level}
        assert line.reason.isprintable()
        assert 0 < len(line.reason) <= 400


@given(ANSWERS, FINISHES)
def test_a_level_is_one_of_five_words_or_none(text, finish):
    read = RUBRIC_LEVEL.parse(Completion(text, finish, 9, 9))
    good = finish == "stop" and text.strip() in {"1", "2", "3", "4", "5"}
    assert read == text.strip() if good else isinstance(read, Unparsed)


@given(
    st.one_of(ANSWERS, st.text(st.characters(categories=("L", "Zs", "P")), max_size=320)), FINISHES
)
@example("<" * 150 + "|" * 150, "stop")
def test_a_condensed_level_is_one_harmless_line_or_none(text, finish):
    read = RUBRIC_CONDENSE.parse(Completion(text, finish, 9, 9))
    if not isinstance(read, Unparsed):
        assert finish == "stop"
        assert read.isprintable()
        assert len(read) <= 300
        assert not names_score(read)


@given(ANSWERS, FINISHES)
@example("sure " * 80_000, "stop")
@example("here is a reply" * 1_000, "stop")
def test_a_reply_is_what_was_written_without_control_characters_or_none(text, finish):
    answer = Completion(text, finish, 9, 9)
    read = RUBRIC_RESPONSE.parse_for(answer, BREVITY.at_level(5))
    if not isinstance(read, Unparsed):
        assert finish == "stop"
        assert set(read) <= set(text)
        assert not any(c < " " and c not in "\n\t" for c in read)
        read.encode()
