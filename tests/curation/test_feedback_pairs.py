"""Which pairs follow from which feedback."""

import json

import pytest
from planted_conversations import chat, contents, signal

from curation.feedback.complaints import (
    MAX_COMPLAINT,
    MAX_COMPLAINTS,
    MAX_REQUEST,
    feedback_words,
    objections,
)
from curation.feedback.cues import CueDetector
from curation.feedback.detector import signals_of
from curation.feedback.exchanges import is_complete
from curation.feedback.pairs import (
    ExpertSettings,
    FollowUpLikelihoodSettings,
    OnPolicySettings,
    RankedSiblingSettings,
    expert_drafts,
    followup_likelihood_drafts,
    on_policy_drafts,
    ranked_sibling_drafts,
)
from curation.feedback.preference import MAX_PREFERENCE
from curation.feedback.revisions import revision_drafts
from curation.prompts.wildfeedback_hint import HINT
from schemas import Conversation, Message, validate
from schemas.errors import SchemaError
from schemas.ids import draft_id


class TestExpert:
    def test_rejected_is_the_reply_before_the_feedback_and_prompt_what_came_before_it(self):
        conversation = chat("Q1", "A1", "Q2", "A2", "Wrong!", "A3")
        (draft,) = expert_drafts(conversation, [signal(4)])
        assert contents(draft.pair.prompt) == ["Q1", "A1", "Q2"]
        assert contents(draft.pair.rejected) == ["A2"]
        assert draft.pair.chosen == ()

    def test_neither_the_feedback_nor_the_hint_is_in_the_prompt(self):
        (draft,) = expert_drafts(chat("Q1", "A1", "It is wrong, Sir!"), [signal(2)])
        assert "Sir" in draft.hint
        assert contents(draft.pair.prompt) == ["Q1"]

    def test_the_preference_stays_on_the_record_as_rubric(self):
        (draft,) = expert_drafts(chat("Q1", "A1", "Wrong!"), [signal(2)])
        assert draft.pair.rubric == draft.hint
        assert draft.pair.rationale == "Turn 2 objects (because; by test)."

    def test_it_says_where_it_comes_from(self):
        conversation = chat("Q1", "A1", "Wrong!", file="x.json", position="70", group="tree")
        (draft,) = expert_drafts(conversation, [signal(2)])
        pair = draft.pair
        origin = pair.provenance
        assert (origin.input, origin.position, origin.group, origin.turn) == (
            "x.json",
            70,
            "tree",
            2,
        )
        assert origin.prompts == (HINT.identity,)
        assert pair.id == draft_id("expert", pair.prompt, pair.rejected, draft.hint)
        assert (pair.method, pair.source, pair.conversation_id) == ("expert", "test", "c")

    def test_without_a_group_the_conversation_is_the_group(self):
        (draft,) = expert_drafts(chat("Q1", "A1", "Wrong!"), [signal(2)])
        assert draft.pair.provenance.group == "c"

    def test_unsure_signals_make_no_draft(self):
        conversation = chat("Q1", "A1", "Wrong!")
        assert expert_drafts(conversation, [signal(2, 0.4)]) == []
        sure = ExpertSettings(min_confidence=0.4)
        assert len(expert_drafts(conversation, [signal(2, 0.4)], sure)) == 1

    def test_satisfaction_makes_no_draft(self):
        found = [signal(2, polarity="satisfaction")]
        assert expert_drafts(chat("Q1", "A1", "Great!"), found) == []

    def test_a_turn_that_thanks_and_complains_makes_one_draft(self):
        found = [signal(2), signal(2, polarity="satisfaction")]
        assert len(expert_drafts(chat("Q1", "A1", "Thanks, but wrong"), found)) == 1

    def test_the_surest_signals_come_first_and_then_the_earliest(self):
        conversation = chat(*(f"t{i}" for i in range(9)))
        found = [signal(2, 0.6), signal(4, 0.9), signal(6, 0.6), signal(8, 0.7)]
        drafts = expert_drafts(conversation, found, ExpertSettings(0.5, 3))
        assert [draft.pair.provenance.turn for draft in drafts] == [4, 8, 2]

    @pytest.mark.parametrize("reply", ["", "  \n", "\u200b"])
    def test_a_blank_reply_is_no_rejected_side(self, reply):
        assert expert_drafts(chat("Q1", reply, "Wrong!"), [signal(2)]) == []

    def test_a_reply_to_nobody_is_skipped(self):
        conversation = chat("Hello!", "Wrong!", first="assistant")
        assert expert_drafts(conversation, [signal(1)]) == []

    def test_what_an_earlier_path_has_shown_makes_no_draft_again(self):
        conversation = chat("Q1", "A1", "Wrong!", "A2", "Wrong!", new_from="3")
        drafts = expert_drafts(conversation, [signal(2), signal(4)])
        assert [draft.pair.provenance.turn for draft in drafts] == [4]


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
            expert_drafts(chat("Q1", "A1", "Wrong!", **{key: "x"}), [signal(2)])


def test_detector_and_builder_agree_on_the_turn():
    conversation = chat("2 + 2?", "4", "And 3 + 3?", "7", "That's wrong.")
    found = signals_of(conversation, CueDetector().label([conversation])[0])
    (draft,) = expert_drafts(conversation, found)
    assert contents(draft.pair.rejected) == ["7"]


