"""From responses to pairs: which scores count, what is left out, what settings mean."""

import math

import numpy as np
import pytest

from curation.selection.comparable import measure_of, score_of
from curation.selection.pairing import choose, ranking
from curation.selection.pairing_settings import STRATEGIES, PairingSettings, check, needs_vectors
from curation.selection.picked import Nothing
from schemas.errors import ModelError, UsageError
from schemas.records import CandidateSet, Message, NamedScore, Provenance, ScoredResponse

ORIGIN = Provenance("file", 0, "test", None, (), (), None, "")


def response(text, score, **more):
    scores = () if score is None else (NamedScore("rm", score),)
    return ScoredResponse(text, "model", scores, **more)


def responses(*scores):
    return [response(f"text {place}", score) for place, score in enumerate(scores)]


def picked(found):
    return [(pair.chosen, pair.rejected) for pair in found.pairs]


def settings_of(strategy, **more):
    """The strategy with what it cannot do without."""
    if strategy == "air":
        more = {"min_margin": 0.0, **more}
    return PairingSettings(strategy, **more)


@pytest.mark.parametrize(
    "bad", [None, math.nan, math.inf, -math.inf, 2e100, 10**400, "4"], ids=lambda bad: str(bad)[:9]
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_response_without_a_usable_score_is_left_out_and_counted(strategy, bad):
    given = [*responses(3.0, 1.0), response("bad", bad), response("good", 5.0)]
    found = choose(given, settings_of(strategy, score="rm"), 0, "p")
    assert found.left_out == 1
    assert found.pairs
    assert all(2 not in pair for pair in picked(found))


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("given", "reason", "value"),
    [
        ([], "no_common_score", None),
        (responses(None, None), "no_common_score", None),
        (responses(1.0, None), "no_common_score", None),
        (responses(1.0, math.nan), "too_few_scored", 1.0),
        (responses(1.0), "too_few_scored", 1.0),
        ([response("same", 1.0), response("same", 2.0)], "too_few_texts", 1.0),
        (responses(2.0, 2.0, 2.0), "tied_scores", 0.0),
    ],
    ids=["none", "no_scores", "one_lacks", "one_nan", "alone", "one_text", "tied"],
)
def test_why_there_is_no_pair(strategy, given, reason, value):
    found = choose(given, settings_of(strategy), 0, "p")
    assert found.pairs == ()
    assert found.nothing.reason == reason
    assert found.nothing.value == value


def test_a_score_that_is_named_and_that_none_has_leaves_all_out():
    found = choose(responses(1.0, 2.0), PairingSettings(score="other"), 0, "p")
    assert found.nothing == Nothing("too_few_scored", 0.0, 2.0)
    assert found.left_out == 2


def test_the_first_measure_that_all_have_decides_however_the_responses_are_ordered():
    one = ScoredResponse("a", None, [NamedScore(n, 1.0) for n in ("style", "rm", "judge")])
    two = ScoredResponse("b", None, [NamedScore(n, 1.0) for n in ("rm", "judge")])
    assert measure_of([one, two]) == measure_of([two, one]) == "rm"
    assert measure_of([one]) == "style"
    assert measure_of([one, two, responses(None)[0]]) is None
    assert score_of(two, "rm") == 1.0


def test_ties_make_no_pair():
    given = responses(1.0, 1.3, 1.5)
    assert picked(choose(given, PairingSettings("all", tie=0.2), 0, "p")) == [(2, 0), (1, 0)]
    found = choose(given, PairingSettings(tie=0.5), 0, "p")
    assert found.nothing == Nothing("tied_scores", 0.5, 0.5)


def test_a_tie_is_not_undone_by_rounding():
    # 0.3 - 0.2 and 0.1 - 0 differ in their last digits; both are the tie.
    for low, high in ((0.2, 0.3), (0.0, 0.1), (0.7, 0.8), (1e6, 1e6 + 0.1)):
        given = responses(low, high, low - 5)
        found = choose(given, PairingSettings("all", tie=0.1), 0, "p")
        assert picked(found) == [(1, 2), (0, 2)]


