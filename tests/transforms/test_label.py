"""Asking a judge about user turns as a Beam stage, with the real embedded model."""

from dataclasses import replace

import apache_beam as beam
import pytest

import schemas.coders  # noqa: F401 (registers the records' coders)
from curation.feedback.builders import Builders
from curation.feedback.cascade import merge, threshold_for, uncertainty
from curation.feedback.classifier import load_classifier
from curation.feedback.detector import judged_turns, signals_of
from curation.feedback.turn_judge import TurnJudging, judge_turns
from schemas import Conversation, Message
from schemas.errors import UsageError
from transforms import JudgeTurns, MinePairs, ModelSettings, Role

TALKS = [
    ("Name a colour.", "Seven.", "That is no colour.", "Red.", "Thank you!"),
    ("2 + 2?", "4", "And 3 + 3?"),
    ("A poem, please.", "Roses are red.", "Hm.", "Violets are blue.", "Shorter?"),
    ("Hello", "Hi there."),
    ("Translate: Hund", "Cat.", "Are you sure?", "Dog.", "ok"),
]
CHATS = [
    Conversation(
        f"c{n}",
        [Message(("user", "assistant")[i % 2], text) for i, text in enumerate(talk)],
        "test", None, None, None, None, {},
    )
    for n, talk in enumerate(TALKS)
]  # fmt: skip
TURNS = sum(len(judged_turns(chat)) for chat in CHATS)
JUDGING = TurnJudging()
NO_PAIRS = replace(Builders(), ranked_siblings=None)


def mine(collected, transform, chats=CHATS):
    with beam.Pipeline("FnApiRunner") as pipeline:
        mined = pipeline | beam.Create(chats) | transform
        collected.take("signals", mined.signals)
        collected.take("counts", mined.counts | beam.CombinePerKey(sum))
    return sorted(collected["signals"]), dict(collected["counts"])


def test_the_judge_labels_every_turn_as_it_does_without_beam(model, collected):
    labels = judge_turns(CHATS, model, JUDGING)
    expected = [
        s for chat, found in zip(CHATS, labels, strict=True) for s in signals_of(chat, found)
    ]
    judge = JudgeTurns(Role(ModelSettings(batch_size=2)), JUDGING)
    signals, counts = mine(collected, MinePairs("judge", NO_PAIRS, judge=judge, batch_size=3))
    assert signals == sorted(expected)
    assert counts["mine", "note:judged"] == counts["mine", "note:turns"] == TURNS
    assert counts["mine", "in"] == len(CHATS)


@pytest.mark.parametrize("share", [0.3, 0.0001])
def test_the_cascade_asks_about_the_least_clear_turns_within_its_budget(model, collected, share):
    before = load_classifier().label(CHATS)
    unclear = sorted((uncertainty(label) for found in before for label in found), reverse=True)
    judge = JudgeTurns(Role(), JUDGING, max_share=share)
    signals, counts = mine(collected, MinePairs("cascade", NO_PAIRS, judge=judge))
    asked = counts.get(("mine", "note:judged"), 0)
    assert asked <= share * TURNS
    assert counts["mine", "note:turns"] == TURNS
    assert counts["mine", "in"] == len(CHATS)
    if share > 0.1:
        assert asked > 0
        bound = unclear[asked - 1]
        expected = []
        for chat, found in zip(CHATS, before, strict=True):
            turns = [label.turn for label in found if uncertainty(label) >= bound]
            [verdicts] = judge_turns([chat], model, JUDGING) if turns else [[]]
            judged = [label for label in verdicts if label.turn in turns]
            expected += signals_of(chat, merge(found, judged).labels)
        assert {(s.conversation_id, s.turn) for s in signals} == {
            (s.conversation_id, s.turn) for s in expected
        }


def test_a_second_reading_gives_the_same_bound(model, collected):
    judge = JudgeTurns(Role(), JUDGING, max_share=0.3, max_tokens=3_000)
    first = mine(collected, MinePairs("cascade", NO_PAIRS, judge=judge))
    with beam.Pipeline("FnApiRunner") as pipeline:
        again = pipeline | "again" >> beam.Create(CHATS)
        transform = MinePairs("cascade", NO_PAIRS, judge=judge, again=again, batch_size=1)
        mined = pipeline | beam.Create(CHATS[::-1]) | transform
        collected.take("second", mined.signals)
        collected.take("counted", mined.counts | beam.CombinePerKey(sum))
    assert (sorted(collected["second"]), dict(collected["counted"])) == first


def test_a_judge_that_fails_leaves_the_labels_and_is_counted(collected):
    small = Role(ModelSettings(max_context=64))
    unbounded = JudgeTurns(small, JUDGING)
    signals, counts = mine(collected, MinePairs("cascade", NO_PAIRS, judge=unbounded))
    expected = [
        signal
        for chat, found in zip(CHATS, load_classifier().label(CHATS), strict=True)
        for signal in signals_of(chat, found)
    ]
    assert signals == sorted(expected)
    assert counts["mine", "note:failed"] > 0
    assert counts["mine", "note:changed"] == 0
    assert counts["mine", "in"] == len(CHATS)


@pytest.mark.parametrize(
    ("detector", "judge"), [("judge", None), ("cascade", None), ("cues", JudgeTurns())]
)
def test_a_judge_is_what_some_detectors_need_and_the_others_refuse(detector, judge):
    with pytest.raises(UsageError, match="a judge is what"):
        MinePairs(detector, judge=judge)


def test_a_budget_of_nothing_lets_nothing_through():
    assert threshold_for([0.0] * 1023 + [5.0], 0) == 1.0
