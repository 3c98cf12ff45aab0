"""Packed prefix trees see what each sequence would have seen alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.prefix_tree import pack

SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=6)


def seen(tree, place):
    """Places that a token sees: all before it on the trunk, what the mask says beyond."""
    if place < tree.trunk:
        return list(range(place + 1))
    return np.flatnonzero(tree.mask[place - tree.trunk]).tolist()


@given(SEQUENCES)
def test_every_sequence_can_be_read_back(sequences):
    tree = pack(sequences)
    assert [tree.tokens[path].tolist() for path in tree.paths] == sequences


@given(SEQUENCES)
def test_a_token_sees_exactly_the_tokens_before_it_in_its_sequence(sequences):
    tree = pack(sequences)
    for path in tree.paths:
        for depth, place in enumerate(path):
            assert seen(tree, place) == path[: depth + 1].tolist()
            assert tree.positions[place] == depth


@given(SEQUENCES)
def test_no_prefix_stands_twice(sequences):
    prefixes = {tuple(s[: n + 1]) for s in sequences for n in range(len(s))}
    assert len(pack(sequences).tokens) == len(prefixes)


@given(SEQUENCES)
def test_the_trunk_is_what_all_sequences_begin_with(sequences):
    trunk = pack(sequences).trunk
    assert len({tuple(s[:trunk]) for s in sequences}) == 1
    longer = {tuple(s[: trunk + 1]) for s in sequences}
    assert len(longer) > 1 or min(map(len, sequences)) == trunk


@pytest.mark.parametrize("nothing", [[], [[]], [[1], []]])
def test_nothing_to_pack_is_an_error(nothing):
    with pytest.raises(ValueError, match="at least one"):
        pack(nothing)
