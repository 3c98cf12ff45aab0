"""Columns that say how far a label is to be believed, and the one line on each."""

import math
import statistics
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.annotators import Annotator, Observation
from curation.selection.certainty import UNCERTAINTIES, acquisition, uncertainty_of
from curation.selection.ensemble import ensemble
from curation.selection.label_columns import (
    LabelSettings,
    observations,
    odds_of,
    with_ensemble_and_jury,
    with_posterior,
    with_uncertainty,
)
from curation.selection.label_noise import bin_of, log_odds, reliability
from curation.selection.meanings import MEANINGS
from curation.selection.repeated_labels import flip_rate
from pipelines.recipe_score import Uncertainty
from schemas.errors import ModelError, UsageError
from schemas.records import Message, NamedScore, PreferencePair, Provenance

FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY = st.floats(allow_nan=True, allow_infinity=True)
SIDES = [(Message(role, role),) for role in ("user", "assistant", "assistant")]
ORIGIN = Provenance("f", 0, "g", None, (), (), None, "")
PAIR = PreferencePair("id", *SIDES, *[None] * 6, "existing", "forum", "c", None, None, ORIGIN, "")
SOURCE = LabelSettings("source")
NAMES = LabelSettings("annotator")


def scores(*values, name="x"):
    """Named scores of some values."""
    return tuple(NamedScore(name, value) for value in values)


def known(name, bins):
    """An annotator of whom so much was seen."""
    return {name: Annotator(name, reliability(bins), flip_rate({}))}


@given(st.lists(FINITE, min_size=2, max_size=9), st.randoms())
def test_an_ensemble_is_the_same_in_any_order_and_for_any_size_of_numbers(margins, random):
    found = ensemble(margins)
    assert found == ensemble(random.sample(margins, len(margins)))
    assert found.std >= 0
    assert found.agreement + ensemble([-d for d in margins]).agreement == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=9))
def test_an_ensemble_is_what_exact_arithmetic_gives(margins):
    found = ensemble(margins)
    assert found.mean == pytest.approx(statistics.mean(margins), rel=1e-9, abs=1e-9)
    assert found.std == pytest.approx(statistics.pstdev(margins), rel=1e-6, abs=1e-6)


@given(FINITE, st.integers(2, 6))
def test_scorers_that_say_the_same_have_no_spread(margin, n):
    found = ensemble([margin] * n)
    assert (found.mean, found.std) == (margin, 0.0)
    assert found.agreement in (0.0, 0.5, 1.0)


@pytest.mark.parametrize("margins", [[], [1.0], [1.0, math.nan], [math.inf, 0.0]], ids=str)
def test_what_is_no_ensemble_is_refused(margins):
    with pytest.raises(ModelError):
        ensemble(margins)


def test_margins_and_labels_that_cannot_be_are_left_out_and_counted():
    pair = PAIR._replace(
        margins=scores(1.0, math.nan, 3.0, -math.inf), labels=scores(1.0, 7.0, 0.0, math.nan)
    )
    found, notes = with_ensemble_and_jury(pair)
    assert (found.ensemble_mean, found.ensemble_std, found.ensemble_agreement) == (2.0, 1.0, 1.0)
    assert found.jury_share == 0.5
    assert sorted(notes) == ["bad_label", "bad_label", "bad_margin", "bad_margin"]


def test_one_margin_is_no_ensemble_and_what_is_there_already_is_not_kept_beside_it():
    pair = PAIR._replace(margins=scores(1.0, math.nan), ensemble_mean=9.0, ensemble_std=9.0)
    found, notes = with_ensemble_and_jury(pair)
    assert found.ensemble_mean is found.ensemble_std is found.ensemble_agreement is None
    assert sorted(notes) == ["bad_margin", "single_margin"]
    bad = with_ensemble_and_jury(PAIR._replace(labels=scores(math.nan), jury_share=0.3))
    assert bad.pair.jury_share is None


def test_pairs_without_margins_and_labels_stay_as_they_are():
    measured = PAIR._replace(ensemble_mean=1.0, ensemble_std=2.0, jury_share=0.5)
    assert with_ensemble_and_jury(measured) == (measured, ())


@given(st.lists(ANY, max_size=5), st.lists(ANY, max_size=5))
def test_whatever_numbers_come_the_columns_are_in_their_ranges(margins, labels):
    pair = PAIR._replace(margins=scores(*margins), labels=scores(*labels), margin=0.3)
    found, _ = with_ensemble_and_jury(pair)
    assert found.ensemble_mean is None or math.isfinite(found.ensemble_mean)
    assert found.ensemble_std is None or 0 <= found.ensemble_std < math.inf
    assert found.jury_share is None or 0 <= found.jury_share <= 1
    for settings in (SOURCE, NAMES):
        assert all(isinstance(seen, Observation) for _, seen in observations(pair, settings))


def test_the_order_of_a_pair_is_its_sources_label():
    pair = PAIR._replace(margin=-1.5)
    assert list(observations(pair, SOURCE)) == [("forum", Observation(place=bin_of(-1.5)))]
    assert not list(observations(PAIR, SOURCE))


def test_labels_of_annotators_are_seen_from_the_side_that_they_are_for():
    labels = (
        NamedScore("ann", 1.0), NamedScore("bob", 0.0), NamedScore("eve", 0.5),
        NamedScore("ann", 0.0), NamedScore("joe", math.nan), NamedScore("ann", 1.0),
    )  # fmt: skip
    pair = PAIR._replace(margin=2.0, labels=labels)
    ahead, behind = Observation(place=bin_of(2.0)), Observation(place=bin_of(-2.0))
    repeated = Observation(votes=(2, 1))
    seen = list(observations(pair, NAMES))
    assert seen == [
        ("ann", ahead), ("bob", behind), ("ann", behind), ("ann", ahead), ("ann", repeated),
    ]  # fmt: skip
    # Of a source, all labels of a pair are repetitions.
    assert ("forum", Observation(votes=(2, 2))) in list(observations(pair, SOURCE))


