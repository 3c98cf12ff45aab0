"""Routing to annotators: features of pairs, gains regressed on their counts, the best budget."""

import json
import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.selection.flip import flipped
from curation.selection.routing import Gains, fit, from_json, route, to_json
from curation.selection.routing_features import feature_counts, routing_features
from schemas.errors import InputError, UsageError
from schemas.records import Message, PreferencePair, Provenance

FEATURES = ("code:one", "turns:1", "words_apart:0-9", "language:en")
TRUE = {"code:one": 0.4, "turns:1": -0.2, "words_apart:0-9": 0.05, "language:en": 0.0}
CURVED = {("code:one", "code:one"): -0.01, ("code:one", "turns:1"): 0.004}


def a_pair(prompt="Is 7 prime?", chosen="Yes.", rejected="No.", **changes):
    sides = [(Message("assistant", text),) for text in (chosen, rejected)]
    origin = Provenance("f", 0, "g", None, (), (), None, "")
    scores = [None] * 6
    pair = PreferencePair(
        "id", (Message("user", prompt),), *sides, *scores, "m", "s", "c", None, None, origin, ""
    )  # fmt: skip
    return pair._replace(**changes)


def mixes(count, seed=0):
    """Random mixes of a pool of instances, as the paper draws them, with their counts."""
    draw = random.Random(seed)
    pool = [[f for f in FEATURES if draw.random() < 0.5] for _ in range(200)]
    return [feature_counts(draw.sample(pool, draw.randint(5, 150))) for _ in range(count)]


def test_linear_coefficients_are_recovered_exactly_without_noise():
    counts = mixes(60)
    truth = Gains(70.0, TRUE, {})
    found = fit(counts, [truth.predicted(n) for n in counts], ridge=0)
    assert found.intercept == pytest.approx(70, abs=1e-8)
    assert found.linear == pytest.approx(TRUE, abs=1e-9)
    assert not found.quadratic


def test_linear_coefficients_are_recovered_within_the_noise():
    counts, draw = mixes(500), random.Random(1)
    truth = Gains(70.0, TRUE, {})
    noisy = [truth.predicted(n) + draw.gauss(0, 1.0) for n in counts]
    found = fit(counts, noisy)
    assert found.linear == pytest.approx(TRUE, abs=0.05)


def test_quadratic_coefficients_are_recovered():
    counts = mixes(200)
    truth = Gains(70.0, TRUE, CURVED)
    found = fit(counts, [truth.predicted(n) for n in counts], quadratic=True, ridge=0)
    assert found.linear == pytest.approx(TRUE, abs=1e-6)
    for term in combinations(sorted(FEATURES), 2):
        assert found.quadratic[term] == pytest.approx(CURVED.get(term, 0), abs=1e-7)
    assert found.quadratic["code:one", "code:one"] == pytest.approx(-0.01, abs=1e-7)


def test_the_order_of_mixes_changes_nothing_that_matters():
    counts = mixes(80)
    gains = [Gains(1.0, TRUE, {}).predicted(n) + at % 3 for at, n in enumerate(counts)]
    there = fit(counts, gains)
    back = fit(counts[::-1], gains[::-1])
    assert back.linear == pytest.approx(there.linear, rel=1e-9, abs=1e-12)


def test_a_penalty_shrinks_and_a_count_that_never_varies_has_no_coefficient():
    counts = [{"a": n, "always": 3} for n in range(10)]
    gains = [2.0 * n for n in range(10)]
    assert fit(counts, gains, ridge=0).linear == pytest.approx({"a": 2, "always": 0})
    assert 0 < fit(counts, gains, ridge=1.0).linear["a"] < 1.5
    assert fit([{}, {}], [1.0, 3.0]) == Gains(2.0, {}, {})


@pytest.mark.parametrize(
    ("counts", "gains", "ridge"),
    [([], [], 1.0), ([{"a": 1}], [], 1.0), ([{}], [float("nan")], 1.0), ([{}], [1.0], -1.0)],
)
def test_what_cannot_be_fitted_is_refused(counts, gains, ridge):
    with pytest.raises(UsageError):
        fit(counts, gains, ridge=ridge)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(FEATURES), unique=True), min_size=1, max_size=8),
    st.integers(1, 8),
    st.booleans(),
)
def test_each_pick_adds_most_to_those_before_it(instances, budget, curved):
    gains = Gains(0.0, TRUE, CURVED if curved else {})
    picked = route(gains, instances, budget)
    assert len(picked) == len(set(picked)) == min(budget, len(instances))
    for step, at in enumerate(picked):
        before = feature_counts(instances[i] for i in picked[:step])
        left = [i for i in range(len(instances)) if i not in picked[:step]]
        added = {i: gains.gain(instances[i], before) for i in left}
        assert added[at] >= max(added.values()) - 1e-6


