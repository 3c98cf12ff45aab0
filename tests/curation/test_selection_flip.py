"""Pairs with their sides exchanged: as records and as columns."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.columns import COLUMNS, frame_of
from curation.selection.flags import FLAGS
from curation.selection.flip import EMPTIED, flipped, with_flips
from schemas.ids import pair_id
from schemas.records import Message, NamedScore, PreferencePair, Provenance, Rationale, RubricLevel
from schemas.validate import validate

ORIGIN = Provenance("f", 0, "g", None, (), (), None, "")
SCORE = st.none() | st.integers(-16, 16).map(lambda n: n / 4)
SHARE = st.none() | st.integers(0, 8).map(lambda n: n / 8)  # 1 - (1 - p) is p for these
COUNT = st.none() | st.integers(0, 99)


@st.composite
def measured(draw):
    """A pair with every measure, or none."""
    texts = draw(st.tuples(st.text(max_size=5), st.text(max_size=5)))
    chosen, rejected = ((Message("assistant", text),) for text in texts)
    prompt = (Message("user", draw(st.text(min_size=1, max_size=5))),)
    scores = {
        name: draw(SCORE)
        for name in (
            "margin", "chosen_score", "rejected_score", "ches", "ln_ches", "rubric_margin",
            "ensemble_mean", "ensemble_std", "implicit_margin", "predictive_entropy",
        )
    }  # fmt: skip
    scores |= {
        name: draw(SHARE)
        for name in (
            "ensemble_agreement", "bald", "dropout_probability", "judge_consistency",
            "label_posterior", "jury_share", "target",
        )
    }  # fmt: skip
    counts = {name: draw(COUNT) for name in COLUMNS if name.endswith(("_chars", "_tokens"))}
    flags = draw(st.sets(st.sampled_from(FLAGS[:-1])))
    pair = PreferencePair(
        pair_id(prompt, chosen, rejected), prompt, chosen, rejected, *[None] * 6, "existing", "s",
        "c", "because", "rubric", ORIGIN, "train",
    )  # fmt: skip
    return pair._replace(
        **scores | counts,
        flags=tuple(flag for flag in FLAGS if flag in flags),
        margins=(NamedScore("a", 1.5), NamedScore("b", -0.5)),
        labels=(NamedScore("a", 1.0), NamedScore("b", 0.5)),
        rationales=(Rationale("general", "x", "first"),),
        rubric_levels=(RubricLevel("r", "c", 1.0, 5.0, 2.0, "good", None),),
    )


@given(measured())
def test_flipping_twice_gives_the_pair_but_for_what_cannot_be_turned(pair):
    emptied = dict.fromkeys((*EMPTIED, "rationale"))
    assert flipped(flipped(pair)) == pair._replace(**emptied, rationales=())
    assert validate(flipped(pair)) == flipped(pair)


@given(measured())
def test_the_columns_turn_as_the_pair_does(pair):
    before = frame_of([pair, pair]).with_columns(flip=pl.Series([True, False]))
    turned, same = with_flips(before).drop("flip").rows(named=True)
    [expected] = frame_of([flipped(pair)]).rows(named=True)
    [untouched] = frame_of([pair]).rows(named=True)
    assert same == untouched
    for row in (turned, expected):
        row["flags"] = sorted(set(row["flags"]) - {"flipped"})
        row.pop("id")
    assert turned == expected


def test_what_is_known_of_a_side_goes_with_it():
    pair = flipped(
        PreferencePair(
            "id", (Message("user", "q"),), (Message("assistant", "good"),),
            (Message("assistant", "bad"),), 2.0, 3.0, 1.0, -9.0, -1.0, 0.5, "existing", "s", "c",
            "it is good", None, ORIGIN, "",
            flags=("refusal:rejected", "language:chosen"),
            labels=(NamedScore("a", 0.25),), margins=(NamedScore("m", 0.0),),
            rubric_levels=(RubricLevel("r", "c", 1.0, 5.0, 2.0, "good", None),),
            ensemble_agreement=0.75, bald=0.25, edit_similarity=-0.5,
        )
    )  # fmt: skip
    assert (pair.chosen[0].content, pair.rejected[0].content) == ("bad", "good")
    assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
    assert (pair.margin, pair.chosen_score, pair.rejected_score) == (-2.0, 1.0, 3.0)
    assert (pair.ches, pair.ln_ches, pair.rationale) == (None, None, None)
    assert pair.flags == ("refusal:chosen", "language:rejected", "flipped")
    assert pair.labels[0].value == 0.75
    assert pair.rubric_levels == (RubricLevel("r", "c", 1.0, 2.0, 5.0, None, "good"),)
    assert (pair.ensemble_agreement, pair.bald, pair.edit_similarity) == (0.25, 0.25, -0.5)
    assert str(pair.margins[0].value) == "0.0"  # and not -0.0


@pytest.mark.parametrize("text", ["\ud800", "مرحبا", "", "\x00"])
def test_columns_can_be_made_of_any_text(text):
    pair = PreferencePair(
        "id", (), (Message("assistant", f" {text}\n"),), (), 1, None, None, None, None, None,
        text, text, "c", None, None, ORIGIN, "", language=text,
    )  # fmt: skip
    frame = frame_of([pair])
    assert dict(frame.schema) == dict(COLUMNS)
    assert frame["chosen_chars"][0] == len(text)
    assert frame["margin"][0] == 1.0
    assert frame["flags"][0].to_list() == ([] if text else ["identical"])
