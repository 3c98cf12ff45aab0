"""Reliability of annotators by EM, and flip rates from repeated labels."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.scoring.logistic import log_sigmoid, sigmoid
from curation.selection.annotators import Observation, add, merge, no_evidence
from curation.selection.label_noise import (
    WIDTH,
    EmSettings,
    bin_of,
    label_posterior,
    log_odds,
    reliability,
)
from curation.selection.repeated_labels import (
    flip_rate,
    flip_rate_of,
    robust_weights,
    smoothed_weights,
)
from curation.selection.soft_labels import label_responsibility
from schemas.errors import ModelError, UsageError

SPREADS = {
    "narrow": lambda rng, n: rng.normal(0, 1, n),
    "wide": lambda rng, n: rng.normal(0, 4, n),
    "uniform": lambda rng, n: rng.logistic(0, 1, n),
    "lopsided": lambda rng, n: rng.normal(1, 1.5, n),
}
RATES = (0.1, 0.2, 0.3)
ODDS = st.floats(-12, 12)
TRUST = st.floats(0.01, 0.99)
LABELS = st.lists(ODDS, min_size=1, max_size=40)


def labelled_odds(rng, odds, rate):
    """Log-odds of the labelled sides: truth by the model's probabilities, labels flipped."""
    better = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    said = better ^ (rng.random(len(odds)) < rate)
    return np.where(said, odds, -odds)


def counted(odds):
    """Labels by bin."""
    return Counter(map(bin_of, odds.tolist()))


def plain_em(odds, start, rounds):
    """EM as it is written down, over single labels."""
    p = 1 / (1 + np.exp(-odds))
    eta = start
    for _ in range(rounds):
        eta = float(np.mean(eta * p / (eta * p + (1 - eta) * (1 - p))))
    return eta


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("spread", SPREADS)
@pytest.mark.parametrize("seed", range(3))
def test_a_flip_rate_is_recovered_within_two_hundredths(seed, spread, rate):
    rng = np.random.default_rng([seed, int(10 * rate)])
    odds = labelled_odds(rng, SPREADS[spread](rng, 50_000), rate)
    found = reliability(counted(odds))
    assert found.converged
    assert found.labels == 50_000
    assert abs((1 - found.value) - rate) <= 0.02
    assert found.high - found.low < 0.03


@pytest.mark.parametrize("rate", [0.0, 0.5, 0.9, 1.0])
def test_infallible_useless_and_contrary_annotators_are_told_apart(rate):
    rng = np.random.default_rng(7)
    odds = labelled_odds(rng, rng.normal(0, 3, 30_000), rate)
    assert reliability(counted(odds)).value == pytest.approx(1 - rate, abs=0.02)


def test_the_true_rate_lies_in_the_interval_about_as_often_as_it_says():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        found = reliability(counted(labelled_odds(rng, rng.normal(0, 2, 500), 0.2)))
        held += found.low <= 0.8 <= found.high
    assert 180 <= held <= 199


def test_posteriors_of_labels_are_calibrated():
    rng = np.random.default_rng(1)
    odds = rng.normal(0, 1.5, 40_000)
    better = rng.random(len(odds)) < 1 / (1 + np.exp(-odds))
    right = rng.random(len(odds)) >= 0.2
    seen = np.where(better == right, odds, -odds)
    trust = reliability(counted(seen)).value
    posterior = np.array([label_posterior(x, [(trust, True)]) for x in seen.tolist()])
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (posterior >= low) & (posterior < low + 0.2)
        assert np.mean(right[inside]) == pytest.approx(np.mean(posterior[inside]), abs=0.03)


@pytest.mark.parametrize("start", [0.05, 0.5, 0.9])
def test_bins_and_halving_end_where_plain_em_ends_from_any_start(start):
    rng = np.random.default_rng(3)
    odds = labelled_odds(rng, rng.normal(0, 2, 5000), 0.25)
    found = reliability(counted(odds), EmSettings(prior=0))
    assert found.value == pytest.approx(plain_em(odds, start, 3000), abs=1e-4)


def test_models_that_are_too_sure_make_annotators_look_worse():
    rng = np.random.default_rng(5)
    odds = labelled_odds(rng, rng.normal(0, 1, 30_000), 0.2)
    right, sure, unsure = (reliability(counted(beta * odds)).value for beta in (1, 2, 0.5))
    assert sure < right - 0.05 < right + 0.05 < unsure


@pytest.mark.parametrize("bins", [{}, {0: 5000}, {0: 3, 7: 0}])
def test_where_the_model_says_nothing_no_reliability_is_made_up(bins):
    found = reliability(bins)
    assert found.value is None
    assert (found.low, found.high) == (0.0, 1.0)


def test_next_to_nothing_is_shown_by_the_interval():
    found = reliability({1: 40, -1: 20})
    assert found.low < 0.1
    assert found.high > 0.9


def test_prior_labels_keep_an_annotator_from_being_infallible():
    sure = {bin_of(8.0): 100}
    assert reliability(sure).value < 1 - 1e-3
    assert reliability(sure, EmSettings(prior=0)).value == pytest.approx(1, abs=1e-6)


def test_too_few_rounds_are_reported():
    found = reliability({512: 30, -512: 10}, EmSettings(max_rounds=3))
    assert not found.converged
    assert found.rounds == 3


@pytest.mark.parametrize(
    "settings",
    [
        EmSettings(prior=-1),
        EmSettings(prior=math.nan),
        EmSettings(prior=math.inf),
        EmSettings(tolerance=0),
        EmSettings(max_rounds=0),
    ],
    ids=str,
)
def test_settings_that_estimate_nothing_are_refused(settings):
    with pytest.raises(UsageError):
        reliability({1: 1}, settings)


