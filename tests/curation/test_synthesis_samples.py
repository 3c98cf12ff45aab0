"""The best and the worst of several replies, by follow-up likelihood."""

from math import nan

import pytest
from planted_conversations import chat

from curation.feedback.pairs import FollowUpLikelihoodSettings, followup_likelihood_drafts
from curation.models.protocols import Completion, JointResult
from curation.scoring.pairs import PairScoring, follow_ups_name
from curation.selection.pairing import PairingSettings
from curation.synthesis.reply import ReplySampling
from curation.synthesis.samples import (
    SampledDraft,
    best_and_worst,
    rank_request,
    samples_request,
    with_samples,
)
from schemas import Drop, Message, PreferencePair, validate
from schemas.errors import ModelError, UsageError
from schemas.ids import pair_id

TALK = chat("Name a river.", "The Rhine.")
(LOGGED,) = followup_likelihood_drafts(TALK)
(ALONE,) = followup_likelihood_drafts(TALK, (), FollowUpLikelihoodSettings(include_logged=False))
SAMPLING = ReplySampling(seed=3, max_new_tokens=8)
SCORING = PairScoring(dimensions=("relevance",), per_side=1)


def sampled(*texts, draft=ALONE, finish="stop"):
    completions = [Completion(text, finish, 9, 4, cut_messages=2) for text in texts]
    return with_samples(draft, completions, SAMPLING, "m@r")


def ranked(rewards, replies, scoring=SCORING, **more):
    """The pair for rewards that are the likelihood of the one positive follow-up."""
    result = JointResult([[reward, 0.0] for reward in rewards], None, 1, 50)
    return best_and_worst(replies, result, scoring, "s@r", **more)


class TestSamples:
    def test_the_policy_is_asked_for_the_prompt_alone_as_often_as_wished(self):
        request = samples_request(ALONE, 5, SAMPLING)
        assert (request.n, request.messages) == (5, [Message("user", "Name a river.")])
        assert request.seed == samples_request(ALONE, 5, SAMPLING).seed

    def test_one_reply_is_no_choice(self):
        with pytest.raises(UsageError, match="at least 2"):
            samples_request(ALONE, 1, SAMPLING)
        assert samples_request(LOGGED, 1, SAMPLING).n == 1

    def test_finished_and_different_replies_take_part_and_the_logged_one_first(self):
        assert sampled("A", " A ", "B", "").responses == ("A", "B")
        found = sampled("A", "The Rhine.", "B", draft=LOGGED)
        assert found.responses == ("The Rhine.", "A", "B")
        assert found.draft.pair.provenance.models == ("policy=m@r",)

    @pytest.mark.parametrize("texts", [(), ("A",), ("A", "A"), ("A", " ")])
    def test_fewer_than_two_are_dropped(self, texts):
        dropped = sampled(*texts)
        assert dropped == Drop(ALONE.pair.id, "too_few_samples", float(bool(texts)), 2.0)
        assert sampled("A", "B", finish="length").filter == "too_few_samples"


class TestRanking:
    REPLIES = sampled("good", "so so", "bad")

    def test_the_follow_ups_are_asked_after_every_reply_and_no_similarity(self):
        request = rank_request(self.REPLIES, SCORING)
        assert (request.responses, request.similarity) == (["good", "so so", "bad"], False)
        assert len(request.follow_ups) == 2
        calibrated = rank_request(self.REPLIES, SCORING._replace(calibrate=True))
        assert calibrated.responses[-1] == ""

    def test_without_follow_ups_there_is_nothing_to_rank_by(self):
        with pytest.raises(UsageError, match="dimension"):
            rank_request(self.REPLIES, SCORING._replace(dimensions=()))

    def test_the_highest_reward_is_chosen_and_the_lowest_rejected(self):
        pair = validate(ranked([-2.0, -1.0, -5.0], self.REPLIES))
        assert (pair.chosen[0].content, pair.rejected[0].content) == ("so so", "bad")
        assert (pair.chosen_score, pair.rejected_score, pair.margin) == (-1.0, -5.0, 4.0)
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert (pair.method, pair.cut_messages) == ("followup_likelihood", 2)

    def test_calibration_subtracts_the_reward_of_an_empty_reply(self):
        scoring = SCORING._replace(calibrate=True)
        pair = ranked([-2.0, -1.0, -5.0, -3.0], self.REPLIES, scoring)
        assert (pair.chosen_score, pair.rejected_score, pair.margin) == (2.0, -2.0, 4.0)

    def test_ties_go_to_the_first_and_equal_scores_make_no_pair(self):
        pair = ranked([-1.0, -1.0, -5.0], self.REPLIES)
        assert pair.chosen[0].content == "good"
        dropped = ranked([-1.0, -1.0, -1.0], self.REPLIES)
        assert (dropped.pair_id, dropped.filter) == (ALONE.pair.id, "equal_scores")

    def test_the_logged_reply_may_win_or_lose(self):
        replies = sampled("A", draft=LOGGED)
        assert ranked([-1.0, -2.0], replies).chosen[0].content == "The Rhine."
        assert ranked([-2.0, -1.0], replies).rejected[0].content == "The Rhine."

    def test_the_record_says_who_wrote_and_who_ranked_by_what(self):
        origin = ranked([-2.0, -1.0, -5.0], self.REPLIES).provenance
        assert origin.models == ("policy=m@r", "scorer=s@r")
        assert origin.prompts == (follow_ups_name(SCORING),)
        assert origin.seed == samples_request(ALONE, 4, SAMPLING).seed

    def test_another_pairing_takes_other_replies(self):
        pairing = PairingSettings("sweet_spot", k=0.1)
        pair = ranked([-2.0, -1.0, -5.0], self.REPLIES, pairing=pairing, seed=3)
        best = ranked([-2.0, -1.0, -5.0], self.REPLIES)
        assert pair.chosen == best.chosen
        assert pair.rejected == (Message("assistant", self.REPLIES.responses[0]),)
        assert pair.margin == pair.chosen_score - pair.rejected_score > 0
        far = PairingSettings("air", min_margin=99.0)
        assert ranked([-2.0, -1.0, -5.0], self.REPLIES, pairing=far).filter == "outside_margin"

    def test_a_reward_that_is_no_number_is_the_model_s_failure(self):
        with pytest.raises(ModelError, match="broken"):
            ranked([-2.0, nan, -5.0], self.REPLIES)


def test_the_real_model_samples_and_ranks(model):
    sampling = ReplySampling(seed=1, max_new_tokens=12, keep_truncated=True)
    (completions,) = model.generate([samples_request(LOGGED, 3, sampling)])
    found = with_samples(LOGGED, completions, sampling, "m@r")
    assert isinstance(found, SampledDraft)
    (result,) = model.measure([rank_request(found, SCORING)])
    pair = best_and_worst(found, result, SCORING, "m@r")
    assert isinstance(pair, PreferencePair)
    assert pair.margin > 0
    assert {pair.chosen[0].content, pair.rejected[0].content} <= set(found.responses)
