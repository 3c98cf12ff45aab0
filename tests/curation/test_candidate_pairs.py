"""Pairs out of candidate sets: the order in the file changes nothing, nothing goes uncounted."""

import random
from math import fsum

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.selection.candidate_pairs import construct, distinct, one_pair, ranked
from curation.selection.pairing import PairingSettings
from schemas.ids import conversation_id, pair_id
from schemas.records import (
    CandidateScores,
    CandidateSet,
    Message,
    NamedScore,
    Provenance,
    ScoredResponse,
)
from schemas.validate import validate

PROMPT = (Message("user", "Name a colour."),)
ORIGIN = Provenance("f", 7, conversation_id(PROMPT), None, (), (), None, "")
ALL = (
    PairingSettings(),
    PairingSettings("sweet_spot"),
    PairingSettings("air", min_margin=0.5, max_pairs=2),
    PairingSettings("divpo"),
    PairingSettings("aepo"),
    PairingSettings("ampo"),
    PairingSettings("west_of_n", subset=3),
    PairingSettings("random"),
    PairingSettings("all"),
    PairingSettings(z_score=True, length_penalty=2.0),
)


def response(text, score=None, model=None, **scores):
    given = [("score", score), *scores.items()]
    named = tuple(NamedScore(name, value) for name, value in given if value is not None)
    return ScoredResponse(text, model, named)


def candidates(*responses):
    return CandidateSet("c" * 32, PROMPT, responses, "demo", ORIGIN)


def made(found, settings):
    return construct(distinct(found)[0], settings, 0)


RESPONSES = st.lists(
    st.builds(
        response,
        st.sampled_from(["a", "b ", " b", "c d", "", " ", "\u05d0\u05d1", "e" * 40, "f g h"]),
        st.none() | st.integers(-3, 3) | st.floats(-1e6, 1e6),
        st.sampled_from([None, "m", "n"]),
        style=st.none() | st.integers(0, 2),
    ),
    max_size=9,
)


@settings(deadline=None)
@given(RESPONSES, st.randoms(), st.sampled_from(ALL))
def test_the_order_of_the_responses_changes_neither_pairs_nor_ranking(said, rng, chosen) -> None:
    turned = rng.sample(said, len(said))
    one, other = distinct(candidates(*said)), distinct(candidates(*turned))
    assert one == other
    first, second = (construct(found, chosen, 5) for found, _ in (one, other))
    assert first == second
    assert ranked(one[0], chosen) == ranked(other[0], chosen)
    assert bool(first.pairs) == (first.drop is None)


@settings(deadline=None)
@given(RESPONSES, st.sampled_from(ALL))
def test_every_response_is_there_or_counted_and_every_pair_is_sound(said, chosen) -> None:
    found, notes = distinct(candidates(*said))
    assert len(found.responses) + sum(notes.values()) == len(said)
    for pair in construct(found, chosen, 5).pairs:
        validate(pair)
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert pair.chosen != pair.rejected
        assert pair.margin > 0
        lengths = {len(scores.values) for scores in pair.provenance.scores}
        assert len(lengths) == 1
        values = pair.provenance.scores[0].values
        assert {pair.chosen_score, pair.rejected_score} <= set(values)
        if not chosen.z_score:
            assert pair.margin == pair.chosen_score - pair.rejected_score


def test_copies_of_a_text_have_the_mean_of_their_scores_and_what_they_agree_on() -> None:
    copies = [
        response("Red.", 1.0, "m", style=2.0),
        response("Red. ", 2.0, "m"),
        response("\nRed.", 4.5, None),
    ]
    for order in (copies, copies[::-1]):
        found, notes = distinct(candidates(*order, response("Blue.", 0.0)))
        assert notes == {"repeated_response": 2}
        blue, red = found.responses
        assert blue.text == "Blue."
        assert red.model == "m"
        assert red.scores == (("score", fsum([1.0, 2.0, 4.5]) / 3), ("style", 2.0))
    other, _ = distinct(candidates(response("A", 1.0, "m"), response("A", 1.0, "n")))
    assert other.responses[0].model is None


