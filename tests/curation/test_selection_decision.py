"""The decision over all pairs: shares, scales, bands and targets."""

import math

import numpy as np
import polars as pl
import pytest

from curation.scoring.logistic import sigmoid
from curation.selection.bounds import CERTAINTY_SHARE, Shares, ranked
from curation.selection.decision import PHASES, begin, decide, decide_all, left, phases
from curation.selection.thresholds import (
    Bands,
    Bounds,
    Gates,
    Mix,
    Selection,
    SoftTargets,
    UpoSampling,
)

EVERYTHING = Selection(
    {"margin": Bounds(low=-2.0, highest=0.9, per="source"), "ches": Bounds(lowest=0.8)},
    certainty="small", z_score="method", bands=Bands(-1.5, -1.0), soft_targets=SoftTargets(),
    sampling=UpoSampling(0.5, 0.2), mix=Mix("source", weights={"*": 1}), max_pairs=40,
)  # fmt: skip


def frame(n, **columns):
    ids = [f"{i:04}" for i in range(n)]
    return pl.DataFrame({"id": ids, "method": ["m"] * n, "source": ["s"] * n} | columns)


def random_frame(n=500, seed=0):
    """Pairs with every column that `EVERYTHING` looks at, some of them null."""
    rng = np.random.default_rng(seed)
    numbers = {name: rng.normal(size=n) for name in ("margin", "ches", "implicit_margin")}
    return frame(
        n,
        **numbers,
        ensemble_mean=rng.normal(size=n),
        bald=rng.uniform(0, math.log(2), n),
        flags=[["contradicted"] if i % 50 == 0 else [] for i in range(n)],
    ).with_columns(
        source=pl.Series(rng.choice(["a", "b"], n)),
        method=pl.Series(rng.choice(["x", "y", "z"], n)),
        ches=pl.when(pl.int_range(n) % 40 != 0).then("ches"),
    )


def rows(found):
    """Filter, value and threshold of each pair."""
    return found.select("filter", "value", "threshold").rows()


def test_the_lowest_share_is_kept_ties_included():
    found = decide_all(
        frame(5, ln_ches=[3.0, 1.0, 2.0, 2.0, 9.0]), Selection({"ln_ches": Bounds(lowest=0.4)})
    )
    over = [("ln_ches_lowest", value, 2.0) for value in (3.0, 9.0)]
    assert rows(found) == [over[0], (None,) * 3, (None,) * 3, (None,) * 3, over[1]]


def test_the_highest_share_holds_in_each_stratum():
    pairs = frame(6, margin=[1.0, 2.0, 3.0, 10.0, 20.0, 30.0], source=["a"] * 3 + ["b"] * 3)
    overall = decide_all(pairs, Selection({"margin": Bounds(highest=0.5)}))
    assert overall["filter"].is_null().to_list() == [False] * 3 + [True] * 3
    each = decide_all(pairs, Selection({"margin": Bounds(highest=0.5, per="source")}))
    assert each["filter"].is_null().to_list() == [False, True, True] * 2
    assert rows(each)[3] == ("margin_highest", 10.0, 20.0)


def test_shares_are_of_the_pairs_that_the_rules_have_left():
    pairs = frame(8, ches=[1.0, 2.0, 3.0, 4.0, *[None] * 4], margin=[0.0, 1, 1, 1, 1, 1, 1, 1])
    selection = Selection({"margin": Bounds(0.5), "ches": Bounds(lowest=0.5)})
    found = decide_all(pairs, selection)
    names = ["margin_min", None, None, "ches_lowest", *["ches_missing"] * 4]
    assert found["filter"].to_list() == names
    lenient = decide_all(pairs, selection._replace(keep_unscored=True))
    assert lenient["filter"].to_list() == [*names[:4], *[None] * 4]


@pytest.mark.parametrize(
    ("direction", "kept"),
    [("small", [False, True, True, False]), ("large", [True, False, False, True])],
)
def test_certainty_keeps_the_half_that_is_asked_for_by_the_size_of_the_margin(direction, kept):
    pairs = frame(4, implicit_margin=[-5.0, 0.5, -1.0, 3.0])
    found = decide_all(pairs, Selection(certainty=direction))
    assert found["filter"].is_null().to_list() == kept
    value = {"small": 3.0, "large": 1.0}[direction]
    dropped = (f"certainty_{direction}", value, 1.0 if direction == "small" else 3.0)
    assert dropped in rows(found)
    assert CERTAINTY_SHARE == 0.5


def test_margins_are_divided_by_the_deviation_of_their_stratum_before_they_are_bounded():
    pairs = frame(6, margin=[-1.0, 1.0, -100.0, 100.0, 7.0, 7.0], source=list("aabbcc"))
    found = decide_all(pairs, Selection({"margin": Bounds(1.5)}, z_score="source"))
    expected = [("margin_min", -1.0, 1.5), ("margin_min", 1.0, 1.5)] * 2
    assert rows(found) == [*expected, (None,) * 3, (None,) * 3]  # no spread: left as they are