def test_differences_that_are_rounding_alone_are_none():
    found = choose(responses(0.1 + 0.2, 0.3), PairingSettings(), 0, "p")
    assert found.nothing.reason == "tied_scores"


def test_a_margin_is_the_difference_of_the_scores_as_they_are():
    (pair,) = choose(responses(0.7, 0.1), PairingSettings(), 0, "p").pairs
    assert pair.margin == 0.7 - 0.1


def test_standardised_scores_have_margins_in_deviations():
    given = responses(10.0, 20.0, 30.0, 40.0)
    deviation = np.std([10, 20, 30, 40])
    (pair,) = choose(given, PairingSettings(z_score=True), 0, "p").pairs
    assert pair.margin == pytest.approx(30 / deviation)
    wide = PairingSettings("all", z_score=True, tie=20.1 / deviation)
    assert picked(choose(given, wide, 0, "p")) == [(3, 0)]


def test_a_longer_response_must_be_better_by_more_than_its_length_costs():
    given = [response("short", 1.0), response("long" * 500, 1.5)]
    assert picked(choose(given, PairingSettings(), 0, "p")) == [(1, 0)]
    found = choose(given, PairingSettings(length_penalty=0.5), 0, "p")
    assert picked(found) == [(0, 1)]
    assert found.pairs[0].margin == pytest.approx(1.0 - 1.5 + 0.5 * 1.995)


def test_a_repeated_text_counts_once_with_the_mean_of_its_scores():
    given = [response("a", 4.0), response("b", 3.5), response("a", 2.0)]
    found = choose(given, PairingSettings("all"), 0, "p")
    assert found.repeated == 1
    assert picked(found) == [(1, 0)]
    assert found.pairs[0].margin == 0.5


@pytest.mark.parametrize("strategy", ["random", "air", "all", "ampo"])
def test_no_more_pairs_than_asked_for(strategy):
    given = responses(*range(9))
    found = choose(given, settings_of(strategy, max_pairs=2), 0, "p")
    assert len(set(picked(found))) == 2
    if strategy != "air":
        margins = [pair.margin for pair in found.pairs]
        assert margins == sorted(margins, reverse=True)


def test_how_many_pairs_there_are_without_a_number():
    given = responses(*range(9))
    counts = {s: len(choose(given, settings_of(s), 0, "p").pairs) for s in STRATEGIES}
    assert counts.pop("all") == 36
    assert counts.pop("ampo") == 2
    assert set(counts.values()) == {1}
    assert len(choose(given, settings_of("ampo", subset=5), 0, "p").pairs) == 5


def test_a_random_pair_depends_on_seed_and_prompt_and_is_ordered_by_score():
    given = responses(*range(12))
    draws = [
        picked(choose(given, PairingSettings("random"), seed, name))[0]
        for seed in range(8)
        for name in ("p", "q")
    ]
    assert len(set(draws)) > 10
    assert all(chosen > rejected for chosen, rejected in draws)


def test_west_of_n_looks_at_some_or_all():
    given = responses(*range(12))
    assert picked(choose(given, PairingSettings("west_of_n"), 0, "p")) == [(11, 0)]
    found = [choose(given, PairingSettings("west_of_n", subset=3), s, "p") for s in range(30)]
    assert len({picked(one)[0] for one in found}) > 12


def test_aepo_pairs_the_best_and_the_worst_of_what_is_representative_and_diverse():
    said = [("red cat nap", 2.0), ("red cat", 9.0), ("blue dog", 5.0), ("blue dog run", 1.0)]
    given = [response(text, score) for text, score in said]
    # One of each kind, the shorter of which is the more like the other; the scores have no say.
    found = choose(given, PairingSettings("aepo"), 0, "p")
    assert {said[place][0].split()[0] for place in picked(found)[0]} == {"red", "blue"}
    whole = choose(given, PairingSettings("aepo", subset=4), 0, "p")
    assert picked(whole) == [(1, 3)]


