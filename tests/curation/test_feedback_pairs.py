"""Which pairs follow from which feedback."""

import json

import pytest

from curation.feedback.cues import CueDetector
from curation.feedback.pairs import (
    RankedSiblingSettings,
    RevisionSettings,
    WildFeedbackSettings,
    ranked_sibling_drafts,
    revision_drafts,
    wildfeedback_drafts,
)
from curation.feedback.preference import PROMPT_ID
from schemas import Conversation, FeedbackSignal, Message, validate
from schemas.errors import SchemaError
from schemas.ids import draft_id, pair_id


def chat(*turns: str, first: str = "user", **metadata: str) -> Conversation:
    roles = ("user", "assistant") if first == "user" else ("assistant", "user")
    talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(turns))
    return Conversation("c", talk, "test", None, None, None, None, metadata)


def signal(turn: int, score: float = 0.9, polarity: str = "dissatisfaction") -> FeedbackSignal:
    category = "factual_error" if polarity == "dissatisfaction" else "praise"
    return FeedbackSignal("c", turn, polarity, category, "because", score, "test")


def contents(messages) -> list[str]:
    return [message.content for message in messages]


class TestWildFeedback:
    def test_rejected_is_the_reply_before_the_feedback_and_prompt_what_came_before_it(self):
        conversation = chat("Q1", "A1", "Q2", "A2", "Wrong!", "A3")
        (draft,) = wildfeedback_drafts(conversation, [signal(4)])
        assert contents(draft.pair.prompt) == ["Q1", "A1", "Q2"]
        assert contents(draft.pair.rejected) == ["A2"]
        assert draft.pair.chosen == ()

    def test_neither_the_feedback_nor_the_hint_is_in_the_prompt(self):
        (draft,) = wildfeedback_drafts(chat("Q1", "A1", "It is wrong, Sir!"), [signal(2)])
        assert "Sir" in draft.hint
        assert contents(draft.pair.prompt) == ["Q1"]

    def test_the_preference_stays_on_the_record_as_rubric(self):
        (draft,) = wildfeedback_drafts(chat("Q1", "A1", "Wrong!"), [signal(2)])
        assert draft.pair.rubric == draft.hint
        assert draft.pair.rationale is None

    def test_it_says_where_it_comes_from(self):
        conversation = chat("Q1", "A1", "Wrong!", file="x.json", position="70", group="tree")
        (draft,) = wildfeedback_drafts(conversation, [signal(2)])
        pair = draft.pair
        origin = pair.provenance
        assert (origin.input, origin.position, origin.group, origin.turn) == (
            "x.json",
            70,
            "tree",
            2,
        )
        assert origin.prompts == (PROMPT_ID,)
        assert pair.id == draft_id("wildfeedback", pair.prompt, pair.rejected, draft.hint)
        assert (pair.method, pair.source, pair.conversation_id) == ("wildfeedback", "test", "c")

    def test_without_a_group_the_conversation_is_the_group(self):
        (draft,) = wildfeedback_drafts(chat("Q1", "A1", "Wrong!"), [signal(2)])
        assert draft.pair.provenance.group == "c"

    def test_unsure_signals_make_no_draft(self):
        conversation = chat("Q1", "A1", "Wrong!")
        assert wildfeedback_drafts(conversation, [signal(2, 0.4)]) == []
        sure = WildFeedbackSettings(min_confidence=0.4)
        assert len(wildfeedback_drafts(conversation, [signal(2, 0.4)], sure)) == 1

    def test_satisfaction_makes_no_draft(self):
        found = [signal(2, polarity="satisfaction")]
        assert wildfeedback_drafts(chat("Q1", "A1", "Great!"), found) == []

    def test_a_turn_that_thanks_and_complains_makes_one_draft(self):
        found = [signal(2), signal(2, polarity="satisfaction")]
        assert len(wildfeedback_drafts(chat("Q1", "A1", "Thanks, but wrong"), found)) == 1

    def test_the_surest_signals_come_first_and_then_the_earliest(self):
        conversation = chat(*(f"t{i}" for i in range(9)))
        found = [signal(2, 0.6), signal(4, 0.9), signal(6, 0.6), signal(8, 0.7)]
        drafts = wildfeedback_drafts(conversation, found, WildFeedbackSettings(0.5, 3))
        assert [draft.pair.provenance.turn for draft in drafts] == [4, 8, 2]

    @pytest.mark.parametrize("reply", ["", "  \n", "\u200b"])
    def test_a_blank_reply_is_no_rejected_side(self, reply):
        assert wildfeedback_drafts(chat("Q1", reply, "Wrong!"), [signal(2)]) == []

    def test_a_reply_to_nobody_is_skipped(self):
        conversation = chat("Hello!", "Wrong!", first="assistant")
        assert wildfeedback_drafts(conversation, [signal(1)]) == []

    def test_what_an_earlier_path_has_shown_makes_no_draft_again(self):
        conversation = chat("Q1", "A1", "Wrong!", "A2", "Wrong!", new_from="3")
        drafts = wildfeedback_drafts(conversation, [signal(2), signal(4)])
        assert [draft.pair.provenance.turn for draft in drafts] == [4]


