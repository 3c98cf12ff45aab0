"""What the trained detector says, and that it says it whatever else is in the batch."""

import pickle
from pathlib import Path

import pytest
import yaml

from curation.feedback.annotations import read_annotations
from curation.feedback.classifier import load_classifier
from curation.feedback.cues import CueDetector
from curation.feedback.detector import judged_turns, open_detector, signals_of
from curation.feedback.ngrams import buckets, ngrams
from curation.feedback.rubric import RUBRIC
from schemas import Conversation, Message
from schemas.records import RELATIONS, STATES

DATA = Path(__file__).parents[1] / "data" / "feedback" / "planted.yaml"
PLANTED = yaml.safe_load(DATA.read_text("utf-8"))
POLARITIES = ("dissatisfaction", "satisfaction")


def chat(*turns: str, first: str = "user") -> Conversation:
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(turns))
    return Conversation("c", talk, "test", None, None, None, None, {})


def labels(*turns: str, first: str = "user"):
    return load_classifier().label([chat(*turns, first=first)])[0]


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case["name"])
def test_planted_feedback_gets_the_same_polarities_as_from_the_cues(case):
    conversation = chat(*case["turns"])
    expected = {
        turn: {RUBRIC[name].polarity for name in names}
        for turn, names in case.get("expect", {}).items()
    }
    for label in load_classifier().label([conversation])[0]:
        called = {polarity for polarity in POLARITIES if getattr(label, polarity) >= 0.5}
        assert called == expected.get(label.turn, set())
        assert {RUBRIC[f.category].polarity for f in label.findings} == called


def test_a_label_sits_on_the_user_turn_and_judges_the_reply_before_it():
    found = labels("2 + 2?", "5", "That's wrong.", "4", "Thank you!")
    assert [label.turn for label in found] == [2, 4]
    assert found[0].dissatisfaction > 0.5 > found[0].satisfaction
    assert found[1].satisfaction > 0.5 > found[1].dissatisfaction


def test_the_first_user_turn_judges_nothing_even_after_a_greeting():
    assert labels("How can I help?", "That's wrong.", first="assistant") == []
    found = labels("Hello!", "2 + 2?", "5", "That's wrong.", first="assistant")
    assert [label.turn for label in found] == [3]


@pytest.mark.parametrize(
    "turns",
    [
        ("Write a haiku", "Rain.", "Thank you, this is great. But line 2 is wrong, try again."),
        ("推荐三道菜", "红烧肉。", "谢谢，非常好，但是第二个不对"),
    ],
)
def test_both_polarities_may_hold_in_one_turn(turns):
    (label,) = labels(*turns)
    assert min(label.dissatisfaction, label.satisfaction) > 0.5
    assert {RUBRIC[f.category].polarity for f in label.findings} == set(POLARITIES)


def test_every_judged_turn_has_a_state_and_a_relation():
    for case in PLANTED:
        conversation = chat(*case["turns"])
        found = load_classifier().label([conversation])[0]
        assert [label.turn for label in found] == judged_turns(conversation)
        assert all(label.state in STATES and label.relation in RELATIONS for label in found)


def test_a_complaint_without_a_cue_is_found_by_its_words_and_the_next_reply():
    conversation = chat(
        "帮我安排国庆七天的广西旅行",
        "第一天桂林，第二天阳朔，第三天龙脊，第四天北海，第五天南宁。",
        "国庆7天，你只排了5天",
        "抱歉，我会为您补充完整的7天行程计划。",
    )
    assert CueDetector().label([conversation])[0][0].dissatisfaction == 0
    (signal,) = signals_of(conversation, load_classifier().label([conversation])[0])
    assert (signal.turn, signal.polarity, signal.method) == (2, "dissatisfaction", "classifier")
    assert "no cue, but the turn says" in signal.reason
    assert "the next reply says" in signal.reason


def test_labels_do_not_depend_on_the_batch_to_the_bit():
    conversations = [chat(*case["turns"]) for case in PLANTED]
    detector = load_classifier()
    together = detector.label(conversations)
    assert together == [detector.label([c])[0] for c in conversations]
    assert together == detector.label(conversations[::-1])[::-1]


def test_the_detector_travels_by_pickle_and_small():
    data = pickle.dumps(load_classifier())
    assert len(data) < 1_000
    assert pickle.loads(data).label([chat("a", "b", "no!")]) == [labels("a", "b", "no!")]
    assert open_detector("classifier").name == "classifier"


def test_empty_turns_and_conversations_have_labels_without_findings():
    assert load_classifier().label([]) == []
    assert load_classifier().label([chat()]) == [[]]
    (label,) = labels("", "", "")
    assert not label.findings


@pytest.mark.parametrize("unit", ["a", '"', "```", "不", "not ", "\n>", "\u0300", "🎉", '{"a": '])
def test_turns_and_replies_of_400_000_characters_are_read_at_their_ends_only(unit):
    huge = (unit * 400_000)[:400_000]
    found = labels("Hi", huge, huge, huge, f"That's wrong. {huge}")
    assert len(found) == 2
    assert found[1].dissatisfaction > found[0].dissatisfaction


def test_languages_may_be_mixed_in_one_conversation():
    found = labels(
        "推荐三道菜",
        "Hier sind drei Gerichte.",
        "不对，我要中文回答",
        "好的。",
        "Merci beaucoup, c'est parfait !",
    )
    assert found[0].dissatisfaction > 0.5
    assert found[1].satisfaction > 0.5


def test_hashes_of_tokens_are_the_same_everywhere():
    assert buckets(ngrams(["that", "is", "wrong"], 2), 1 << 15).tolist() == HASHED


HASHED = [113, 22445, 25045, 26329, 29903]


def annotated(*rows):
    keys = ("UtteranceId", "Role", "Content", "Satisfaction", "Disatisfaction")
    return [dict(zip(keys, row, strict=False)) for row in rows]


def test_released_annotations_are_read_from_user_rows_only():
    rows = annotated(
        (0, "User", "2 + 2?", False, False),
        (1, "Agent", "5", False, False),
        (2, "User", "Thanks, but wrong", True, True),
        (3, "Agent", "4", True, True),  # repeats the annotation of the user's row
        (3, "Agent", "4", True, True),  # and stands there twice
        (4, "User", "ok", False),
        (0, "User", "Hi", True, True),
        (1, "Agent", "Ho", True, True),
    )
    first, second = read_annotations(rows)
    assert [m.role for m in first.conversation.messages] == ["user", "assistant"] * 2 + ["user"]
    both, missing = first.labels
    assert (both.turn, both.dissatisfaction, both.satisfaction, both.problem) == (2, 1.0, 1.0, None)
    assert {f.polarity for f in both.findings} == set(POLARITIES)
    assert (missing.turn, missing.dissatisfaction, missing.satisfaction) == (4, None, 0.0)
    assert missing.problem == "missing"
    assert second.labels == []  # its only user turn judges nothing
    assert len(signals_of(first.conversation, first.labels)) == 2


@pytest.mark.parametrize("rows", [[], [{}], [{"UtteranceId": 0, "Role": "System"}]])
def test_rows_of_no_role_give_no_conversation(rows):
    assert list(read_annotations(rows)) == []