def test_air_tells_what_was_wrong_with_a_prompt():
    given = responses(9.0, 8.0, 4.0)
    asked = PairingSettings("air", min_margin=2.0, max_margin=3.5)
    assert choose(given, asked, 0, "p").nothing == Nothing("outside_margin", 4.0, 3.5)
    low = asked._replace(min_score=9.5)
    assert choose(given, low, 0, "p").nothing == Nothing("low_scores", 9.0, 9.5)
    steady = asked._replace(max_variance=4.0)
    found = choose(given, steady, 0, "p").nothing
    assert (found.reason, found.threshold) == ("scores_vary", 4.0)
    assert found.value == pytest.approx(np.var([9, 8, 4]))
    wide = asked._replace(max_margin=4.0, max_variance=np.var([9, 8, 4]))
    assert picked(choose(given, wide, 0, "p")) == [(1, 2)]


def test_the_variance_and_the_smallest_score_are_those_that_were_given():
    given = responses(9.0, 8.0, 4.0)
    asked = PairingSettings("air", z_score=True, min_margin=0.0, min_score=8.5, max_variance=5)
    assert picked(choose(given, asked, 0, "p"))[0][0] == 0


@pytest.mark.parametrize("tokens", [(10, 10, 5, 5), (None, 10, 5, 5)])
def test_rarity_by_log_probability_is_per_token_else_per_character(tokens):
    said = [("aaaaaaaaaa", 9, -20.0), ("bbbbbbbbbb", 8, -10.0), ("ccccc", 1, -10.0)]
    said.append(("ddddd", 2, -15.0))
    given = [
        response(text, score, log_probability=logp, tokens=count)
        for (text, score, logp), count in zip(said, tokens, strict=True)
    ]
    asked = PairingSettings("divpo", diversity="log_probability")
    assert picked(choose(given, asked, 0, "p")) == [(0, 2)]


@pytest.mark.parametrize("bad", [None, math.nan, -math.inf, 1.0], ids=str)
def test_without_a_log_probability_a_response_is_left_out_where_it_counts(bad):
    given = [response(f"t{n}", n, log_probability=-1.0 - n) for n in range(3)]
    given.append(response("bad", 9.0, log_probability=bad))
    asked = PairingSettings("divpo", diversity="log_probability")
    found = choose(given, asked, 0, "p")
    assert (picked(found), found.left_out) == ([(2, 0)], 1)
    assert picked(choose(given, PairingSettings(), 0, "p")) == [(3, 0)]


def test_rarity_by_embedding_is_the_distance_from_the_others():
    given = responses(9.0, 8.0, 2.0, 1.0)
    vectors = [[1, 0, 0], [0, 0, 1], [1, 0.1, 0], [0.2, 1, 0]]
    asked = PairingSettings("divpo", diversity="embedding")
    assert needs_vectors(asked)
    assert picked(choose(given, asked, 0, "p", vectors)) == [(1, 2)]


@pytest.mark.parametrize(
    "vectors",
    [[[1.0]], [1.0, 2.0], [[1.0, math.nan]] * 2, [[1.0, math.inf]] * 2],
    ids=["too_few", "flat", "nan", "inf"],
)
def test_vectors_that_are_none_are_an_error(vectors):
    asked = PairingSettings("aepo", similarity="embedding")
    with pytest.raises(ModelError, match="vectors"):
        choose(responses(1.0, 2.0), asked, 0, "p", vectors)
    with pytest.raises(UsageError, match="needs sentence vectors"):
        choose(responses(1.0, 2.0), asked, 0, "p")


def test_far_too_many_responses_are_not_compared_with_each_other():
    given = responses(*range(600))
    for asked in (PairingSettings("all"), PairingSettings("aepo"), settings_of("air")):
        found = choose(given, asked, 0, "p")
        assert found.nothing == Nothing("too_many_responses", 600.0, 512.0)
    clustered = PairingSettings("ampo", rejected="coreset")
    assert choose(given, clustered, 0, "p").nothing.threshold == 128
    assert picked(choose(given, PairingSettings("sweet_spot"), 0, "p"))


