"""Each strategy on scores that can be checked by hand."""

import numpy as np
import pytest

from curation.selection.likeness import (
    STEPS,
    distances,
    vector_similarities,
    word_rarities,
    word_similarities,
)
from curation.selection.strategies.air import moderate_pairs
from curation.selection.strategies.ampo import best_against_several
from curation.selection.strategies.best_worst import best_worst
from curation.selection.strategies.divpo import rare_against_common
from curation.selection.strategies.draws import drawn
from curation.selection.strategies.every_pair import every_pair
from curation.selection.strategies.sweet_spot import sweet_spot


def test_of_few_responses_the_sweet_spot_is_the_worst_one():
    scores = [7, 1, 4, 6, 5]
    assert sweet_spot(scores) == best_worst(scores) == (0, 1)


def test_the_sweet_spot_passes_over_a_broken_response():
    # Mean 8 and deviation 12.3: two deviations below the mean are nearer to -10 than to -60.
    scores = [11, 12, 10, 13, 11, 12, 10, 13, 11, 12, 10, 13, 11, 12, 10, 13, -10, -60]
    values = np.array(scores)
    goal = values.mean() - 2 * values.std()
    assert sweet_spot(scores) == (3, 16)
    assert abs(-10 - goal) < abs(-60 - goal)


@pytest.mark.parametrize("k", [1.0, 2.0, 3.0])
def test_the_sweet_spot_of_normal_scores_lies_k_deviations_below_the_mean(k):
    rng = np.random.default_rng(1)
    drawn_scores = [rng.normal(0, 1, 4000) for _ in range(100)]
    rejected = [scores[sweet_spot(scores.tolist(), k).rejected] for scores in drawn_scores]
    assert np.mean(rejected) == pytest.approx(-k, abs=0.05)


def test_a_response_within_the_tie_of_the_best_is_never_rejected():
    assert sweet_spot([10, 9, 8], k=0.001, tie=1) == (0, 2)
    assert best_worst([10, 9], tie=1) is None
    assert [tuple(pair) for pair in every_pair([10, 9, 8], tie=1)] == [(0, 2)]
    assert best_against_several([10, 9, 8], 2, tie=1) == [(0, 2)]
    assert rare_against_common([10, 9], [1, 0], 0.5, tie=1) is None
    assert moderate_pairs([10, 9, 8], [True] * 3, 0, None, tie=1) == [(0, 2)]


def test_every_pair_of_n_different_scores_is_found_once():
    pairs = every_pair([3, 1, 4, 2])
    assert len(pairs) == len(set(pairs)) == 6
    margins = [[3, 1, 4, 2][c] - [3, 1, 4, 2][r] for c, r in pairs]
    assert margins == sorted(margins, reverse=True) == [3, 2, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2, 4, (0, 2)),  # 9 against 6: the middle of the bounds is 3.
        (None, 1, (0, 1)),
        (8, None, (0, 4)),
        (4.5, 5.5, (1, 3)),  # 9 has no partner 5 below; 8 has.
        (9, 12, None),
    ],
)
def test_a_moderate_pair_has_the_best_chosen_response_that_the_bounds_allow(low, high, expected):
    found = moderate_pairs([9, 8, 6, 3, 1], [True] * 5, low, high)
    assert (found[0] if found else None) == expected


def test_a_moderate_pair_has_no_chosen_response_below_the_smallest_score():
    able = [True, False, False, False]
    assert moderate_pairs([9, 8, 6, 3], able, 2, 3) == [(0, 2)]
    assert moderate_pairs([9, 8, 6, 3], able, 4, 5) == []


SCORES = [9, 8, 7, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.5, (2, 6)),  # Good are 9, 8, 7; bad 3, 2, 1.
        (0.3, (1, 6)),  # Good are 9, 8; bad 2, 1.
        (0.01, (0, 6)),  # At least one each.
        (0.99, (3, 6)),  # Good are all but 1; the rarest, 4, against the commonest.
    ],
)
def test_a_rare_good_response_is_chosen_over_a_common_bad_one(share, expected):
    rarities = [0.1, 0.5, 0.8, 0.9, 0.7, 0.6, 0.05]
    assert rare_against_common(SCORES, rarities, share) == expected


def test_a_rarest_good_response_that_is_no_better_than_the_bad_ones_gives_way():
    assert rare_against_common([5, 5, 5, 9], [0.9, 0.8, 0.1, 0.5], 0.5) == (3, 2)


