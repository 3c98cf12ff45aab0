"""Jury votes, and how far judges agree."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.judge_agreement import judge_pairs, profile
from curation.selection.jury import jury_share, majority
from curation.selection.kappa import cohen_kappa, fleiss_kappa
from schemas.errors import ModelError
from schemas.records import Message, NamedScore, PreferencePair, Provenance

FLEISS_1971 = """0 0 0 6 0|0 3 0 0 3|0 1 4 0 1|0 0 0 0 6|0 3 0 3 0|2 0 4 0 0|0 0 4 0 2|2 0 3 1 0|\
2 0 0 4 0|0 0 0 0 6|1 0 0 5 0|1 1 0 4 0|0 3 3 0 0|1 0 0 5 0|0 2 0 3 1|0 0 5 0 1|3 0 0 1 2|\
5 1 0 0 0|0 2 0 4 0|1 0 2 0 3|0 0 0 0 6|0 1 0 5 0|0 2 0 1 3|2 0 0 4 0|1 0 0 4 1|0 5 0 1 0|\
4 0 0 0 2|0 2 0 4 0|1 0 5 0 0|0 0 0 0 6"""
"""Diagnoses of 30 patients by six psychiatrists each: Fleiss (1971), table 1."""
GWET_MISSING = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
    (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
)
"""Four raters, twelve units, five categories, 0 for missing: Gwet (2014), chapter 2."""
LABELS = st.sampled_from([0.0, 0.5, 1.0])


def labelled(*labels):
    """A pair with labels."""
    sides = [(Message(role, role),) for role in ("user", "assistant", "assistant")]
    origin = Provenance("f", 0, "g", None, (), (), None, "")
    return PreferencePair(
        "id", *sides, *[None] * 6, "existing", "s", "c", None, None, origin, "",
        labels=tuple(NamedScore(*label) for label in labels),
    )  # fmt: skip


def test_cohens_kappa_of_textbook_tables():
    # Two tables of the same observed agreement, and of different chance.
    table = {("y", "y"): 45, ("y", "n"): 15, ("n", "y"): 25, ("n", "n"): 15}
    assert cohen_kappa(table).kappa == pytest.approx(0.1304, abs=1e-4)
    table = {("y", "y"): 25, ("y", "n"): 35, ("n", "y"): 5, ("n", "n"): 35}
    assert cohen_kappa(table).kappa == pytest.approx(0.2593, abs=1e-4)


def test_fleiss_kappa_of_the_diagnoses_in_his_paper():
    profiles = [tuple(map(int, row.split())) for row in FLEISS_1971.split("|")]
    found = fleiss_kappa(Counter(profiles))
    assert found.items == 30
    assert found.observed == pytest.approx(0.5556, abs=1e-4)
    assert found.expected == pytest.approx(0.220, abs=1e-3)
    assert found.kappa == pytest.approx(0.430, abs=1e-3)


def test_kappa_of_items_with_different_numbers_of_raters():
    units = zip(*GWET_MISSING, strict=True)
    votes = [tuple(unit.count(label) for label in range(1, 6)) for unit in units]
    found = fleiss_kappa(Counter(votes))
    assert found.items == 11
    assert found.observed == pytest.approx(0.8181818)
    assert found.expected == pytest.approx(0.2387153)
    assert found.kappa == pytest.approx(0.76117, abs=1e-5)


def test_agreement_that_chance_alone_explains_has_no_kappa():
    assert cohen_kappa({(1, 1): 9}).kappa is None
    assert fleiss_kappa({(3, 0): 9}).kappa is None
    assert cohen_kappa({}).items == fleiss_kappa({}).items == fleiss_kappa({(1, 0): 4}).items == 0


def test_counts_below_zero_are_refused():
    with pytest.raises(ModelError):
        cohen_kappa({(1, 1): -1})
    with pytest.raises(ModelError):
        fleiss_kappa({(3, -1): 1})
    with pytest.raises(ModelError):
        fleiss_kappa({(3, 1): -1})


@given(st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=30), st.randoms())
def test_kappas_know_no_order_of_items_and_no_names_of_labels(rows, random):
    found = cohen_kappa(Counter(rows))
    assert found == cohen_kappa(Counter(random.sample(rows, len(rows))))
    assert found == cohen_kappa(Counter((str(a), str(b)) for a, b in rows))
    assert found == cohen_kappa(Counter((b, a) for a, b in rows))
    profiles = [tuple(row.count(label) for label in (0.0, 0.5, 1.0)) for row in rows]
    of_all = fleiss_kappa(Counter(profiles))
    assert of_all == fleiss_kappa(Counter(votes[::-1] for votes in profiles))
    assert of_all.observed == pytest.approx(found.observed)
    assert found.kappa is None or found.kappa <= 1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.randoms())
def test_a_jury_knows_no_order(labels, random):
    shuffled = random.sample(labels, len(labels))
    assert jury_share(labels) == jury_share(shuffled)
    assert majority(labels) == majority(shuffled)
    assert 0 <= jury_share(labels) <= 1


@pytest.mark.parametrize("labels", [[], [math.nan], [1.0, 2.0], [-0.1], [math.inf]], ids=str)
def test_what_is_no_label_is_refused(labels):
    with pytest.raises(ModelError):
        jury_share(labels)
    with pytest.raises(ModelError):
        majority(labels)


def test_judges_are_compared_by_the_commonest_of_their_labels():
    pair = labelled(("b", 1.0), ("a", 0.0), ("a", 1.0), ("a", 1.0), ("c", math.nan), ("d", 0.5))
    assert dict(judge_pairs(pair)) == {
        ("a", "b"): (1.0, 1.0),
        ("a", "d"): (1.0, 0.5),
        ("b", "d"): (1.0, 0.5),
    }
    assert profile(pair) == (3, 1, 1)
    assert profile(labelled()) is None
