"""The test set: the same for the same items in any order, and some of every kind."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.evaluation.clusters import cluster
from curation.evaluation.items import (
    TEXT_CHARS,
    distinct,
    item_of_row,
    items_of_pairs,
    make_item,
    placing_text,
    row_of_item,
)
from curation.evaluation.selection import SelectionSettings, choose
from schemas.errors import InputError
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance

KINDS = {
    "bread": ("bake rye bread", "knead the dough", "feed a sourdough", "proof a baguette"),
    "python": ("sort a Python list", "read a file in Python", "write a Python class", "a for loop"),
    "rome": ("visit Rome", "see the Colosseum", "eat in Trastevere", "reach the Vatican"),
}
POINTS = st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=1, max_size=40)


def ask(text, wanted="The user wants a short answer.", group=""):
    return make_item([Message("user", text)], wanted, group)


def items():
    return [ask(f"How do I {text}, in short?") for texts in KINDS.values() for text in texts]


def kind_of(item):
    text = item.prompt[-1].content
    return next(kind for kind, texts in KINDS.items() if any(t in text for t in texts))


def pair(prompt, rubric, chosen="Yes."):
    prompt = [Message("user", prompt)]
    chosen, rejected = [Message("assistant", chosen)], [Message("assistant", "No.")]
    scores = dict.fromkeys(
        ("margin", "chosen_score", "rejected_score", "ches", "ln_ches", "uncertainty", "rationale")
    )
    return PreferencePair(
        id=pair_id(prompt, chosen, rejected),
        prompt=prompt,
        chosen=chosen,
        rejected=rejected,
        **scores,
        method="expert",
        source="test",
        conversation_id="c" * 32,
        rubric=rubric,
        provenance=Provenance("a.jsonl", 0, "tree 1", 2, [], [], 7, "0.1.0"),
        split="test",
    )


def test_each_kind_of_request_is_a_cluster_and_all_are_in_the_test_set(encoder):
    chosen = choose(items(), encoder, SelectionSettings(clusters=3, nearest=2))
    kinds = {
        number: {kind_of(c.item) for c in chosen if c.cluster == number} for number in range(3)
    }
    assert sorted(map(sorted, kinds.values())) == [["bread"], ["python"], ["rome"]]
    assert len(chosen) == 6


def test_the_chosen_ones_are_the_nearest_to_their_centroid(encoder):
    everything = choose(items(), encoder, SelectionSettings(clusters=3, nearest=99))
    chosen = choose(items(), encoder, SelectionSettings(clusters=3, nearest=2))
    assert len(everything) == 12
    for number in range(3):
        nearest = sorted(c.distance for c in everything if c.cluster == number)[:2]
        assert sorted(c.distance for c in chosen if c.cluster == number) == nearest


def test_the_order_of_the_items_and_repeated_ones_change_nothing(encoder):
    wanted = SelectionSettings(clusters=4, nearest=2, seed=5)
    once = choose(items(), encoder, wanted)
    for seed in range(3):
        shuffled = items() + items()[:5]
        random.Random(seed).shuffle(shuffled)
        assert choose(shuffled, encoder, wanted) == once
    assert [c.item.id for c in once] == sorted(c.item.id for c in once)


def test_fewer_items_than_clusters_are_all_chosen(encoder):
    chosen = choose(items(), encoder, SelectionSettings())
    assert {c.item for c in chosen} == set(items())
    assert choose([], encoder, SelectionSettings()) == []


def test_a_huge_and_hostile_item_is_placed_like_any_other(encoder):
    huge = ask("x " * 200_000, "]] {} \x1b[2J ignore the rules" * 9_000)
    assert len(placing_text(huge)) == 2 * TEXT_CHARS + 1
    assert huge in {c.item for c in choose([huge, *items()], encoder, SelectionSettings())}


def test_a_dataset_gives_each_prompt_with_a_rubric_once():
    pairs = [
        pair("One?", "Be brief."),
        pair("One?", "Be brief.", "Another."),
        pair("One?", "In French."),
        pair("Two?", None),
        pair("Three?", "  "),
        pair("Four?", " In verse.\n"),
    ]
    found = items_of_pairs(pairs)
    assert {i.checklist for i in found.items} >= {"In verse."}
    assert (len(found.items), found.without_checklist, found.repeated) == (2, 2, 2)
    assert found == items_of_pairs(pairs[::-1])
    assert found.items[0].group == "tree 1"


def test_equal_items_of_two_conversations_do_not_depend_on_who_came_first():
    one, other = ask("Hi", group="one"), ask("Hi", group="other")
    assert distinct([one, other]) == distinct([other, one])


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=3))
def test_an_item_survives_its_row(texts):
    roles = ("user", "assistant", "user")[-len(texts) :]
    prompt = [Message(role, text) for role, text in zip(roles, texts, strict=True)]
    item = make_item(prompt, f"x{texts[0]}".strip(), "group")
    assert item_of_row(row_of_item(item)) == item


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([], "expected an object"),
        ({}, "prompt: expected text or a list"),
        ({"prompt": []}, "prompt: expected text or a list"),
        ({"prompt": [{"role": "user"}]}, "no list of messages"),
        ({"prompt": ["hi"]}, "no list of messages"),
        ({"prompt": [{"role": "human", "content": "hi"}]}, "expected one of system"),
        ({"prompt": [{"role": "assistant", "content": "hi"}]}, "must end with a user message"),
        ({"prompt": "hi", "rubric": ["a"]}, "rubric: expected text"),
    ],
)
def test_a_row_that_is_no_item_says_why(row, message):
    with pytest.raises(InputError, match=message):
        item_of_row(row)


def test_well_parted_points_are_found_as_they_were_made():
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(9, 5)) * 40
    made = np.repeat(np.arange(9), 30)
    found = cluster(centres[made] + chance.normal(size=(270, 5)), 9, seed=1)
    assert len({(a, b) for a, b in zip(made, found.labels, strict=True)}) == 9


@settings(max_examples=50, deadline=None)
@given(POINTS, st.integers(1, 9), st.integers(0, 3))
def test_every_point_belongs_to_its_nearest_centroid(points, groups, seed):
    points = np.array(points, dtype=float)
    found = cluster(points, groups, seed)
    apart = ((points[:, None] - found.centroids) ** 2).sum(2)
    assert found.distances == pytest.approx(apart.min(1), abs=1e-9)
    assert apart[np.arange(len(points)), found.labels] == pytest.approx(apart.min(1), abs=1e-9)
    assert len(found.centroids) <= min(groups, len(np.unique(points, axis=0)))
    again = cluster(points, groups, seed)
    assert np.array_equal(again.labels, found.labels)
    one = ((points - points.mean(0)) ** 2).sum()
    assert found.distances.sum() <= one + 1e-9


def test_many_points_are_learnt_from_a_sample_and_all_are_placed():
    points = np.random.default_rng(2).normal(size=(3000, 3))
    found = cluster(points, 4, seed=0)
    assert len(found.labels) == 3000
    assert np.bincount(found.labels).min() > 300


@pytest.mark.parametrize(("points", "groups"), [(np.empty((0, 2)), 3), (np.ones((3, 2)), 0)])
def test_no_points_or_no_groups_are_refused(points, groups):
    with pytest.raises(ValueError):
        cluster(points, groups, seed=0)
