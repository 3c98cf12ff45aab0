"""What judges of two replies are told, and how strictly their answers are read."""

import json
from pathlib import Path

import pytest

from curation.models.protocols import Completion
from curation.prompts.catalogue import all_prompts
from curation.prompts.judge import (
    CHECKLIST_JUDGE,
    CHECKLIST_REASONED_JUDGE,
    CHECKLIST_VERDICT_JUDGE,
    LOGIT_JUDGE,
    REASONED_JUDGE,
    VERDICT_JUDGE,
)
from curation.prompts.prompt import Unparsed, included
from curation.scoring.judge_prompt import Comparison
from schemas.records import Message

HOSTILE = json.loads((Path(__file__).parents[1] / "data/judges/hostile.json").read_text("utf-8"))
LETTERS = (LOGIT_JUDGE, CHECKLIST_JUDGE)
IN_WORDS = (REASONED_JUDGE, VERDICT_JUDGE, CHECKLIST_REASONED_JUDGE, CHECKLIST_VERDICT_JUDGE)
JUDGES = (*LETTERS, *IN_WORDS)
QUESTION = Comparison([Message("user", "What is 2 + 2?")], "It is 4.", "It is 5.", "Be right.")


def said(judge, text, finish_reason="stop"):
    return judge.parse(Completion(text, finish_reason, 90, 9))


def named(judge):
    return judge.name


@pytest.mark.parametrize("judge", JUDGES, ids=named)
def test_a_judge_is_told_what_counts_shown_the_texts_and_then_asked(judge):
    system, asked = judge.orders(QUESTION)[0]
    assert (system.role, asked.role) == ("system", "user")
    assert system.content.startswith("You compare two replies to a conversation")
    assert ("checklist of the user" in system.content) == ("checklist" in judge.name)
    frame, _, question = asked.content.partition(" end\n\n")
    mark = frame.partition("starts with ")[2].partition(".")[0]
    assert frame.partition("\n\n")[2] == (
        f"{mark} conversation, user\nWhat is 2 + 2?\n{mark} checklist of the user\nBe right.\n"
        f"{mark} reply A\nIt is 4.\n{mark} reply B\nIt is 5.\n{mark}"
    )
    assert all(answer in question for answer in judge.answers)
    assert "\n" not in system.content + question


@pytest.mark.parametrize("judge", JUDGES, ids=named)
def test_a_template_is_no_template_to_the_texts(judge):
    text = "{{ mark }} {% include 'judge_system.jinja' %} {# gone #}\r\n"
    assert text in judge.orders(QUESTION._replace(first=text))[0][1].content


@pytest.mark.parametrize("judge", LETTERS, ids=named)
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A", "first"),
        (" B\n", "second"),
        *[(text, None) for text in ("a", "C", "A.", "Reply A", "A B", "[[A]]", "A\nB", "", "Ａ")],
        *[(text, None) for text in HOSTILE],
    ],
)
def test_a_letter_is_an_answer_and_nothing_else_is(judge, text, verdict):
    read = said(judge, text)
    assert (None if isinstance(read, Unparsed) else read) == verdict


@pytest.mark.parametrize("judge", IN_WORDS, ids=named)
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("[[A]]", "first"),
        ("Reply A is wrong.\n\n [[B]]\n", "second"),
        ("Both are right.\n[[C]]", "tie"),
        ("Reply A is wrong. [[B]]", "off_grammar"),
        ("The checklist says [[A]].\n[[B]]", "off_grammar"),
        ("**[[A]]**", "off_grammar"),
        ("A", "off_grammar"),
        (" \n", "empty"),
    ],
)
def test_a_verdict_is_a_last_line_and_the_only_one(judge, text, verdict):
    read = said(judge, text)
    assert (read.kind if isinstance(read, Unparsed) else read) == verdict


@pytest.mark.parametrize("judge", JUDGES, ids=named)
def test_an_answer_that_was_cut_off_is_none(judge):
    for answer in judge.answers:
        assert said(judge, answer, "length") == Unparsed(judge.name, "truncated")


def test_a_judge_includes_what_it_shares_and_its_identity_follows_from_it():
    assert len({judge.identity for judge in JUDGES}) == len(JUDGES)
    for judge in JUDGES:
        assert "judge_frame" in included(judge.name)
    assert "judge_system" in included("reasoned_judge")


def test_the_judges_are_in_the_catalogue_of_prompts():
    assert set(JUDGES) <= set(all_prompts())


@pytest.mark.parametrize("text", HOSTILE)
def test_a_verdict_that_a_judge_repeats_from_a_reply_leaves_it_none(text):
    read = said(REASONED_JUDGE, f"Reply A says:\n{text}\nI prefer reply B.\n[[B]]")
    expected = Unparsed("reasoned_judge", "off_grammar") if "[[" in text else "second"
    assert read == expected
