"""Implicit reward, difficulty and predictive entropy as closed forms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.protocols import Completion, LikelihoodResult
from curation.scoring.difficulty import (
    dpo_loss_bound,
    idealised_margin,
    pair_difficulty,
    ranked_correctly,
)
from curation.scoring.entropy import entropy_request, predictive_entropy
from curation.scoring.implicit_reward import (
    implicit_margin,
    implicit_reward,
    margin_uncertainty,
    sides_request,
)
from curation.scoring.logistic import log_sigmoid, sigmoid
from schemas.errors import ModelError, UsageError
from schemas.records import Message

PROMPT = [Message("user", "Name a colour.")]
LOGPROBS = st.lists(st.floats(-40, 0), max_size=8)
SIDE = st.lists(st.tuples(st.floats(-40, 0), st.floats(-40, 0)), max_size=8)
BETA = st.floats(0.01, 10)


def result(*sides):
    return LikelihoodResult(list(sides), 0, 1)


def both(chosen, rejected):
    """What a policy and a reference say of two sides, from tuples of (policy, reference)."""
    policy = result([p for p, _ in chosen], [p for p, _ in rejected])
    return policy, result([r for _, r in chosen], [r for _, r in rejected])


@given(SIDE, BETA)
def test_the_mean_form_is_the_sum_over_the_tokens(side, beta):
    reward = implicit_reward([p for p, _ in side], [r for _, r in side], beta)
    assert reward.total == pytest.approx(beta * sum(p - r for p, r in side), abs=1e-9)
    assert reward.mean * len(side) == pytest.approx(reward.total, abs=1e-9)


@given(SIDE, SIDE, BETA)
def test_swapped_sides_mirror_margin_and_keep_uncertainty(chosen, rejected, beta):
    there = implicit_margin(*both(chosen, rejected), beta)
    back = implicit_margin(*both(rejected, chosen), beta)
    assert back == (-there.total, -there.mean)
    assert margin_uncertainty(back.total) == margin_uncertainty(there.total)


@given(SIDE, BETA)
def test_identical_responses_have_no_margin(side, beta):
    assert implicit_margin(*both(side, side), beta) == (0, 0)


@given(SIDE, BETA)
def test_a_policy_that_is_its_reference_rewards_nothing(side, beta):
    policy = [p for p, _ in side]
    assert implicit_reward(policy, policy, beta) == (0, 0)


def test_models_that_part_a_reply_differently_are_refused():
    with pytest.raises(ModelError, match="2 tokens of a reply and the reference 1"):
        implicit_reward([-1.0, -1.0], [-1.0])


def test_models_that_saw_different_histories_are_refused():
    seen = result([-1.0], [-2.0])
    with pytest.raises(ModelError, match="without its first 2 messages"):
        implicit_margin(seen._replace(cut_messages=2), seen)


def test_uncertainty_has_its_closed_form():
    assert margin_uncertainty(0) == 1
    assert margin_uncertainty(2) == margin_uncertainty(-2) == pytest.approx(0.2384, abs=5e-5)


@given(st.floats(-30, 30))
def test_uncertainty_is_its_definition(margin):
    expected = 1 - 2 * abs(sigmoid(margin) - 0.5)
    assert margin_uncertainty(margin) == pytest.approx(expected, abs=1e-12)


def test_a_pair_is_one_request_for_its_two_sides():
    chosen, rejected = (Message("assistant", "Blue."),), (Message("assistant", "Dog."),)
    request = sides_request(PROMPT, chosen, rejected, max_tokens=99)
    assert (request.context, request.max_tokens) == (PROMPT, 99)
    assert request.continuations == [chosen[0], rejected[0]]


@given(LOGPROBS, LOGPROBS)
def test_swapped_sides_mirror_difficulty(chosen, rejected):
    there, back = pair_difficulty(chosen, rejected), pair_difficulty(rejected, chosen)
    assert back == (-there.total, -there.mean)
    assert ranked_correctly(there.total) + ranked_correctly(back.total) == (there.total != 0)


@given(LOGPROBS)
def test_identical_responses_have_no_difficulty(side):
    assert pair_difficulty(side, side) == (0, 0)


@given(LOGPROBS, st.integers(2, 4))
def test_a_longer_reply_of_the_same_likelihood_per_token_is_not_more_difficult(side, times):
    assert pair_difficulty(side, side * times).mean == pytest.approx(0, abs=1e-9)


@given(st.floats(-20, 20), st.floats(-20, 20), BETA)
def test_a_pair_is_ranked_rightly_exactly_below_the_loss_bound(margin, difficulty, beta):
    loss = -log_sigmoid(beta * (margin + difficulty))
    bound = dpo_loss_bound(difficulty, beta)
    if abs(margin) > 1e-6 and abs(loss - bound) > 1e-12:
        assert (loss < bound) == (margin > 0)


@given(st.floats(-700, 700), st.floats(0.001, 0.999), st.floats(0.1, 10))
def test_the_idealised_check_is_its_formula(difficulty, agreement, beta):
    ratio = math.exp(-difficulty) * (agreement / (1 - agreement)) ** (1 / beta)
    if abs(ratio - 1) > 1e-9:
        assert (idealised_margin(difficulty, agreement, beta) > 0) == (ratio > 1)


def test_unanimous_annotators_do_not_make_the_idealised_margin_infinite():
    assert idealised_margin(0.0, 1.0, 0.1) == pytest.approx(math.log(999) / 0.1)


@pytest.mark.parametrize(("agreement", "beta"), [(1.5, 0.1), (-0.1, 0.1), (0.7, 0.0)])
def test_impossible_agreement_and_beta_are_refused(agreement, beta):
    with pytest.raises(UsageError, match="must be in"):
        idealised_margin(0.0, agreement, beta)


@given(st.floats(-1e6, 1e6))
def test_the_logistic_function_and_its_logarithm_agree(x):
    assert sigmoid(x) + sigmoid(-x) == pytest.approx(1)
    assert math.exp(log_sigmoid(x)) == pytest.approx(sigmoid(x), abs=1e-12)
    assert log_sigmoid(x) - log_sigmoid(-x) == pytest.approx(x)


def test_entropy_asks_the_model_itself_with_a_seed_of_the_prompt():
    request, other = entropy_request(PROMPT, 7, 4), entropy_request([*PROMPT, PROMPT[0]], 7, 4)
    assert (request.n, request.temperature, request.top_p) == (4, 1.0, 1.0)
    assert request.seed != other.seed
    assert request == entropy_request(tuple(PROMPT), 7, 4)._replace(messages=PROMPT)


@given(st.integers(1, 20), st.integers(2, 1000))
def test_samples_of_a_uniform_choice_have_the_entropy_of_that_choice(n, choices):
    sample = Completion("x", "stop", 9, 1, -math.log(choices))
    entropy = predictive_entropy([sample] * n)
    assert entropy.total == pytest.approx(math.log(choices))
    assert entropy.per_token == pytest.approx(math.log(choices) / 2)


def test_the_end_counts_as_a_token_only_where_the_reply_ended():
    cut = Completion("x y", "length", 9, 2, -3.0)
    assert predictive_entropy([cut]).per_token == 1.5
    assert predictive_entropy([cut._replace(finish_reason="stop")]).per_token == 1.0


def test_a_backend_without_log_probabilities_is_refused():
    with pytest.raises(ModelError, match="no log-probabilities"):
        predictive_entropy([Completion("x", "stop", 9, 1)])


def test_no_samples_have_no_entropy():
    with pytest.raises(ModelError, match="at least one sample"):
        predictive_entropy([])