@given(LABELS, st.randoms())
def test_the_order_of_labels_and_of_merging_changes_no_bit(odds, random):
    seen = [Observation(place=bin_of(x)) for x in odds]
    seen += [Observation(votes=(round(abs(x)), 2)) for x in odds]
    whole = merge([add(no_evidence(), one) for one in seen])
    random.shuffle(seen)
    parts = [no_evidence()]
    for one in seen:
        if random.random() < 0.3:
            parts.insert(random.randrange(len(parts) + 1), no_evidence())
        add(random.choice(parts), one)
    while len(parts) > 1:
        parts.append(merge([parts.pop(random.randrange(len(parts))), parts.pop()]))
    assert reliability(parts[0].bins) == reliability(whole.bins)
    assert flip_rate(parts[0].repeats) == flip_rate(whole.repeats)


@given(LABELS)
def test_labels_turned_round_have_the_rest_of_the_reliability(odds):
    found = reliability(Counter(map(bin_of, odds)))
    turned = reliability(Counter(bin_of(-x) for x in odds))
    if found.value is None:
        assert turned.value is None
    else:
        assert found.value + turned.value == pytest.approx(1, abs=1e-6)
        assert 0 < found.low <= found.value <= found.high < 1


@given(ODDS, TRUST)
def test_the_middle_of_a_bin_moves_no_responsibility_by_more_than_is_stated(odds, eta):
    binned = sigmoid(bin_of(odds) * WIDTH)
    moved = label_responsibility(eta, binned) - label_responsibility(eta, sigmoid(odds))
    assert abs(moved) <= WIDTH / 8


@given(ODDS, TRUST)
def test_of_one_label_the_posterior_is_its_responsibility(odds, eta):
    expected = label_responsibility(eta, sigmoid(odds))
    assert label_posterior(odds, [(eta, True)]) == pytest.approx(expected, abs=1e-9)


@given(ODDS, st.lists(st.tuples(TRUST, st.booleans()), max_size=6), st.randoms())
def test_posteriors_follow_bayes_and_know_no_order(odds, votes, random):
    right = sigmoid(odds) * math.prod(eta if agrees else 1 - eta for eta, agrees in votes)
    wrong = sigmoid(-odds) * math.prod(1 - eta if agrees else eta for eta, agrees in votes)
    found = label_posterior(odds, votes)
    assert found == pytest.approx(right / (right + wrong), abs=1e-9)
    assert found == label_posterior(odds, random.sample(votes, len(votes)))


def test_a_model_that_is_certain_is_believed():
    assert label_posterior(math.inf, [(0.9, False)]) == 1.0
    assert label_posterior(-math.inf, [(0.9, True)]) == 0.0


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1, math.inf])
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(ModelError):
        log_odds(bad)
    with pytest.raises(ModelError):
        label_posterior(0.0, [(bad, True)])
    with pytest.raises(ModelError):
        smoothed_weights(bad)
    with pytest.raises(ModelError):
        flip_rate_of(bad)


def test_odds_that_are_no_number_are_refused():
    with pytest.raises(ModelError):
        bin_of(math.nan)
    with pytest.raises(ModelError):
        label_posterior(math.nan, [])
    with pytest.raises(ModelError):
        reliability({1: -1})


@given(st.floats(0, 0.5))
def test_a_flip_rate_and_the_agreement_that_it_gives_belong_together(rate):
    # Near one half the root loses half of the digits, and rounding may go below it.
    found = flip_rate_of(max(0.5, (1 - rate) ** 2 + rate**2))
    assert found == pytest.approx(rate, abs=1e-7)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.2, 0.3])
def test_the_flip_rate_of_repeated_labels_is_recovered_within_two_hundredths(rate):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        votes = rng.integers(2, 6, 40_000)
        wrong = rng.binomial(votes, rate)
        found = flip_rate(Counter(zip((votes - wrong).tolist(), wrong.tolist(), strict=True)))
        assert found.value == pytest.approx(rate, abs=0.02)
        assert found.low <= found.value <= found.high
        assert found.items == 40_000


def test_the_interval_of_a_flip_rate_holds_it():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        wrong = rng.binomial(3, 0.2, 200).tolist()
        found = flip_rate(Counter((3 - n, n) for n in wrong))
        held += found.low <= 0.2 <= found.high
    assert held >= 185


def test_labels_that_agree_less_often_than_coins_have_no_flip_rate():
    found = flip_rate({(1, 1): 90, (2, 0): 10})
    assert found.value is None
    assert found.agreement == 0.1
    assert found.high == 0.5
    with pytest.raises(ModelError):
        flip_rate_of(0.4)
    assert flip_rate({(1, 0): 5}).items == 0
    with pytest.raises(ModelError):
        flip_rate({(2, -1): 1})


@given(st.floats(0, 0.45), st.floats(-20, 20))
def test_rdpo_is_in_the_mean_over_flips_the_loss_of_clean_labels(rate, margin):
    ahead, behind = -log_sigmoid(margin), -log_sigmoid(-margin)
    weights = robust_weights(rate)
    kept = weights.chosen * ahead + weights.rejected * behind
    flipped = weights.chosen * behind + weights.rejected * ahead
    assert (1 - rate) * kept + rate * flipped == pytest.approx(ahead, rel=1e-6, abs=1e-6)
    assert sum(weights) == pytest.approx(1)


def test_cdpo_is_the_loss_expected_of_a_flipped_label():
    assert smoothed_weights(0.1) == (0.9, 0.1)
    for rate in (0.5, 0.7, -0.1, math.nan):
        with pytest.raises(ModelError):
            robust_weights(rate)
