"""What holds of every strategy: neither order nor a constant on all scores changes a choice."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st

from curation.selection.levels import levels_of
from curation.selection.pairing import choose, ranking
from curation.selection.pairing_settings import PairingSettings, check, needs_vectors
from schemas.records import CandidateSet, NamedScore, Provenance, ScoredResponse

WORDS = st.lists(st.sampled_from(["red", "blue", "cat", "runs", "猫", "好"]), max_size=6)
TEXTS = st.one_of(WORDS.map(" ".join), st.text(max_size=8))
CENTS = st.integers(-500, 500).map(lambda cents: cents / 100)
SCORES = st.one_of(
    st.integers(1, 5).map(float), CENTS, st.floats(-1e3, 1e3), st.just(math.nan), st.just(math.inf)
)
NAMES = st.lists(st.sampled_from(["rm", "judge", "style"]), unique=True)
SHAPES = [
    PairingSettings(),
    PairingSettings("best_worst", z_score=True, length_penalty=3.0, tie=0.1),
    PairingSettings("sweet_spot"),
    PairingSettings("sweet_spot", k=0.7, tie=0.25, z_score=True),
    PairingSettings("air", min_margin=0.5, max_margin=2.0, max_variance=9.0, max_pairs=3),
    PairingSettings("air", max_margin=1.0, length_penalty=1.0),
    PairingSettings("divpo"),
    PairingSettings("divpo", threshold=0.3, diversity="log_probability"),
    PairingSettings("divpo", threshold=0.9, diversity="embedding"),
    PairingSettings("aepo"),
    PairingSettings("aepo", subset=3, diversity_weight=0.5, similarity="embedding"),
    PairingSettings("ampo"),
    PairingSettings("ampo", rejected="coreset", subset=3, max_pairs=2),
    PairingSettings("ampo", rejected="opt_select", similarity="embedding"),
    PairingSettings("west_of_n"),
    PairingSettings("west_of_n", subset=3),
    PairingSettings("random", max_pairs=2),
    PairingSettings("all", tie=0.5, length_penalty=0.5),
    PairingSettings("all", z_score=True),
]
EXAMPLES = 30
"""Of each of the settings."""
IDS = [f"{place}-{shape.strategy}" for place, shape in enumerate(SHAPES)]
EVERY_SHAPE = pytest.mark.parametrize("settings", SHAPES, ids=IDS)


@st.composite
def scored(draw, scores=SCORES, texts=TEXTS, unique=False):
    """Responses as they come: repeated texts, lacking scores, several measures."""
    said = draw(st.lists(texts, min_size=2, max_size=9, unique=unique))
    return [
        ScoredResponse(
            text,
            draw(st.sampled_from([None, "m1", "m2"])),
            [NamedScore(name, draw(scores)) for name in ("rm", *([] if unique else draw(NAMES)))],
            draw(st.one_of(st.none(), st.floats(-99, 1))),
            draw(st.one_of(st.none(), st.integers(0, 30))),
        )
        for text in said
    ]


def vectors_of(responses, settings):
    """A vector for each text, the same wherever it stands."""
    if not needs_vectors(settings):
        return None
    rows = [np.random.default_rng(list(r.text.encode("utf-8", "replace"))) for r in responses]
    return [row.normal(size=5) for row in rows]


def texts_of(responses, settings, seed=3):
    """What was chosen, by what it says; and the counts."""
    found = choose(responses, settings, seed, "prompt", vectors_of(responses, settings))
    said = [(responses[p.chosen].text, responses[p.rejected].text, p.margin) for p in found.pairs]
    return said, found._replace(pairs=())


def shifted(responses, constant):
    return [
        one._replace(scores=[NamedScore(name, value + constant) for name, value in one.scores])
        for one in responses
    ]


@EVERY_SHAPE
def test_the_settings_of_this_test_may_be_asked_for(settings):
    check(settings)


@EVERY_SHAPE
@runs(max_examples=EXAMPLES, deadline=None)
@given(scored(), st.randoms())
def test_the_order_of_the_responses_changes_nothing(settings, responses, random):
    shuffled = random.sample(responses, len(responses))
    found = texts_of(responses, settings)
    assert found == texts_of(shuffled, settings) == texts_of(responses, settings)


@runs(deadline=None)
@given(scored(), st.randoms())
def test_the_order_of_the_responses_changes_no_ranking(responses, random):
    origin = Provenance("file", 0, "test", None, (), (), None, "")
    shuffled = random.sample(responses, len(responses))
    one, other = (
        ranking(CandidateSet("id", [], order, "test", origin), PairingSettings(length_penalty=1.0))
        for order in (responses, shuffled)
    )
    assert one == other


@EVERY_SHAPE
@runs(max_examples=EXAMPLES, deadline=None)
@given(
    scored(scores=st.one_of(CENTS, st.integers(1, 5).map(float)), unique=True),
    st.one_of(st.integers(-9999, 9999), st.integers(-9999, 9999).map(lambda n: n / 7)),
)
def test_a_constant_on_all_scores_changes_no_choice(settings, responses, constant):
    before, _ = texts_of(responses, settings)
    after, _ = texts_of(shifted(responses, constant), settings)
    assert [pair[:2] for pair in before] == [pair[:2] for pair in after]
    assert [pair[2] for pair in before] == pytest.approx([pair[2] for pair in after], abs=1e-9)


@EVERY_SHAPE
@runs(max_examples=EXAMPLES, deadline=None)
@given(scored())
def test_a_chosen_response_is_better_by_more_than_the_tie_and_says_something_else(
    settings, responses
):
    pairs, rest = texts_of(responses, settings)
    assert (rest.nothing is None) == bool(pairs)
    assert len({pair[:2] for pair in pairs}) == len(pairs) <= (settings.max_pairs or 99)
    for chosen, rejected, margin in pairs:
        assert chosen != rejected
        assert margin > settings.tie * (1 - 1e-9)
    assert {(c, r) for c, r, _ in pairs}.isdisjoint({(r, c) for c, r, _ in pairs})


@runs(deadline=None)
@given(
    scored(scores=CENTS, unique=True),
    st.sampled_from([shape for shape in SHAPES if shape.z_score and not shape.length_penalty]),
    st.integers(-30, 30),
)
def test_standardised_the_scale_of_the_scores_changes_nothing(responses, settings, power):
    scaled = [
        one._replace(scores=[NamedScore(name, value * 2.0**power) for name, value in one.scores])
        for one in responses
    ]
    assert texts_of(responses, settings) == texts_of(scaled, settings)


@runs(deadline=None)
@given(scored(scores=CENTS, unique=True))
def test_all_pairs_hold_every_pair_that_another_strategy_makes(responses):
    every = {pair[:2] for pair in texts_of(responses, PairingSettings("all"))[0]}
    for strategy in ("best_worst", "sweet_spot", "divpo", "aepo", "ampo", "west_of_n", "random"):
        assert {p[:2] for p in texts_of(responses, PairingSettings(strategy))[0]} <= every


@runs(deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=20), st.integers(-12, 12))
def test_levels_keep_the_order_and_the_differences_of_decimal_scores(whole, digits):
    values = [number * 10.0**digits for number in whole]
    levels, step = levels_of(values, max(map(abs, values)))
    assert min(levels) == 0
    for one, level in zip(whole, levels, strict=True):
        for other, below in zip(whole, levels, strict=True):
            assert (level > below) == (one > other)
            difference = (one - other) * 10.0**digits
            assert (level - below) * step == pytest.approx(difference, abs=2 * step)
