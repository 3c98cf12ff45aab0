"""Closed forms of soft labels, the sweet spot and mirrored pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.scoring.bald import bald
from curation.scoring.mirrored import accuracy, mirrored
from curation.selection.certainty import UNCERTAINTIES
from curation.selection.soft_labels import label_responsibility, soft_target
from curation.selection.strategies.sweet_spot import sweet_spot
from curation.selection.upo import easy_weight, hard_weight, is_noise
from schemas.errors import ModelError
from schemas.records import Message

SHARES = st.floats(0.01, 0.99)
TEXTS = st.text(min_size=1, max_size=20)


@pytest.mark.parametrize(("probability", "expected"), [(0.9, 0.98780), (0.1, 0.5)])
def test_responsibility_of_a_label(probability, expected):
    assert label_responsibility(0.9, probability) == pytest.approx(expected, abs=1e-5)


@given(SHARES, SHARES)
def test_a_wrong_label_of_the_mirrored_pair_has_the_rest_of_the_probability(eta, p):
    assert label_responsibility(eta, p) + label_responsibility(1 - eta, 1 - p) == pytest.approx(1)


@given(st.floats(-30, 30), st.floats(0.1, 3))
def test_soft_targets_of_the_two_directions_add_up_to_one(margin, gamma):
    assert soft_target(0.0, gamma) == 0.5
    assert soft_target(margin, gamma) + soft_target(-margin, gamma) == pytest.approx(1)
    assert soft_target(1e4, gamma) == 1


def test_of_many_normal_rewards_the_rejected_one_lies_two_deviations_below_the_mean():
    rng = np.random.default_rng(0)
    drawn = [rng.normal(3.0, 1.0, 2000) for _ in range(50)]
    picked = [sweet_spot(rewards.tolist()) for rewards in drawn]
    rejected = [rewards[pick.rejected] for rewards, pick in zip(drawn, picked, strict=True)]
    assert np.mean(rejected) == pytest.approx(3.0 - 2.0, abs=0.03)
    assert all(r[p.chosen] == r.max() for r, p in zip(drawn, picked, strict=True))


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=9, unique=True), st.randoms())
def test_the_order_of_the_candidates_changes_nothing(rewards, random):
    shuffled = random.sample(rewards, len(rewards))
    one, other = sweet_spot(rewards), sweet_spot(shuffled)
    assert rewards[one.chosen] == shuffled[other.chosen] == max(rewards)
    target = np.mean(rewards) - 2 * np.std(rewards)
    assert abs(rewards[one.rejected] - target) == pytest.approx(
        abs(shuffled[other.rejected] - target)
    )


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=8))
def test_a_judge_that_ignores_the_system_prompt_is_right_exactly_half_of_the_time(answers):
    prompt = [Message("user", "Write a line.")]
    pairs = [c for pair in answers for c in mirrored(prompt, ("Be brief.", "Be long."), pair)]

    def longer_wins(comparison):
        gap = len(comparison.first) - len(comparison.second)
        return 0.5 + 0.4 * ((gap > 0) - (gap < 0))

    def reads_the_system_prompt(comparison):
        return 1.0 if comparison.prompt[0].content == "Be long." else 0.0

    assert accuracy(pairs, longer_wins) == 0.5
    assert accuracy(pairs[1::2], reads_the_system_prompt) == 1.0


@pytest.mark.parametrize(("margin", "expected"), [(0.0, 1.0), (2.0, 0.2384), (-2.0, 0.2384)])
def test_openness_of_an_implicit_margin(margin, expected):
    assert UNCERTAINTIES["implicit_margin"](margin) == pytest.approx(expected, abs=1e-4)


def test_upo_draws_what_is_known_as_easy_and_what_is_not_as_hard():
    unsure = bald([0.0, 1.0] * 5)
    assert (easy_weight(bald([0.3] * 10)), hard_weight(bald([0.3] * 10))) == (1.0, 0.0)
    assert hard_weight(unsure) == pytest.approx(np.log(2))
    assert easy_weight(unsure) == pytest.approx(1 - np.log(2))
    assert (easy_weight(2.0), hard_weight(-1e-12)) == (0.0, 0.0)
    for bad in (easy_weight, hard_weight, is_noise):
        with pytest.raises(ModelError):
            bad(float("nan"))


@given(st.lists(SHARES, min_size=1, max_size=9))
def test_upo_takes_a_pair_for_noise_when_most_passes_prefer_the_rejected_side(passes):
    against, ahead = sum(p < 0.5 for p in passes), sum(p > 0.5 for p in passes)
    share = (ahead + 0.5 * (len(passes) - ahead - against)) / len(passes)
    assert is_noise(share) == (against > ahead)