def test_very_long_turns_are_taken_whole_and_the_hint_stays_short():
    conversation = chat("Q " * 200_000, "bad " * 100_000, "That's wrong. " * 28_000)
    found = signals_of(conversation, CueDetector().label([conversation])[0])
    (draft,) = expert_drafts(conversation, found)
    assert len(draft.pair.prompt[0].content) == len(draft.pair.rejected[0].content) == 400_000
    assert len(draft.hint) <= MAX_PREFERENCE


class TestOnPolicy:
    TURNS = ("Q1", "A1", "Q2", "A2", "Wrong!")

    def test_it_takes_the_prompts_of_expert_and_leaves_both_sides_to_the_policy(self):
        (draft,) = on_policy_drafts(chat(*self.TURNS), [signal(4)])
        (expert,) = expert_drafts(chat(*self.TURNS), [signal(4)])
        assert (draft.pair.prompt, draft.hint) == (expert.pair.prompt, expert.hint)
        assert (draft.pair.chosen, draft.pair.rejected) == ((), ())
        assert (draft.pair.method, is_complete(draft)) == ("on_policy", False)
        assert draft.pair.id == draft_id("on_policy", draft.pair.prompt, (), draft.hint)

    def test_its_limits_are_its_own(self):
        talk = chat(*(f"t{i}" for i in range(9)))
        found = [signal(2, 0.6), signal(4, 0.9), signal(6, 0.3)]
        drafts = on_policy_drafts(talk, found, OnPolicySettings(0.2, 1))
        assert [draft.pair.provenance.turn for draft in drafts] == [4]
        assert len(on_policy_drafts(talk, found, OnPolicySettings(0.2, 9))) == 3


class TestFollowUpLikelihood:
    TURNS = ("Q1", "A1", "Q2", "A2", "Q3")

    def test_the_first_replies_become_drafts_without_any_feedback(self):
        (draft,) = followup_likelihood_drafts(chat(*self.TURNS))
        assert contents(draft.pair.prompt) == ["Q1"]
        assert (draft.hint, draft.feedback, draft.pair.method) == (None, (), "followup_likelihood")
        both = FollowUpLikelihoodSettings(max_per_conversation=9)
        prompts = [d.pair.prompt for d in followup_likelihood_drafts(chat(*self.TURNS), (), both)]
        assert [contents(prompt) for prompt in prompts] == [["Q1"], ["Q1", "A1", "Q2"]]

    def test_the_logged_reply_takes_part_when_it_is_asked_for(self):
        (with_logged,) = followup_likelihood_drafts(chat("Q1", "A1"))
        assert contents(with_logged.pair.rejected) == ["A1"]
        alone = FollowUpLikelihoodSettings(include_logged=False)
        (without,) = followup_likelihood_drafts(chat("Q1", "A1"), (), alone)
        assert (without.pair.rejected, without.pair.chosen) == ((), ())
        assert without.pair.id != with_logged.pair.id

    def test_what_an_earlier_path_has_shown_is_not_sampled_again(self):
        alone = FollowUpLikelihoodSettings(include_logged=False, max_per_conversation=9)
        branch = chat("Q1", "A1", "Q2", "A2", new_from="3")
        assert followup_likelihood_drafts(branch, (), alone) == []
        (draft,) = followup_likelihood_drafts(branch)
        assert contents(draft.pair.rejected) == ["A2"]

    def test_blank_turns_and_replies_to_nobody_are_skipped(self):
        assert followup_likelihood_drafts(chat("Hello!", "Hi", first="assistant")) == []
        assert followup_likelihood_drafts(chat(" ", "A1")) == []
        assert followup_likelihood_drafts(chat("Q1", "\u200b")) == []


class TestFeedbackWords:
    def test_the_first_request_and_then_the_complaints_in_order(self):
        talk = chat("Q1", "A1", "Wrong <|im_end|> one", "A2", "fine", "A3", 'Still "wrong"')
        words = feedback_words(talk, [signal(6), signal(2)])
        assert words == ("Q1", "Wrong one", "Still")

    def test_all_drafts_of_a_conversation_carry_the_same(self):
        talk = chat("Q1", "bad", "Wrong!", "good", "Perfect!", "bad", "Too long!")
        found = [signal(2), signal(4, polarity="satisfaction"), signal(6)]
        drafts = [
            *expert_drafts(talk, found),
            *on_policy_drafts(talk, found),
            *revision_drafts(talk, found),
        ]
        assert len(drafts) == 5
        assert {draft.feedback for draft in drafts} == {("Q1", "Wrong!", "Too long!")}

    def test_it_is_bounded(self):
        turns = ["x " * 9_000, *("A", "no, that is wrong " * 400) * 20]
        found = [signal(turn) for turn in range(2, 41, 2)]
        words = feedback_words(chat(*turns), found)
        assert len(words) == 1 + MAX_COMPLAINTS
        assert len(words[0]) <= MAX_REQUEST
        assert max(map(len, words[1:])) <= MAX_COMPLAINT

    def test_who_has_no_words_of_their_own_is_quoted(self):
        assert feedback_words(chat("Q1", "A1", "`x = 1`"), [signal(2)]) == ("Q1", "`x = 1`")

    def test_without_complaints_there_is_nothing_to_distil(self):
        assert feedback_words(chat("Q1", "A1", "Thanks"), [signal(2, 0.4)]) == ()


@pytest.mark.parametrize("field", [{"state": "new_topic"}, {"relation": "unrelated"}])
def test_a_revision_of_something_else_is_no_objection(field):
    found = signal(2)._replace(category="revision", **field)
    assert objections([found], 0.5) == {}
    assert list(objections([found._replace(category="factual_error")], 0.5)) == [2]
