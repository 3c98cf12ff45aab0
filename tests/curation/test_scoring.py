"""CHES: closed forms; follow-up likelihood and CHES of whole pairs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.chat import PromptTooLongError
from curation.models.protocols import HiddenSum
from curation.scoring.ches import ches_score
from curation.scoring.pairs import PairScoring, score_pair
from schemas.records import Message, PreferencePair, Provenance

PAIR = PreferencePair(
    "id", (Message("user", "What is the capital of France?"),),
    (Message("assistant", "Paris."),), (Message("assistant", "I like trains."),),
    None, None, None, None, None, None, "existing", "s", "c", None, None,
    Provenance("f", 0, "g", None, (), (), None, ""), "",
)  # fmt: skip
SETTINGS = PairScoring(dimensions=("understanding",), per_side=2)
FLOATS = st.floats(-50, 0)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8), st.integers(1, 9))
def test_equal_sides_have_no_ches_whatever_they_are(vectors, terms):
    total = [a for a, _ in vectors]
    assert ches_score(HiddenSum(total, terms, []), HiddenSum(total, terms, [])) == (0, 0)


@given(st.lists(st.tuples(FLOATS, FLOATS), min_size=1, max_size=8))
def test_ches_is_its_definition(vectors):
    plus, minus = [a for a, _ in vectors], [b for _, b in vectors]
    inner = sum(a * b for a, b in vectors)
    norm = sum(a * a for a in plus)
    score = ches_score(HiddenSum(plus, 3, []), HiddenSum(minus, 2, []))
    assert score.ches == pytest.approx(inner - norm, abs=1e-6)
    assert score.ln_ches == pytest.approx(inner / 6 - norm / 9, abs=1e-6)


def test_a_pair_gets_all_scores_and_keeps_everything_else(model):
    scored = score_pair(PAIR, model, SETTINGS)
    assert scored.margin == pytest.approx(scored.chosen_score - scored.rejected_score)
    assert None not in (scored.ches, scored.ln_ches)
    filled = (
        "margin",
        "chosen_score",
        "rejected_score",
        "ches",
        "ln_ches",
        "last_hidden_inner_product",
        "edit_similarity",
        "cut_messages",
    )
    assert None not in [getattr(scored, name) for name in filled]
    cleared = dict.fromkeys(filled)
    assert scored._replace(**cleared) == PAIR


def test_swapped_sides_have_the_opposite_margin(model):
    there = score_pair(PAIR, model, SETTINGS)
    back = score_pair(PAIR._replace(chosen=PAIR.rejected, rejected=PAIR.chosen), model, SETTINGS)
    assert back.margin == pytest.approx(-there.margin, abs=2e-2)  # bfloat16, other packed order


def test_calibration_moves_both_scores_and_no_margin(model):
    plain = score_pair(PAIR, model, SETTINGS)
    calibrated = score_pair(PAIR, model, SETTINGS._replace(calibrate=True))
    shift = plain.chosen_score - calibrated.chosen_score
    # bfloat16: the empty reply makes another packed order, which rounds differently
    assert shift == pytest.approx(plain.rejected_score - calibrated.rejected_score, abs=2e-2)
    assert shift != 0
    assert calibrated.margin == pytest.approx(plain.margin, abs=2e-2)


def test_what_is_not_asked_for_is_not_filled(model):
    only_ches = score_pair(PAIR, model, PairScoring(dimensions=()))
    assert only_ches.margin is None
    assert only_ches.ches is not None
    only_margin = score_pair(PAIR, model, SETTINGS._replace(ches=False))
    assert only_margin.ches is None
    assert only_margin.margin is not None


def test_a_pair_that_does_not_fit_is_an_error(model):
    with pytest.raises(PromptTooLongError):
        score_pair(PAIR, model, SETTINGS._replace(max_tokens=40))