def test_bands_flip_smooth_and_keep():
    pairs = frame(5, ensemble_mean=[-2.0, -0.5, 0.0, 0.5, None], flags=[[]] * 5)
    found = decide_all(pairs, Selection(bands=Bands(-1.0, 0.0, 0.1)))
    assert found["filter"].null_count() == 5
    assert found["flip"].to_list() == [True, False, False, False, False]
    assert found["target"].to_list() == [None, 0.9, 0.9, None, None]
    assert found["smoothed"].to_list() == [False, True, True, False, False]


def test_a_pair_whose_mirror_image_is_there_is_not_flipped():
    pairs = frame(2, ensemble_mean=[-2.0, -2.0], flags=[["contradicted"], []])
    selection = Selection(bands=Bands(-1.0), gates=Gates(contradictions="keep"))
    assert decide_all(pairs, selection)["flip"].to_list() == [False, True]


def test_a_dropped_pair_is_neither_flipped_nor_has_it_a_target():
    pairs = frame(1, ensemble_mean=[-2.0], margin=[1.0])
    selection = Selection({"margin": Bounds(5.0)}, bands=Bands(-1.0), soft_targets=SoftTargets())
    [row] = decide_all(pairs, selection).to_dicts()
    # The margin of the flipped pair is what its bounds are about.
    assert (row["filter"], row["value"], row["flip"]) == ("margin_min", -1.0, False)
    assert row["target"] is None


@pytest.mark.parametrize("gamma", [0.1, 1.0, 2.2])
def test_soft_targets_are_the_sigmoid_of_the_margin(gamma):
    margins = [0.0, 1.0, -1.0, 800.0, -800.0, 1e-12, None]
    found = decide_all(frame(7, margin=margins), Selection(soft_targets=SoftTargets(gamma)))
    expected = [None if m is None else pytest.approx(sigmoid(gamma * m)) for m in margins]
    assert found["target"].to_list() == expected
    assert found["target"][0] == 0.5


def test_of_several_targets_the_contradiction_counts_first_then_the_band():
    pairs = frame(
        4,
        margin=[2.0, 2.0, 2.0, math.nan],
        ensemble_mean=[-0.5, -0.5, 3.0, 3.0],
        flags=[["contradicted"], [], [], []],
    )
    selection = Selection(
        bands=Bands(smooth=0.0, smoothing=0.2),
        soft_targets=SoftTargets(),
        gates=Gates(contradictions="soft", range=False),
    )
    found = decide_all(pairs, selection)
    assert found["target"].to_list() == [0.5, 0.8, pytest.approx(sigmoid(2.0)), None]
    assert found["smoothed"].to_list() == [False, True, False, False]


def test_soft_targets_of_flipped_and_scaled_pairs_are_of_the_margin_as_it_became():
    pairs = frame(2, margin=[-3.0, 1.0], ensemble_mean=[-2.0, 2.0])
    found = decide_all(
        pairs, Selection(bands=Bands(-1.0), soft_targets=SoftTargets(), z_score="source")
    )
    # 3 and 1 after the flip, with a standard deviation of 1.
    assert found["target"].to_list() == [pytest.approx(sigmoid(m)) for m in (3.0, 1.0)]


def test_nothing_is_decided_about_no_pairs():
    for selection in (Selection(), EVERYTHING):
        assert decide_all(frame(0), selection).is_empty()


def test_all_phases_stand_in_their_order():
    assert tuple(phase.name for phase in phases(EVERYTHING)) == PHASES


def test_every_drop_has_a_reason_and_numbers_that_explain_it():
    found = decide_all(random_frame(), EVERYTHING)
    assert found["filter"].null_count() == 40
    explained = found.filter(
        pl.col("filter").is_not_null() & ~pl.col("filter").is_in(["contradicted", "ches_missing"])
    )
    assert explained["value"].null_count() == explained["threshold"].null_count() == 0
    assert set(found["filter"].drop_nulls()) == {
        "contradicted", "margin_min", "margin_highest", "ches_missing", "ches_lowest",
        "certainty_small", "sampling", "mix", "max_pairs",
    }  # fmt: skip


def test_decisions_by_facts_of_parts_are_those_over_all_pairs():
    pairs = random_frame()
    expected = decide_all(pairs, EVERYTHING, 3)
    facts, working = [], [begin(part, EVERYTHING) for part in pairs.iter_slices(70)]
    for phase in phases(EVERYTHING, 3):
        gathered = phase.start()
        for part in reversed(working):
            gathered = phase.merge(phase.add(phase.start(), left(part)), gathered)
        facts.append(phase.facts(gathered))
        working = [phase.decide(part, facts[-1]) for part in working]
    parts = [decide(part, EVERYTHING, 3, facts) for part in pairs.iter_slices(33)]
    assert pl.concat(parts).equals(expected)


def test_a_share_that_is_not_exact_is_noted():
    selection = Selection({"ches": Bounds(lowest=0.5)})
    pairs = begin(frame(4000, ches=np.random.default_rng(0).normal(size=4000) + 9), selection)
    for bins, noted in ((2**20, {}), (64, {"ches_lowest_error_ppm"})):
        shares = Shares(ranked(selection), bins)
        facts = shares.facts(shares.add(shares.start(), pairs))
        assert set(shares.notes(facts)) == set(noted)
