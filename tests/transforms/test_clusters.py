"""Clusters of prompts as a Beam stage: the same for any order, bundling and number of workers."""

import random
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from hypothesis import given
from hypothesis import strategies as st
from transforms_drafts import draft

from schemas.arrow import to_row
from schemas.errors import UsageError
from transforms.clusters import AssignClusters, LowestHashes

TOPICS = {
    "cooking": "oven flour butter recipe bake cake sugar dough egg soup",
    "tax": "income deduct return audit refund form payroll bracket estate",
}


@pytest.fixture(scope="module")
def pairs():
    draw = random.Random(0)
    made = []
    for number in range(120):
        words = TOPICS["cooking" if number % 3 else "tax"].split()
        made.append(draft(number, f"please tell me: {' '.join(draw.sample(words, 5))}?").pair)
    return made


def clusters_of(collected, pairs, options=None, seed=0):
    with beam.Pipeline("FnApiRunner", options=options) as pipeline:
        made = pipeline | beam.Create(pairs) | beam.Reshuffle() | AssignClusters(3, seed)
        collected.take("pairs", made.pairs)
        collected.take("counts", made.counts)
    return {pair.id: pair.cluster for pair in collected["pairs"]}


def test_prompts_of_one_topic_share_a_cluster_and_everything_else_stays(collected, pairs):
    found = clusters_of(collected, pairs)
    tax = {found[pair.id] for at, pair in enumerate(pairs) if at % 3 == 0}
    cooking = {found[pair.id] for at, pair in enumerate(pairs) if at % 3}
    assert tax | cooking == {0, 1, 2}
    assert not tax & cooking
    by_id = {pair.id: pair for pair in pairs}
    for pair in collected["pairs"]:
        assert to_row(pair._replace(cluster=None)) == to_row(by_id[pair.id])


def test_order_and_worker_processes_make_no_difference(collected, pairs, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))  # for worker processes
    expected = clusters_of(collected, pairs)
    shuffled = random.Random(7).sample(pairs, k=len(pairs))
    assert clusters_of(collected, shuffled) == expected
    two = PipelineOptions(direct_num_workers=2, direct_running_mode="multi_processing")
    assert clusters_of(collected, shuffled, two) == expected


def test_repeated_prompts_count_once_in_the_sample(collected, pairs):
    again = [pair._replace(id=f"{pair.id} again {n}") for n in range(20) for pair in pairs[:3]]
    found = clusters_of(collected, [*pairs, *again])
    expected = clusters_of(collected, pairs)
    assert {pair.id: found[pair.id] for pair in pairs} == expected


def test_a_prompt_that_shares_no_word_is_noted_and_passes(collected, pairs):
    odd = draft(900, "\u202e !!").pair._replace(cluster=5)
    empty = draft(901, "").pair._replace(prompt=())
    found = clusters_of(collected, [*pairs, odd, empty])
    assert found[odd.id] is found[empty.id] is None
    totals = {}
    for (stage, key), n in collected["counts"]:
        totals[stage, key] = totals.get((stage, key), 0) + n
    assert totals == {
        ("clusters", "in"): 122,
        ("clusters", "out"): 122,
        ("clusters", "note:no_cluster"): 2,
    }


def test_nothing_in_gives_nothing_out(collected):
    assert clusters_of(collected, []) == {}


@pytest.mark.parametrize("clusters", [1, 0, -3])
def test_fewer_than_two_clusters_are_refused(clusters):
    with pytest.raises(UsageError, match="at least 2"):
        AssignClusters(clusters)


@given(st.data(), st.lists(st.integers(0, 40)), st.integers(1, 6))
def test_the_draw_is_the_same_for_any_order_and_any_parts(data, ranks, most):
    draw = LowestHashes(most)
    order = data.draw(st.permutations(ranks))
    cuts = data.draw(st.lists(st.integers(0, len(ranks)), max_size=4).map(sorted))
    parts = []
    for start, end in zip([0, *cuts], [*cuts, len(ranks)], strict=True):
        accumulator = draw.create_accumulator()
        for rank in order[start:end]:
            accumulator = draw.add_input(accumulator, (rank, b"%d" % rank))
        parts.append(draw.compact(accumulator))
    found = draw.extract_output(draw.merge_accumulators(parts))
    assert found == {rank: b"%d" % rank for rank in sorted(set(ranks))[:most]}
