"""What the cue detector finds, and what it must not find."""

import pickle
from pathlib import Path

import pytest
import yaml

from curation.feedback.cues import CueDetector
from curation.feedback.detector import open_detector, signals_of
from curation.feedback.lexicon import LANGUAGES, Lexicon, load_lexicon
from curation.feedback.phrases import spellings
from curation.feedback.rubric import RUBRIC
from curation.feedback.wording import HEAD, TAIL, own_words
from schemas import Conversation, FeedbackSignal, Message
from schemas.errors import SchemaError, UsageError

DATA = Path(__file__).parents[1] / "data" / "feedback" / "planted.yaml"
PLANTED = yaml.safe_load(DATA.read_text("utf-8"))


def chat(*turns: str, first: str = "user") -> Conversation:
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(turns))
    return Conversation("c", talk, "test", None, None, None, None, {})


def detect(*turns: str, first: str = "user") -> list[FeedbackSignal]:
    conversation = chat(*turns, first=first)
    return signals_of(conversation, CueDetector().label([conversation])[0])


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case["name"])
def test_planted_feedback_is_found_and_nothing_else(case):
    found: dict[int, set[str]] = {}
    for signal in detect(*case["turns"]):
        if signal.score >= 0.5:
            found.setdefault(signal.turn, set()).add(signal.category)
    expected = {turn: set(names) for turn, names in case.get("expect", {}).items()}
    assert found.keys() == expected.keys()
    for turn, names in expected.items():
        assert names <= found[turn]
        polarities = {RUBRIC[name].polarity for name in names}
        assert {RUBRIC[name].polarity for name in found[turn]} == polarities


def test_every_language_has_planted_feedback_and_decoys():
    names = [case["name"] for case in PLANTED]
    for language in LANGUAGES:
        mine = [case for case in PLANTED if case["name"].startswith(language)]
        assert any("expect" in case for case in mine)
        assert any("decoy" in case["name"] for case in mine)
    assert len(names) == len(set(names)) >= 40


def test_a_signal_sits_on_the_user_turn_that_carries_it():
    (signal,) = detect("2 + 2?", "5", "That's wrong.")
    assert (signal.conversation_id, signal.turn, signal.polarity, signal.method) == (
        "c",
        2,
        "dissatisfaction",
        "cues",
    )
    assert "thats wrong" in signal.reason
    assert 0 < signal.score <= 1


def test_the_first_user_turn_judges_nothing_even_after_a_greeting():
    assert detect("How can I help?", "That's wrong.", first="assistant") == []


def test_a_conversation_that_begins_with_the_assistant_is_judged_later_on():
    found = detect("Hello!", "2 + 2?", "5", "That's wrong.", first="assistant")
    assert {signal.turn for signal in found} == {3}


def test_a_user_turn_that_follows_no_reply_has_no_signal():
    talk = (
        Message("user", "2 + 2?"),
        Message("user", "That's wrong."),
        Message("tool", "5"),
        Message("user", "That's wrong."),
    )
    conversation = chat()._replace(messages=talk)
    assert CueDetector().label([conversation]) == [[]]


def test_empty_turns_and_empty_conversations_have_no_signals():
    assert detect("", "", "") == []
    assert CueDetector().label([chat()]) == [[]]
    assert CueDetector().label([]) == []


def test_a_signal_does_not_depend_on_the_batch():
    conversations = [chat(*case["turns"]) for case in PLANTED]
    detector = CueDetector()
    assert detector.label(conversations) == [detector.label([c])[0] for c in conversations]


def test_the_detector_travels_by_pickle():
    detector = CueDetector(("en",))
    detector.label([chat("2 + 2?", "5", "That's wrong.")])
    assert pickle.loads(pickle.dumps(detector)) == detector


@pytest.mark.parametrize("unit", ["a", '"', "`", "> ", "```", "not ", "\n>", "i ", "“", "\u0300"])
def test_a_turn_of_400_000_characters_is_cut_to_its_ends(unit):
    huge = (unit * 400_000)[:400_000]
    assert len(own_words(huge)) <= HEAD + TAIL + 1
    detect("Hi", "Hello", huge, "Ok", huge)  # would not end if a pattern could backtrack


def test_feedback_at_either_end_of_a_huge_turn_is_seen_and_in_its_middle_not():
    filler = "word " * 20_000
    assert detect("Hi", "Ho", f"That's wrong. {filler}")
    assert detect("Hi", "Ho", f"{filler} That's wrong.")
    assert not detect("Hi", "Ho", f"{filler} That's wrong. {filler}")


def test_only_the_languages_asked_for_are_used():
    german = chat("2 + 2?", "5", "Das ist falsch.")
    assert not open_detector("cues:en").label([german])[0][0].findings
    assert open_detector("cues:en,de").label([german])[0][0].findings


@pytest.mark.parametrize("spec", ["nose", "cues:xx", ""])
def test_an_unknown_detector_is_refused_with_what_there_is(spec):
    with pytest.raises(UsageError, match="expected classifier, cues"):
        open_detector(spec)


def test_every_category_of_the_rubric_has_cues():
    trie = load_lexicon(("en",)).cues
    nodes, categories = [trie._root], set()
    while nodes:
        node = nodes.pop()
        categories |= {cue.category for cue in node.values}
        nodes.extend(node.children.values())
    assert categories == set(RUBRIC)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"cues": {"joy": [{"score": 0.5, "phrases": ["yay"]}]}}, "no category"),
        ({"cues": {"praise": [{"score": 5, "phrases": ["yay"]}]}}, "impossible"),
        ({"cues": {"praise": [{"scor": 0.5, "phrases": ["yay"]}]}}, "scor"),
        ({"cues": {"praise": [{"score": 0.5, "phrases": ["(a|)"]}]}}, "can be empty"),
        ({"cues": {"praise": [{"score": 0.5, "phrases": ["{who}"]}]}}, "no such name"),
        ({"cues": {}, "cue": {}}, "unknown key 'cue'"),
    ],
)
def test_a_faulty_lexicon_is_refused(content, message):
    with pytest.raises(SchemaError, match=message):
        Lexicon({"xx": content})


def test_a_phrase_with_too_many_spellings_is_refused():
    with pytest.raises(SchemaError, match="more than"):
        list(spellings("(a|b)" * 20, {}))
