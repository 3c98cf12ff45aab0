"""What a turn does in its dialogue: judge, refine, go on, or turn to something else."""

import pytest

from curation.feedback.cues import CueDetector
from schemas import Conversation, Message

REQUEST = "Write a short poem about the autumn sea for my grandmother"
POEM = "Grey waves are rolling in, the leaves are falling on the sand."


def state(*turns: str) -> tuple[str | None, str | None]:
    talk = tuple(Message(("user", "assistant")[i % 2], text) for i, text in enumerate(turns))
    conversation = Conversation("c", talk, "test", None, None, None, None, {})
    label = CueDetector().label([conversation])[0][-1]
    return label.state, label.relation


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        ("That's wrong.", ("feedback", "related")),
        ("Thank you!", ("feedback", "related")),
        (REQUEST, ("feedback", "related")),  # asked again: the reply did not do
        ("Write a short poem about the winter sea for my boss", ("refinement", "related")),
        ("Continue", ("continuation", "related")),
        ("And then?", ("continuation", "related")),
        ("Which leaves are falling, and why on sand?", ("continuation", "related")),
        ("How do vaccines train immune cells?", ("new_topic", "unrelated")),
    ],
)
def test_states_of_a_turn(turn, expected):
    assert state(REQUEST, POEM, turn) == expected


def test_chinese_topics_are_compared_by_pairs_of_characters():
    request, reply = "请推荐三道家常菜", "红烧肉、番茄炒蛋和清炒时蔬。"
    assert state(request, reply, "番茄炒蛋需要准备哪些食材") == ("continuation", "related")
    assert state(request, reply, "量子力学怎么解释光电效应") == ("new_topic", "unrelated")


def test_a_variation_of_a_request_is_related_but_no_feedback():
    found = state("请介绍一下法国首都的历史文化景点", "巴黎。", "请介绍一下德国首都的历史文化景点")
    assert found == ("refinement", "related")


def test_a_topic_may_come_back_from_an_earlier_request():
    turn = "Write another poem about the autumn sea"
    assert state(REQUEST, POEM, "How do vaccines work?", "With antigens.", turn)[1] == "related"


def test_empty_and_huge_turns_have_a_state():
    assert state("", "", "") == ("continuation", "related")
    huge = "word " * 80_000
    assert state(huge, huge, huge)[1] == "related"