HOSTILE = [
    "",
    " ",
    "\ud800 lone",
    "\u202eright to left",
    "\x00",
    "猫" * 9,
    "a" * 2_000_000,
    "e\u0301",
]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_any_text_may_be_a_side(strategy):
    given = [response(text, float(place)) for place, text in enumerate(HOSTILE)]
    found = choose(given, settings_of(strategy), 0, "\ud800")
    assert found.pairs


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("z_score", [False, True])
@pytest.mark.parametrize("penalty", [0.0, 1e100])
@pytest.mark.parametrize(
    "scores",
    [(1e100, -1e100, 0.0), (1e-300, 2e-300, 0.0), (5e-324, 0.0, -0.0), (1e100, 1.0, 1e-100)],
    ids=["largest", "small", "least", "mixed"],
)
def test_margins_of_extreme_scores_are_finite_and_positive(strategy, z_score, penalty, scores):
    asked = settings_of(strategy, z_score=z_score, length_penalty=penalty)
    found = choose(responses(*scores), asked, 0, "p")
    assert bool(found.pairs) != bool(found.nothing)
    assert all(0 < pair.margin < math.inf for pair in found.pairs)


def test_a_ranking_has_every_text_once_the_best_first():
    given = [*responses(3.0, 9.0, math.nan, 5.0), response("text 1", 9.0)]
    whole = CandidateSet("0" * 32, [Message("user", "?")], given, "test", ORIGIN, "train")
    ranked = ranking(whole, PairingSettings())
    assert [one.text for one in ranked.responses] == ["text 1", "text 3", "text 0"]
    assert ranked._replace(responses=given) == whole
    few = whole._replace(responses=responses(1.0, math.nan))
    assert ranking(few, PairingSettings()) == Nothing("too_few_scored", 1.0, 2.0)
    assert ranking(few._replace(responses=()), PairingSettings()).reason == "no_common_score"
    same = whole._replace(responses=[given[0], given[0]])
    assert ranking(same, PairingSettings()).reason == "too_few_texts"


def test_a_ranking_knows_the_length_penalty():
    given = [response("short", 1.0), response("long" * 500, 1.5)]
    whole = CandidateSet("0" * 32, [], given, "test", ORIGIN)
    assert ranking(whole, PairingSettings()).responses[0].text != "short"
    assert ranking(whole, PairingSettings(length_penalty=0.5)).responses[0].text == "short"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (PairingSettings("best"), "strategy 'best': expected one of best_worst"),
        (PairingSettings("divpo", diversity="words"), "diversity 'words'"),
        (PairingSettings("ampo", rejected="top"), "rejected 'top'"),
        (PairingSettings("aepo", similarity="x"), "similarity 'x'"),
        (PairingSettings(tie=-1.0), "tie is -1.0: expected 0 or more"),
        (PairingSettings(tie=math.nan), "tie is nan: expected a finite number"),
        (PairingSettings(length_penalty=math.inf), "length_penalty is inf"),
        (PairingSettings("sweet_spot", k=0.0), "k is 0.0: expected more than 0"),
        (PairingSettings("divpo", threshold=1.0), "threshold is 1.0"),
        (PairingSettings("aepo", subset=1), "subset is 1: expected 2 to 32"),
        (PairingSettings("aepo", subset=33), "subset is 33"),
        (PairingSettings("aepo", diversity_weight=-1.0), "diversity_weight is -1.0"),
        (PairingSettings(max_pairs=0), "max_pairs is 0"),
        (PairingSettings(subset=3), "subset goes with aepo and ampo and west_of_n, not with best"),
        (PairingSettings(min_score=3.0), "min_score goes with air"),
        (PairingSettings("air"), "air needs bounds"),
        (PairingSettings("air", min_margin=3.0, max_margin=2.0), "above margin.max"),
        (PairingSettings("air", max_margin=1.0, tie=1.0), "are ties"),
        (PairingSettings("air", min_margin=1.0, max_variance=0.0), "max_variance is 0.0"),
        (PairingSettings("ampo", similarity="embedding"), "not with bottom"),
    ],
    ids=lambda value: None if isinstance(value, PairingSettings) else value[:24],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        check(settings)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_each_strategy_may_be_asked_for(strategy):
    check(settings_of(strategy))
