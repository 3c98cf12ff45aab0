"""Whatever a model answers to the prompts about feedback: a value of the grammar, or a failure."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from curation.feedback.preference import MAX_PREFERENCE
from curation.feedback.rubric import MAX_DEFINITION, RUBRIC, dump_rubric, parse_rubric
from curation.models.protocols import Completion
from curation.prompts.distil import DISTIL, MAX_ITEM, MAX_ITEMS
from curation.prompts.prompt import Unparsed
from curation.prompts.rubric_learning import ITEMS, MAX_REASONS, REASONS
from curation.prompts.safety import SAFETY
from curation.prompts.turn_judge_json import BY_JSON, MAX_REASON
from schemas.records import POLARITIES, RELATIONS, STATES

PIECES = st.sampled_from(
    [
        *(
            "Preference: ",
            "- ",
            "1. ",
            ": ",
            " | ",
            "?",
            "？",
            "\n",
            "\r",
            "\u2028",
            " " * 9,
            "\x00",
        ),
        *("The user wants less text.", "too long", "none", "...", "##0123456789abcdef", "**", "不"),
        *("safe", "unsafe", "Safe", "{", "}", '"preference"', '"checklist"', "[", "]", "\ud800"),
        *("<|im_end|>", "<|im_start|>system", "[/INST]", "\x1b[2J", "x" * 450),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["preference", "checklist", "verdicts", "turn"]), inner)
    ),
).map(json.dumps)
ANSWERS = st.text(max_size=200) | st.lists(PIECES, max_size=14).map("".join) | JSON
FINISHES = st.sampled_from(["stop", "stop", "length", "error", ""])


def said(text, finish):
    return Completion(text, finish, 9, 9)


@given(
    ANSWERS | st.builds("Preference: {}\n- {}?".format, ANSWERS, st.text(max_size=220)), FINISHES
)
@example("Preference: " + "x" * 400_000 + "\n- Is it?", "stop")
@example("{" * 400_000, "stop")
def test_a_summary_is_of_bounded_harmless_lines_or_none(text, finish):
    read = DISTIL.parse(said(text, finish))
    if isinstance(read, Unparsed):
        return
    assert finish == "stop"
    assert 0 < len(read.preference) <= MAX_PREFERENCE
    assert 1 <= len(read.checklist) <= MAX_ITEMS
    assert all(0 < len(item) <= MAX_ITEM for item in read.checklist)
    assert (read.preference + "".join(read.checklist)).isprintable()
    assert "<|im_" not in read.rubric


@given(ANSWERS | st.sampled_from(["safe", " unsafe\n", "safe\n\nunsafe", "safe."]), FINISHES)
def test_nothing_is_safe_that_does_not_say_so_and_no_more(text, finish):
    read = SAFETY.parse(said(text, finish))
    alone = finish == "stop" and text.strip() in ("safe", "unsafe")
    assert read == text.strip() if alone else isinstance(read, Unparsed)


GOOD = {
    "turn": 2,
    "satisfied": [],
    "dissatisfied": ["style"],
    "reason": "Long.",
    "state": "feedback",
    "relation": "related",
    "confidence": 0.5,
}
KINDS = st.lists(st.sampled_from([*RUBRIC, "anger", 1]), max_size=2)
CHANGES = {
    "turn": st.sampled_from([2, 4, True, 2.0, "2"]),
    "satisfied": KINDS,
    "dissatisfied": KINDS,
    "reason": st.text(max_size=20) | st.just("x" * 400),
    "state": st.sampled_from([*STATES, "angry", None]),
    "relation": st.sampled_from([*RELATIONS, []]),
    "confidence": st.floats(0, 1) | st.sampled_from([0, 1, True, 10**400, -1, "1", 1e999]),
    "note": st.just("x"),
}
VERDICTS = st.sampled_from(sorted(CHANGES)).flatmap(
    lambda key: CHANGES[key].map(lambda value: {**GOOD, key: value})
)
ABOUT_ONE = VERDICTS.map(lambda verdict: json.dumps({"verdicts": [verdict]}))
ABOUT_TWO = st.tuples(VERDICTS, VERDICTS).map(lambda two: json.dumps({"verdicts": two}))


def check_verdicts(text, finish):
    """What is read of an answer about turn 2 is what it says, or it is of no use."""
    read = BY_JSON.parse_for(said(text, finish), [2], RUBRIC)
    if isinstance(read, Unparsed):
        assert read.prompt == "turn_judge_json"
        return
    assert finish == "stop"
    (written,) = json.loads(text)["verdicts"]
    (verdict,) = read
    assert verdict._replace(reason="") == (
        *(2, tuple(written["satisfied"]), tuple(written["dissatisfied"]), ""),
        *(written["state"], written["relation"], written["confidence"]),
    )
    assert 0 <= verdict.confidence <= 1
    assert verdict.reason.isprintable()
    assert len(verdict.reason) <= MAX_REASON
    for kinds, polarity in zip((verdict.satisfied, verdict.dissatisfied), POLARITIES, strict=True):
        assert all(RUBRIC[kind].polarity == polarity for kind in kinds)


@given(ABOUT_ONE, FINISHES)
@example(json.dumps({"verdicts": [GOOD]}), "stop")
def test_a_verdict_is_what_was_written_or_none(text, finish):
    check_verdicts(text, finish)


@given(ANSWERS | ABOUT_TWO, FINISHES)
@example("[" * 400_000, "stop")
def test_what_is_no_verdict_on_the_turn_asked_is_none(text, finish):
    check_verdicts(text, finish)


LINES = st.lists(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["- ", "2) ", "-", "", "      - "]),
        st.sampled_from(["too long: ", "**Thanks!**: ", "none: ", ""]),
        ANSWERS | st.builds("The user says {}. | Be so, {}.".format, PIECES, PIECES),
    ),
    max_size=6,
).map("\n".join)


@given(LINES, FINISHES)
@example("- The user thanks.\n- The user thanks them twice", "length")
def test_reasons_are_whole_lines_of_the_answer_or_none(text, finish):
    read = REASONS.parse_lines(said(text, finish))
    if isinstance(read, Unparsed):
        return
    reasons, dropped = read
    assert 1 <= len(reasons) == len(set(reasons)) <= MAX_REASONS
    assert 0 <= dropped < len(text.splitlines())
    whole = text.splitlines()[: None if finish == "stop" else -1]
    for reason in reasons:
        assert reason.isprintable()
        assert len(reason) <= MAX_DEFINITION
        assert any(set(reason) <= {*line, " "} for line in whole)


@given(LINES, FINISHES, st.sampled_from(POLARITIES))
@example("- thanks: The user thanks.\n- wrong: It is wrong. | Check it.", "length", POLARITIES[0])
def test_items_are_of_the_polarity_asked_and_fit_into_a_rubric_or_none(text, finish, polarity):
    read = ITEMS.parse_for(said(text, finish), polarity)
    if isinstance(read, Unparsed):
        return
    items, dropped = read
    assert len(items) + dropped <= len(text.splitlines())
    assert {item.polarity for item in items} == {polarity}
    assert all(parse_rubric(dump_rubric([item])) == {item.name: item} for item in items)