@pytest.mark.parametrize(
    ("column", "value", "odds"),
    [
        ("margin", 3.0, 6.0),
        ("implicit_margin", -1.0, -2.0),
        ("dropout_probability", 0.9, log_odds(0.9)),
        ("dropout_probability", 0.0, -math.inf),
        ("dropout_probability", 1.5, None),
        ("dropout_probability", math.nan, None),
        ("ensemble_mean", math.nan, None),
        ("ensemble_mean", 1e308, math.inf),
        ("rubric_margin", None, None),
    ],
    ids=str,
)
def test_log_odds_by_column(column, value, odds):
    settings = LabelSettings("source", probability=column, beta=2.0)
    assert odds_of(PAIR._replace(**{column: value}), settings) == odds


def test_a_posterior_is_made_of_all_labels_that_tell_something():
    trusted = known("ann", {bin_of(9.0): 900, bin_of(-9.0): 100})
    trusted |= known("bob", {0: 1000})
    trust = trusted["ann"].reliability.value
    pair = PAIR._replace(margin=0.0, labels=(NamedScore("ann", 1.0), NamedScore("bob", 0.0)))
    assert with_posterior(pair, trusted, NAMES).pair.label_posterior == pytest.approx(trust)
    against = PAIR._replace(margin=0.0, labels=scores(0.0, name="ann"))
    assert with_posterior(against, trusted, NAMES).pair.label_posterior == pytest.approx(1 - trust)


@pytest.mark.parametrize(
    ("pair", "note"),
    [
        (PAIR._replace(margin=1.0), "no_label"),
        (PAIR._replace(labels=scores(1.0)), "no_probability"),
        (PAIR._replace(margin=1.0, labels=scores(0.5)), "no_label"),
        (PAIR._replace(margin=1.0, labels=scores(1.0, name="who")), "unknown_reliability"),
        (PAIR._replace(margin=1.0, labels=scores(1.0)), "unknown_reliability"),
    ],
    ids=["none", "unmeasured", "tie", "stranger", "nothing known"],
)
def test_without_what_it_takes_there_is_no_posterior_and_the_lack_is_named(pair, note):
    found = with_posterior(pair._replace(label_posterior=0.7), known("x", {0: 9}), NAMES)
    assert found.pair.label_posterior is None
    assert found.notes == (note,)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("ensemble_std", 2.5, 2.5),
        ("bald", math.log(2), math.log(2)),
        ("bald", 0.9, None),
        ("predictive_entropy", 3.0, 3.0),
        ("predictive_entropy", -1.0, None),
        ("judge_consistency", 0.75, 0.5),
        ("judge_consistency", 0.4, 1.0),
        ("label_posterior", 0.9, 1 - 0.8),
        ("jury_share", 0.5, 1.0),
        ("jury_share", 1.2, None),
        ("implicit_margin", -2.0, 0.2384),
        ("implicit_margin", math.inf, None),
        ("implicit_margin", math.nan, None),
        ("implicit_margin", None, None),
    ],
    ids=str,
)
def test_uncertainty_by_column(column, value, expected):
    pair = PAIR._replace(**{column: value})
    found = uncertainty_of(pair, column)
    assert found == (None if expected is None else pytest.approx(expected, abs=1e-4))
    filled = with_uncertainty(pair._replace(uncertainty=9.0), LabelSettings(uncertainty=column))
    assert filled.pair.uncertainty == found
    assert filled.notes == (("no_uncertainty",) if found is None else ())


def test_without_a_column_uncertainty_stays_as_it_is():
    pair = PAIR._replace(uncertainty=0.3, bald=0.1)
    assert with_uncertainty(pair, LabelSettings()).pair == pair
    with pytest.raises(UsageError):
        uncertainty_of(pair, "margin")


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=8))
def test_small_and_large_margins_first_are_opposite_orders(margins):
    small = sorted(margins, key=lambda d: acquisition(d, "small"))
    large = sorted(margins, key=lambda d: acquisition(d, "large"))
    assert [abs(d) for d in small] == [abs(d) for d in large[::-1]]


def test_other_directions_and_no_numbers_are_refused():
    with pytest.raises(UsageError):
        acquisition(1.0, "big")
    with pytest.raises(ModelError):
        acquisition(math.nan, "small")


@pytest.mark.parametrize(
    "settings",
    [
        LabelSettings(annotators="people"),
        LabelSettings(probability="ches"),
        LabelSettings(beta=0.0),
        LabelSettings(beta=math.nan),
        LabelSettings(uncertainty="margin"),
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(settings):
    with pytest.raises(UsageError):
        settings.check()


def test_the_recipe_and_the_columns_know_the_same_names():
    fields = Uncertainty.model_fields
    named = set(get_args(get_args(fields["of"].annotation)[0]))
    assert named == set(UNCERTAINTIES)
    assert named < set(MEANINGS)
    for probability in get_args(get_args(fields["probability"].annotation)[0]):
        LabelSettings("source", probability).check()


def test_every_column_of_uncertainty_has_one_line_of_meaning():
    for column, meaning in MEANINGS.items():
        assert column in PreferencePair._fields
        assert meaning
        assert "\n" not in meaning