def test_a_pair_says_who_wrote_it_and_how_all_candidates_scored() -> None:
    said = [
        response("Red.", 3.0, "big", style=1.0),
        response("Blue.", 1.0, "small", style=2.0),
        response("Sand.", 2.0, "big", style=3.0, votes=9.0),
        response("Mud.", None, "big", style=0.0),
    ]
    found = made(candidates(*said), PairingSettings("all", score="score"))
    assert found.notes == {"unscored_response": 1}
    pairs = {(p.chosen[0].content, p.rejected[0].content): p for p in found.pairs}
    assert set(pairs) == {("Red.", "Blue."), ("Red.", "Sand."), ("Sand.", "Blue.")}
    pair = pairs["Red.", "Blue."]
    assert (pair.chosen_score, pair.rejected_score, pair.margin) == (3.0, 1.0, 2.0)
    assert pair.provenance.models == ("chosen=big", "rejected=small")
    assert pairs["Red.", "Sand."].provenance.models == ("chosen=big", "rejected=big")
    assert {s.name: sorted(s.values) for s in pair.provenance.scores} == {
        "score": [1.0, 2.0, 3.0], "style": [1.0, 2.0, 3.0],
    }  # fmt: skip
    assert pair.provenance.scores[0].name == "score"
    assert len({p.provenance.scores for p in found.pairs}) == 1
    assert (pair.method, pair.source) == ("candidates", "demo")
    assert pair.conversation_id == pair.provenance.group == conversation_id(PROMPT)
    assert (pair.provenance.input, pair.provenance.position) == ("f", 7)


def test_a_length_penalty_is_in_the_margin_and_not_in_the_scores() -> None:
    said = [response("x" * 1000, 3.0), response("short", 2.5), response("mid" * 100, 0.0)]
    (pair,) = made(candidates(*said), PairingSettings(length_penalty=1.0)).pairs
    assert pair.chosen[0].content == "short"
    assert (pair.chosen_score, pair.rejected_score) == (2.5, 0.0)
    assert pair.margin == pytest.approx(2.5 + 0.295)


@pytest.mark.parametrize(
    ("said", "chosen", "reason"),
    [
        ([], PairingSettings(), "too_few_responses"),
        ([response("a", 1.0), response(" a", 3.0)], PairingSettings(), "too_few_responses"),
        ([response("a", 1.0), response(" ", 3.0)], PairingSettings(), "too_few_responses"),
        ([response("a"), response("b")], PairingSettings(), "no_common_score"),
        ([response("a", 1.0), response("b")], PairingSettings(score="score"), "too_few_scored"),
        ([response("a", 1.0), response("b", 1.0)], PairingSettings(), "tied_scores"),
        ([response("a", 1.0), response("b", 1.5)], PairingSettings(tie=1.0), "tied_scores"),
        ([response("a", 1.0), response("b", 9.0)], PairingSettings("air", max_margin=1.0),
         "outside_margin"),
        ([response("a", 1.0), response("b", 9.0)],
         PairingSettings("air", min_margin=1.0, min_score=10.0), "low_scores"),
    ],
)  # fmt: skip
def test_a_set_without_a_pair_is_a_drop_with_its_reason(said, chosen, reason) -> None:
    found = made(candidates(*said), chosen)
    assert not found.pairs
    assert validate(found.drop).filter == reason
    assert found.drop.pair_id == "c" * 32


def test_a_ranking_is_best_first_and_needs_two_that_are_scored() -> None:
    said = [response("a", 1.0), response("b", 3.0), response("c", 2.0), response("d")]
    found, _ = distinct(candidates(*said))
    ranking = validate(ranked(found, PairingSettings(score="score")))
    assert [r.text for r in ranking.responses] == ["b", "c", "a"]
    assert ranking.id == "c" * 32
    assert ranked(found._replace(responses=found.responses[-1:]), PairingSettings()) is None


def test_without_another_wish_the_first_of_equals_makes_the_pair() -> None:
    rng = random.Random(3)
    for _ in range(200):
        values = tuple(rng.choice([0.1, 0.1 + 0.2, 0.3, 1.5, -2.0]) for _ in range(5))
        found = one_pair("abcde", [CandidateScores("x", values)], PairingSettings(), 0, "i")
        if max(values) == min(values):
            assert found == ("tied_scores", 0.0, 0.0)
        else:
            assert found.chosen == values.index(max(values))
            assert found.rejected == values.index(min(values))
            assert found.margin == max(values) - min(values)
