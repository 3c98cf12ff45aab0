"""Mining as a Beam stage: outputs, counts, batches and windows."""

import json
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

import schemas.coders  # noqa: F401 (registers the records' coders)
from curation.feedback.builders import Builders
from curation.feedback.cues import CueDetector
from curation.feedback.pairs import ExpertSettings
from schemas import Conversation, Message
from schemas.errors import UsageError
from transforms.mine import MinePairs


def chat(name: str, *turns: str, **metadata: str) -> Conversation:
    talk = tuple(Message(("user", "assistant")[i % 2], text) for i, text in enumerate(turns))
    return Conversation(name, talk, "test", None, None, None, None, metadata)


RANKINGS = json.dumps(
    [{"turn": 1, "replies": [{"content": "a", "rank": 0}, {"content": "b", "rank": 1}]}]
)
CHATS = [
    chat("wrong", "2 + 2?", "5", "That's wrong.", "4", "Thank you!"),
    chat("happy", "2 + 2?", "4", "Thanks!"),
    chat("ranked", "2 + 2?", "4", rankings=RANKINGS),
    chat("shared", "2 + 2?", "5", "That's wrong.", "6", "Wrong again", new_from="3"),
]


def mine(transform: MinePairs, check) -> None:
    with beam.Pipeline("FnApiRunner") as pipeline:
        mined = pipeline | beam.Create(CHATS) | transform
        check(mined)


def drafts_found(mined) -> beam.PCollection:
    return mined.drafts | "Key" >> beam.Map(
        lambda d: (d.pair.conversation_id, d.pair.method, d.pair.provenance.turn)
    )


EXPERT_TOO = Builders(expert=ExpertSettings())
ALL = [
    ("wrong", "expert", 2),
    ("wrong", "revisions", 2),
    ("ranked", "ranked_siblings", None),
    ("shared", "expert", 4),
]


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_the_drafts_do_not_depend_on_the_batch_size(batch_size):
    mine(
        MinePairs("cues", EXPERT_TOO, batch_size=batch_size),
        lambda mined: assert_that(drafts_found(mined), equal_to(ALL)),
    )


@pytest.mark.parametrize("builder", ["expert", "revisions", "ranked_siblings"])
def test_a_builder_set_to_none_is_off(builder):
    rest = [draft for draft in ALL if draft[1] != builder]
    fewer = MinePairs("cues", replace(EXPERT_TOO, **{builder: None}))
    mine(fewer, lambda m: assert_that(drafts_found(m), equal_to(rest)))


def test_each_signal_leaves_once_for_all_paths_of_a_tree():
    def check(mined):
        turns = mined.signals | beam.Map(lambda s: (s.conversation_id, s.turn)) | beam.Distinct()
        expected = [("wrong", 2), ("wrong", 4), ("happy", 2), ("shared", 4)]
        assert_that(turns, equal_to(expected))

    mine(MinePairs("cues"), check)


def test_conversations_in_are_those_with_a_draft_and_those_without():
    def check(mined):
        total = mined.counts | beam.CombinePerKey(sum)
        expected = [(("mine", "in"), 4), (("mine", "out"), 3), (("mine", "drop:no_pair"), 1)]
        assert_that(total, equal_to([*expected, (("mine", "note:turns"), 5)]))

    mine(MinePairs("cues", EXPERT_TOO), check)


def test_a_detector_of_one_s_own_may_be_given():
    only_german = MinePairs(CueDetector(("de",)), Builders(ranked_siblings=None))
    mine(only_german, lambda mined: assert_that(mined.drafts, equal_to([])))


def test_an_unknown_detector_is_refused_before_the_pipeline_runs():
    with pytest.raises(UsageError):
        MinePairs("oracle")
