"""Mixing, the most pairs and sampling by BALD: exact numbers, the same pairs in any order."""

import math
from collections import Counter

import numpy as np
import polars as pl
import pytest

from curation.selection.decision import begin, decide_all, phases
from curation.selection.drawing import CountKeys, CutKeys, draws
from curation.selection.mixing import MixQuota
from curation.selection.ranks import ranks, uniforms
from curation.selection.thresholds import Mix, Selection, UpoSampling
from schemas.ids import content_id


def frame(n=1000, prefix="", **columns):
    """Pairs with real ids; columns are functions of their place."""
    made = {"id": [content_id(prefix, i) for i in range(n)], "method": ["existing"] * n}
    return pl.DataFrame(made | {name: [of(i) for i in range(n)] for name, of in columns.items()})


def kept(frame, selection, seed=0):
    """Ids of the pairs that are kept."""
    return set(decide_all(frame, selection, seed).filter(pl.col("filter").is_null())["id"])


def by_source(frame, ids):
    """How many of some pairs each source has."""
    return dict(Counter(frame.filter(pl.col("id").is_in(ids))["source"].to_list()))


SOURCES = frame(source=lambda i: "abc"[min(i % 10 // 3, 2)])  # 300, 300, 400


@pytest.mark.parametrize(
    ("mix", "expected"),
    [
        (Mix("source", quotas={"a": 10, "b": 500}), {"a": 10, "b": 300, "c": 400}),
        (Mix("source", quotas={"a": 10, "*": 7}), {"a": 10, "b": 7, "c": 7}),
        (Mix("source", quotas={"a": 0, "d": 5}), {"b": 300, "c": 400}),
        (Mix("source", weights={"a": 0.5, "b": 0.25, "c": 0.25}), {"a": 300, "b": 150, "c": 150}),
        (Mix("source", weights={"a": 1, "*": 2}), {"a": 150, "b": 300, "c": 300}),
        (Mix("source", weights={"a": 1, "c": 4}), {"a": 100, "c": 400}),
        (Mix("source", weights={"a": 0.1, "c": 0.9}, total=100), {"a": 10, "c": 90}),
        (Mix("source", weights={"a": 1, "b": 1, "c": 1}, total=10), {"a": 3, "b": 3, "c": 3}),
        (Mix("source", weights={"a": 1, "missing": 1}), {}),
    ],
)
def test_a_mix_keeps_exactly_as_many_as_it_says(mix, expected):
    assert by_source(SOURCES, kept(SOURCES, Selection(mix=mix))) == expected


def test_half_of_the_pairs_are_on_policy():
    methods = ["on_policy", "followup_likelihood", "ugc", "expert", "existing", "edits", "votes"]
    pairs = frame(700).with_columns(method=pl.Series([methods[i % 7] for i in range(700)]))
    found = kept(pairs, Selection(mix=Mix("policy", weights={"on": 0.5, "off": 0.5})))
    counts = Counter(pairs.filter(pl.col("id").is_in(found))["method"].to_list())
    assert sum(counts[m] for m in methods[:3]) == sum(counts[m] for m in methods[3:]) == 300


def test_clusters_and_languages_that_are_not_known_are_a_stratum_of_their_own():
    pairs = frame(90, cluster=lambda i: [None, 3, 7][i % 3])
    quotas = {"3": 1, "unknown": 2, "*": 4}
    found = kept(pairs, Selection(mix=Mix("cluster", quotas=quotas)))
    kept_pairs = pairs.filter(pl.col("id").is_in(found))
    assert Counter(kept_pairs["cluster"].to_list()) == {None: 2, 3: 1, 7: 4}


def test_pairs_of_a_stratum_with_a_quota_stay_when_others_come():
    selection = Selection(mix=Mix("source", quotas={"*": 50}))
    more = frame(5000, "more", source=lambda i: "xy"[i % 2])
    before, after = kept(SOURCES, selection), kept(pl.concat([SOURCES, more]), selection)
    assert before == after & set(SOURCES["id"])


def test_a_smaller_number_keeps_some_of_what_a_larger_one_keeps():
    assert kept(SOURCES, Selection(max_pairs=10)) < kept(SOURCES, Selection(max_pairs=100))
    assert len(kept(SOURCES, Selection(max_pairs=100))) == 100
    assert kept(SOURCES, Selection(max_pairs=5000)) == set(SOURCES["id"])
    assert kept(SOURCES, Selection(max_pairs=10), 1) != kept(SOURCES, Selection(max_pairs=10), 2)


def test_what_a_mix_cut_short_does_not_win_in_the_next_draw():
    pairs = frame(20_000, source=lambda i: "ab"[i % 2])
    mix = Mix("source", quotas={"a": 1000})  # 1,000 and 10,000 pairs
    found = by_source(pairs, kept(pairs, Selection(mix=mix, max_pairs=1100)))
    assert found["a"] == pytest.approx(100, abs=30)  # with the same ranks it would be 550


def test_a_drop_says_the_rank_and_the_last_rank_that_was_drawn():
    found = decide_all(SOURCES, Selection(max_pairs=100), 3)
    dropped = found.filter(pl.col("filter") == "max_pairs")
    assert dropped["threshold"].n_unique() == 1
    rank = ranks(found["id"], 3, "max_pairs").astype(np.float64) / 2**64
    limit = dropped["threshold"][0]
    assert set(found["id"].filter(pl.Series(rank <= limit))) == kept(
        SOURCES, Selection(max_pairs=100), 3
    )
    assert (dropped["value"] > limit).all()
    none = decide_all(SOURCES, Selection(mix=Mix("source", quotas={"*": 0})))
    assert set(none["threshold"]) == {0.0}


@pytest.mark.parametrize("bins", [1, 4, 2**20])
def test_the_number_is_exact_however_coarse_the_sketch_is(bins):
    both = draws(Selection(mix=Mix("source", quotas={"*": 37}), max_pairs=50), 5)
    for draw, most in zip(both, (37, 50), strict=True):
        steps = [kind(draw._replace(bins=bins)) for kind in (CountKeys, CutKeys)]
        working = begin(SOURCES, Selection())
        for step in steps:
            working = step.decide(working, step.facts(step.add(step.start(), working)))
        drawn = working.filter(pl.col("filter").is_null())
        exact = ranks(SOURCES["id"], 5, draw.salt)
        expected = set()
        for _, part in SOURCES.with_columns(r=pl.Series(exact)).group_by(draw.by or pl.lit(1)):
            expected |= set(part.sort("r").head(most)["id"])
        assert set(drawn["id"]) == expected


def test_ranks_are_uniform_and_independent_of_each_other():
    ids = frame(100_000)["id"]
    one, other = uniforms(ranks(ids, 0, "mix")), uniforms(ranks(ids, 0, "max_pairs"))
    counts = np.histogram(one, 20, (0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 43.8  # chi squared, 19 degrees, 0.1 %
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.012
    assert len(np.unique(ranks(ids, 0, "mix"))) == 100_000


def test_ranks_of_any_text_depend_on_it_alone():
    odd = ["", "a", "a\0", "ab", "é", "𝔘" * 9, "x" * 8, "x" * 9, "x" * 8 + "\0"]
    found = ranks(pl.Series(odd), 1, "p")
    assert len(set(found.tolist())) == len(odd)
    alone = [ranks(pl.Series([text]), 1, "p")[0] for text in odd]
    assert found.tolist() == alone


def upo(pairs, easy, hard, seed=0):
    return decide_all(pairs, Selection(sampling=UpoSampling(easy, hard)), seed)


def test_easy_and_hard_pairs_do_not_overlap_and_are_as_many_as_asked():
    pairs = frame(1000, bald=lambda i: math.log(2) * i / 1000)
    found = upo(pairs, 0.29, 0.2)
    assert found["filter"].null_count() == 290 + 200
    easy = set(upo(pairs, 0.29, 0.0).filter(pl.col("filter").is_null())["id"])
    assert len(easy) == 290
    assert easy < set(found.filter(pl.col("filter").is_null())["id"])
    assert set(found.drop_nulls("filter")["filter"]) == {"sampling"}
    assert upo(pairs, 1.0, 0.0)["filter"].null_count() == 1000


def test_pairs_of_no_bald_are_never_hard_and_no_error():
    pairs = frame(100, bald=lambda i: 0.5 if i < 10 else 0.0)
    found = upo(pairs, 0.0, 0.5)
    assert set(found.filter(pl.col("filter").is_null())["id"]) == set(pairs["id"][:10])
    dropped = found.drop_nulls("filter")
    assert dropped["value"].null_count() == 90  # what cannot be drawn has no key


def test_a_pair_without_bald_is_missing_it_unless_it_may_stay():
    pairs = frame(10, bald=lambda i: None if i < 3 else 0.3)
    found = upo(pairs, 1.0, 0.0)
    assert found["filter"].to_list() == ["bald_missing"] * 3 + [None] * 7
    unscored = Selection(sampling=UpoSampling(0.5, 0.0), keep_unscored=True)
    found = decide_all(pairs, unscored)
    assert found["filter"][:3].to_list() == [None] * 3
    assert found["filter"].null_count() == 3 + 3  # half of seven, rounded down


@pytest.mark.parametrize(
    ("easy", "hard", "weights"), [(0.01, 0.0, (0.9, 0.4)), (0.0, 0.01, (0.1, 0.6))]
)
def test_few_of_many_pairs_are_drawn_in_proportion_to_their_weights(easy, hard, weights):
    pairs = frame(100_000, bald=lambda i: (0.1, 0.6)[i % 2])
    drawn = upo(pairs, easy, hard)["filter"].is_null().to_numpy()
    assert drawn.sum() == 1000
    expected = 1000 * weights[0] / sum(weights)
    assert drawn[::2].sum() == pytest.approx(expected, abs=60)  # four standard deviations


def test_the_hard_draw_is_the_one_of_exponential_keys():
    pairs = frame(500, bald=lambda i: math.log(2) * (i + 1) / 500)
    keys = -np.log(uniforms(ranks(pairs["id"], 9, "hard"))) / pairs["bald"].to_numpy()
    expected = set(pairs["id"].gather(np.argsort(keys)[:100].astype(np.int64)))
    found = upo(pairs, 0.0, 0.2, 9)
    assert set(found.filter(pl.col("filter").is_null())["id"]) == expected
    threshold = found.drop_nulls("filter")["threshold"][0]
    assert threshold == pytest.approx(np.sort(keys)[99])


def test_hard_pairs_are_drawn_of_what_the_easy_draw_left():
    pairs = frame(2000, bald=lambda i: math.log(2) * i / 2000)
    bald = pairs["bald"].to_numpy()
    both = upo(pairs, 0.3, 0.3)["filter"].is_null().to_numpy()
    easy = upo(pairs, 0.3, 0.0)["filter"].is_null().to_numpy()
    hard = both & ~easy
    assert hard.sum() == 600
    assert bald[easy].mean() < bald.mean() < bald[hard].mean()


def test_the_order_of_the_pairs_changes_no_draw():
    pairs = frame(600, source=lambda i: "abc"[i % 3], bald=lambda i: 0.69 * (i % 7) / 7)
    selection = Selection(
        sampling=UpoSampling(0.4, 0.3), mix=Mix("source", weights={"*": 1}, total=200), max_pairs=99
    )
    found = decide_all(pairs, selection, 4)
    shuffled = pairs.sample(fraction=1.0, shuffle=True, seed=1)
    assert decide_all(shuffled, selection, 4).sort("id").equals(found.sort("id"))
    assert found["filter"].null_count() == 99
    assert len(phases(selection)) == 8


def test_quotas_by_weights_use_decimal_digits():
    weights = {"a": 0.1, "b": 0.7, "c": 0.2}
    assert MixQuota(Mix("source", weights=weights, total=10))(dict.fromkeys("abc", 99)) == {
        "a": 1, "b": 7, "c": 2,
    }  # fmt: skip