def test_a_linear_budget_is_the_best_set_of_its_size():
    draw = random.Random(2)
    instances = [[f for f in FEATURES if draw.random() < 0.5] for _ in range(9)]
    gains = Gains(0.0, TRUE, {})

    def total(places):
        return gains.predicted(feature_counts(instances[at] for at in places))

    best = max(total(places) for places in combinations(range(9), 4))
    assert total(route(gains, instances, 4)) == pytest.approx(best)


def test_features_that_the_regression_does_not_know_add_nothing():
    gains = Gains(0.0, {"code:one": 1.0}, {})
    assert gains.gain(["who:knows"]) == 0
    assert route(gains, [["who:knows"], ["code:one"]], 1) == [1]
    assert route(Gains(0.0, {}, {}), [["a"], ["b"]], 2) == [0, 1]


def test_a_regression_survives_its_file():
    gains = Gains(1.5, TRUE, CURVED)
    assert from_json(json.loads(json.dumps(to_json(gains)))) == gains


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"linear": []},
        {"linear": {"a": "1"}},
        {"linear": {"a": True}},
        {"linear": {}, "intercept": None},
        {"linear": {}, "quadratic": [["a", "b"]]},
        {"linear": {}, "quadratic": [["a", 1, 2]]},
        {"linear": {}, "quadratic": [["a", "b", float("inf")]]},
        {"linear": {}, "quadratic": 3},
    ],
)
def test_a_damaged_regression_is_refused(value):
    with pytest.raises(InputError):
        from_json(value)


def test_features_are_there_or_not_and_name_their_bins():
    long = "word " * 400 + "\n- item 1\n```x = 1```"
    found = set(routing_features(a_pair(chosen=long, language="en", predictive_entropy=0.7)))
    assert found == {
        "prompt_words:0-9",
        "shorter_words:0-9",
        "longer_words:300+",
        "words_apart:200+",
        "turns:1",
        "word_overlap:0-0.33",
        "unigram_f1:0-0.33",
        "edit_similarity:0-0.33",
        "language:en",
        "number:prompt",
        "number:one",
        "list:one",
        "code:one",
        "entropy:0.5-1",
    }


def test_replies_that_are_the_same_or_nothing_are_alike():
    for text in ("The same words here.", ""):
        found = routing_features(a_pair(chosen=text, rejected=text))
        assert {"word_overlap:0.67+", "unigram_f1:0.67+", "edit_similarity:0.67+"} <= set(found)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_features_say_the_same_with_the_sides_exchanged(prompt, chosen, rejected):
    pair = a_pair(prompt, chosen, rejected)
    assert routing_features(pair) == routing_features(flipped(pair))


def test_each_kind_of_bin_is_one_of_a_partition():
    lengths = {
        next(f for f in routing_features(a_pair(chosen="w " * n)) if f.startswith("longer"))
        for n in (1, 9, 10, 29, 30, 99, 100, 299, 300, 2000)
    }
    assert lengths == {f"longer_words:{b}" for b in ("0-9", "10-29", "30-99", "100-299", "300+")}
    talk = (Message("user", "x"), Message("assistant", "y")) * 5
    for messages, expected in ((1, "1"), (3, "2-3"), (5, "2-3"), (7, "4+"), (9, "4+")):
        pair = a_pair()._replace(prompt=talk[:messages])
        assert f"turns:{expected}" in routing_features(pair)


def test_huge_and_hostile_texts_are_read_in_part():
    huge = "\ud800\u202e" + "x y\n" * 1_000_000
    assert "longer_words:300+" in routing_features(a_pair(huge, huge, "no"))


def test_counts_do_not_depend_on_order():
    instances = [["a", "b"], ["b"], ["c"]]
    assert feature_counts(instances) == feature_counts(instances[::-1]) == {"a": 1, "b": 2, "c": 1}


def test_an_encoder_adds_the_cosine_of_the_replies(encoder):
    alike = a_pair(chosen="A cat sleeps on the mat.", rejected="A kitten naps on a rug.")
    apart = a_pair(chosen="A cat sleeps on the mat.", rejected="Pay your income tax by May.")
    cosines = [
        next(f for f in routing_features(pair, encoder) if f.startswith("cosine"))
        for pair in (alike, apart)
    ]
    assert cosines == ["cosine:0.5-0.7", "cosine:0-0.5"]
    assert not any(f.startswith("cosine") for f in routing_features(alike))