class TestRevisions:
    TURNS = ("Q1", "bad", "Wrong!", "good", "Perfect!")
    FOUND = (signal(2), signal(4, polarity="satisfaction"))

    def test_the_second_reply_is_chosen_over_the_first(self):
        (draft,) = revision_drafts(chat(*self.TURNS), self.FOUND)
        pair = validate(draft.pair)
        assert draft.hint is None
        assert (contents(pair.prompt), contents(pair.chosen), contents(pair.rejected)) == (
            ["Q1"],
            ["good"],
            ["bad"],
        )
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert (pair.method, pair.provenance.turn, pair.rationale) == ("revisions", 2, None)
        assert "Wrong!" in pair.rubric

    def test_satisfaction_with_a_new_complaint_is_no_success(self):
        assert revision_drafts(chat(*self.TURNS), (*self.FOUND, signal(4, 0.3))) == []

    def test_silence_counts_only_when_asked_for(self):
        conversation, found = chat(*self.TURNS[:4]), self.FOUND[:1]
        assert revision_drafts(conversation, found) == []
        silent = RevisionSettings(accept_silence=True)
        assert len(revision_drafts(conversation, found, silent)) == 1

    def test_equal_replies_make_no_pair(self):
        assert revision_drafts(chat("Q1", "same", "Wrong!", "same", "Fine"), self.FOUND) == []

    def test_a_blank_revision_makes_no_pair(self):
        assert revision_drafts(chat("Q1", "bad", "Wrong!", " ", "Fine"), self.FOUND) == []

    def test_a_new_branch_after_a_shared_objection_makes_its_own_pair(self):
        assert revision_drafts(chat(*self.TURNS, new_from="5"), self.FOUND) == []
        assert len(revision_drafts(chat(*self.TURNS, new_from="3"), self.FOUND)) == 1


class TestRankedSiblings:
    @staticmethod
    def ranked(*ranks: int, turn: int = 1) -> Conversation:
        replies = [{"content": f"reply {i}", "rank": rank} for i, rank in enumerate(ranks)]
        return chat("Q1", "A1", rankings=json.dumps([{"turn": turn, "replies": replies}]))

    def test_best_against_worst_comes_first_and_then_the_widest_distance(self):
        drafts = ranked_sibling_drafts(self.ranked(0, 1, 2), RankedSiblingSettings(9))
        sides = [(*contents(d.pair.chosen), *contents(d.pair.rejected)) for d in drafts]
        assert sides == [
            ("reply 0", "reply 2"),
            ("reply 0", "reply 1"),
            ("reply 1", "reply 2"),
        ]

    def test_one_pair_per_prompt_by_default(self):
        (draft,) = ranked_sibling_drafts(self.ranked(0, 1, 2))
        pair = validate(draft.pair)
        assert (pair.method, draft.hint, contents(pair.prompt)) == ("ranked_siblings", None, ["Q1"])
        assert pair.provenance.turn is None

    def test_ties_and_blank_or_equal_replies_make_no_pair(self):
        assert ranked_sibling_drafts(self.ranked(1, 1)) == []
        replies = [{"content": text, "rank": i} for i, text in enumerate(["x", "x", " "])]
        text = json.dumps([{"turn": 1, "replies": replies}])
        assert ranked_sibling_drafts(chat("Q1", "A1", rankings=text)) == []

    def test_replies_to_an_assistant_turn_make_no_pair(self):
        conversation = self.ranked(0, 1)._replace(
            messages=(Message("assistant", "Hi"), Message("assistant", "Ho"))
        )
        assert ranked_sibling_drafts(conversation) == []

    def test_a_conversation_without_rankings_makes_no_pair(self):
        assert ranked_sibling_drafts(chat("Q1", "A1")) == []

    @pytest.mark.parametrize(
        "text",
        [
            "no json",
            "{}",
            "[1]",
            '[{"turn": 7, "replies": []}]',
            '[{"turn": true, "replies": []}]',
            '[{"turn": 1, "replies": [{"content": 5, "rank": 0}]}]',
            '[{"turn": 1, "replies": [{"content": "x"}]}]',
            "[" * 100_000,
        ],
    )
    def test_rankings_out_of_form_are_refused(self, text):
        with pytest.raises(SchemaError, match="rankings"):
            ranked_sibling_drafts(chat("Q1", "A1", rankings=text))


def test_metadata_that_are_no_numbers_are_refused():
    for key in ("position", "new_from"):
        with pytest.raises(SchemaError, match=key):
            wildfeedback_drafts(chat("Q1", "A1", "Wrong!", **{key: "x"}), [signal(2)])


def test_detector_and_builder_agree_on_the_turn():
    conversation = chat("2 + 2?", "4", "And 3 + 3?", "7", "That's wrong.")
    (draft,) = wildfeedback_drafts(conversation, CueDetector().detect([conversation])[0])
    assert contents(draft.pair.rejected) == ["7"]