def test_responses_as_good_as_the_last_good_one_are_good():
    assert rare_against_common([5, 5, 5, 1], [0.1, 0.2, 0.9, 0.0], 0.25) == (2, 3)


def test_word_rarity_is_the_mean_inverse_of_how_many_texts_use_a_word():
    texts = ["the cat", "the dog", "The dog, the DOG!"]
    assert word_rarities(texts) == pytest.approx([(1 / 3 + 1) / 2, (1 / 3 + 1 / 2) / 2, 5 / 12])


def test_of_ampo_the_rejected_ones_are_the_worst_of_each_cluster():
    # Three clusters on a line: words are not needed to see them.
    places = np.array([0.0, 0.1, 0.2, 1.5, 1.6, 3.0, 3.1])
    alike = vector_similarities(np.stack([np.cos(places), np.sin(places)], axis=1))
    scores = [9, 3, 1, 5, 6, 2, 0]
    bottom = best_against_several(scores, 3)
    coreset = best_against_several(scores, 3, how="coreset", similarities=alike)
    assert [scores[pair.rejected] for pair in bottom] == [0, 1, 2]
    assert [scores[pair.rejected] for pair in coreset] == [0, 1, 5]


def test_of_ampo_opt_select_prefers_medoids_among_bad_responses():
    places = np.array([2.9, 0.0, 0.2, 0.4])
    alike = vector_similarities(np.stack([np.cos(places), np.sin(places)], axis=1))
    even = best_against_several([9, 1, 1, 1], 1, how="opt_select", similarities=alike)
    heavy = best_against_several([90, 0, 20, 20], 1, how="opt_select", similarities=alike)
    assert even == [(0, 2)]  # The middle one of three.
    assert heavy == [(0, 1)]  # The others weigh nothing beside the worst one.


def test_ampo_rejects_fewer_where_fewer_are_worse():
    alike = word_similarities(["a", "b", "c"])
    for how in ("bottom", "coreset", "opt_select"):
        found = best_against_several([2, 2, 1], 5, how=how, similarities=alike)
        assert found == [(0, 2)]
    assert best_against_several([1, 1], 2) == []
    with pytest.raises(ValueError, match="coreset needs similarities"):
        best_against_several([2, 1], 1, how="coreset")


def test_cosines_of_word_counts_agree_with_their_definition():
    texts = ["a b b c", "b c d", "x", "", "猫好", "猫 a"]
    counts = np.array(
        [
            [1, 2, 1, 0, 0, 0, 0],
            [0, 1, 1, 1, 0, 0, 0],
            [0, 0, 0, 0, 1, 0, 0],
            [0, 0, 0, 0, 0, 0, 0],
            [0, 0, 0, 0, 0, 1, 1],
            [1, 0, 0, 0, 0, 1, 0],
        ]
    )
    norms = np.linalg.norm(counts, axis=1)
    lengths = np.outer(norms, norms)
    expected = np.divide(counts @ counts.T, lengths, where=lengths > 0, out=np.zeros((6, 6)))
    np.fill_diagonal(expected, 1)
    np.testing.assert_allclose(word_similarities(texts) / STEPS, expected, atol=1e-9)


def test_many_different_words_are_counted_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 300, 80)) for _ in range(9)]
    at_once = word_similarities(texts)
    monkeypatch.setattr("curation.selection.likeness._CELLS", 9 * 7)
    np.testing.assert_array_equal(word_similarities(texts), at_once)


def test_vectors_of_any_length_give_cosines():
    rows = np.random.default_rng(0).normal(size=(5, 384))
    lengths = np.array([1e-200, 1, 1e200, 3, 0.0])[:, None]
    found = vector_similarities(rows * lengths) / STEPS
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = unit @ unit.T
    expected[4, :4] = expected[:4, 4] = 0
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_text_like_no_other_is_the_most_distant_one():
    found = distances(word_similarities(["a b", "a b c", "x y", "a c"]))
    assert max(found) == found[2] == 1.0


def test_a_draw_takes_each_item_about_as_often():
    counts = np.bincount([drawn(1, 5, 0, str(n))[0] for n in range(5000)])
    assert counts.min() > 850  # 1,000 expected, deviation 28.
    assert sorted(drawn(5, 5, 3, "x")) == [0, 1, 2, 3, 4]
