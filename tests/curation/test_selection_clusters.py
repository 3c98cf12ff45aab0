"""Clusters of prompts: vectors that texts teach, k-means over them, the same everywhere."""

import os
import random
import subprocess
import sys
from collections import Counter
from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selection_topics import prompts_of_topics

from curation.selection import semantics
from curation.selection.clusters import (
    LARGEST_SAMPLE,
    learn_clusters,
    request_text,
    sample_size,
    spherical_k_means,
)
from curation.selection.semantics import UNIT, WIDTH, codes, learn, unit_rows
from schemas.records import Message


@pytest.fixture(scope="module")
def topics():
    return prompts_of_topics(400)


@pytest.fixture(scope="module")
def words(topics):
    return [codes(text) for text in topics]


def weighted(words):
    """Weights of words in texts as plain floats, those of one text only left out."""
    used = Counter(int(word) for text in words for word in text)
    known = sorted(word for word, n in used.items() if n > 1)
    table = np.zeros((len(words), len(known)))
    for row, text in enumerate(words):
        for word in text:
            if used[int(word)] > 1:
                table[row, known.index(word)] = log((len(words) + 1) / used[int(word)])
    return table / np.linalg.norm(table, axis=1, keepdims=True)


def test_with_fewer_texts_than_numbers_in_a_vector_cosines_are_those_of_the_weighted_words(words):
    few = words[: WIDTH - 4]
    vectors = learn(few).vectors(few) / UNIT
    table = weighted(few)
    assert np.abs(vectors @ vectors.T - table @ table.T).max() < 0.02


def test_the_directions_hold_nearly_as_much_as_the_best_ones_do(words, monkeypatch):
    table = weighted(words)
    best = (np.linalg.svd(table, compute_uv=False)[:8] ** 2).sum()
    learnt = learn(words, width=8)
    basis = np.stack([learnt.table[word] for word in known_words(words)])
    # The table has the words' weights in it; without them it is the basis.
    basis = basis / np.array([[log((len(words) + 1) / n)] for n in known_words(words).values()])
    basis, _ = np.linalg.qr(basis)
    assert ((table @ basis) ** 2).sum() > 0.97 * best


def known_words(words):
    used = Counter(int(word) for text in words for word in text)
    return {word: n for word, n in sorted(used.items()) if n > 1}


def test_topics_become_clusters(topics, words):
    clusters = learn_clusters(words, 4, seed=3)
    found = Counter(zip(topics.values(), clusters.nearest(words), strict=True))
    largest = {topic: max(n for (t, _), n in found.items() if t == topic) for topic, _ in found}
    assert sum(largest.values()) >= 0.97 * len(topics)
    assert len({cluster for _, cluster in found}) == 4


def test_prompts_that_were_not_in_the_sample_go_to_their_topic(words):
    clusters = learn_clusters(words, 4)
    more = prompts_of_topics(100, seed=9)
    found = {}
    for text, topic in more.items():
        found.setdefault(topic, Counter())[clusters.nearest([codes(text)])[0]] += 1
    assert sum(max(counts.values()) for counts in found.values()) >= 95
    assert len({counts.most_common(1)[0][0] for counts in found.values()}) == 4


def test_the_first_cluster_is_the_largest_of_the_sample(words):
    sizes = Counter(learn_clusters(words, 6).nearest(words))
    assert [sizes[at] for at in range(6)] == sorted(sizes.values(), reverse=True)


def test_a_prompt_without_a_known_word_has_no_cluster(words):
    assert learn_clusters(words, 4).nearest([codes(""), codes("!?"), codes("xyzzy")]) == [None] * 3
    assert learn_clusters([], 4).nearest([codes("egg")]) == [None]
    assert learn_clusters([codes("one word")], 2).nearest([codes("one word")]) == [None]


def test_there_are_no_more_clusters_than_different_prompts():
    sample = [codes(t) for t in ("boil an egg", "egg boil an", "car tax law", "law car tax")]
    one, same, other, too = learn_clusters(sample, 9).nearest(sample)
    assert one == same != other == too


def test_the_seed_may_change_clusters_and_nothing_else_does(words):
    again = [learn_clusters(words, 7, seed=5).centroids.tolist() for _ in range(2)]
    assert again[0] == again[1]


def test_the_bits_do_not_depend_on_how_many_threads_add_up():
    code = (
        "import sys, hashlib; sys.path.insert(0, 'tests/curation')\n"
        "from selection_topics import prompts_of_topics\n"
        "from curation.selection.semantics import codes\n"
        "from curation.selection.clusters import learn_clusters\n"
        "c = learn_clusters([codes(t) for t in prompts_of_topics(300)], 12)\n"
        "print(hashlib.sha256(c.semantics.table.tobytes() + c.centroids.tobytes()).hexdigest())\n"
    )
    root = Path(semantics.__file__).parents[2]
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    seen = set()
    for threads in ("1", "2", "7"):
        environment = {**os.environ, **dict.fromkeys(names, threads)}
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, check=True
        )
        seen.add(done.stdout)
    assert len(seen) == 1


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 5),
    st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=30),
)
def test_centroids_are_different_unit_vectors_and_no_more_than_points(groups, rows):
    points = unit_rows(np.array(rows, np.int64))
    points = points[points.any(axis=1)]
    centroids = spherical_k_means(points, groups, seed=1)
    assert len(centroids) <= min(groups, len({tuple(point) for point in points.tolist()}))
    if len(points):
        assert len(centroids) >= 1
        assert (np.abs(np.sqrt((centroids**2).sum(axis=1)) - UNIT) < 2).all()


def test_a_huge_hostile_text_is_read_at_both_ends_and_overflows_nothing():
    huge = "\ud800 " + " ".join(f"word{n}" for n in range(200_000))
    sample = [codes(huge), codes(huge[::-1]), codes(f"{huge} again")]
    vectors = learn(sample).vectors(sample)
    assert np.abs(vectors).max() <= UNIT
    assert len(sample[0]) < 1000
    assert (codes("مرحبا بالعالم") == codes("بالعالم مرحبا")).all()


def test_what_the_user_says_is_all_user_turns_and_the_rest_only_without_one():
    talk = [Message("system", "s"), Message("user", "a"), Message("assistant", "b")]
    assert request_text([*talk, Message("user", "c")]) == "a\nc"
    assert request_text(talk[:1]) == "s"
    assert request_text([]) == ""


def test_the_sample_is_bounded():
    assert sample_size(10**9) == LARGEST_SAMPLE


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(-(2**27), 2**27), min_size=4, max_size=4), min_size=1))
def test_unit_rows_point_the_same_way_and_have_the_unit_s_length(rows):
    given_rows = np.array(rows, np.int64)
    for row, unit in zip(given_rows.tolist(), unit_rows(given_rows).tolist(), strict=True):
        length = sum(value**2 for value in row) ** 0.5
        if not length:
            assert unit == [0] * 4
            continue
        assert all(
            abs(u - value / length * UNIT) <= 0.5001 for u, value in zip(unit, row, strict=True)
        )


def test_order_of_the_sample_is_the_caller_s_to_fix_and_shuffling_moves_few(topics, words):
    # What is promised is one result for one order; that another order finds the topics, too, shows
    # that it does not hang on a lucky one.
    shuffled = list(words)
    random.Random(4).shuffle(shuffled)
    one, other = (learn_clusters(sample, 4).nearest(words) for sample in (words, shuffled))
    pairs = Counter(zip(one, other, strict=True))
    assert sum(n for _, n in pairs.most_common(4)) >= 0.95 * len(words)
