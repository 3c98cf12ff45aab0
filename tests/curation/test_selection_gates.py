"""Rules that look at one pair: every filter with its value and its threshold."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.selection.decision import decide_all
from curation.selection.gates import RANGES, row_rules
from curation.selection.thresholds import Bands, Bounds, Gates, Selection, Truncation

GOOD = {"id": "a", "method": "existing", "source": "s", "margin": 0.5, "flags": []}


def verdict(selection=Selection(), **columns):
    """Filter, value and threshold of one pair; the filter None when it is kept."""
    [row] = decide_all(pl.DataFrame([GOOD | columns]), selection).to_dicts()
    return row["filter"], row["value"], row["threshold"]


KEPT = (None, None, None)


@pytest.mark.parametrize(
    ("flag", "gate", "off", "name"),
    [
        ("identical", "identical", False, "identical_sides"),
        ("empty_prompt", "prompt", False, "empty_prompt"),
        ("no_user_turn", "prompt", False, "no_user_turn"),
        ("refusal:chosen", "refusal", "rejected", "refusal_chosen"),
        ("refusal:rejected", "refusal", "chosen", "refusal_rejected"),
        ("language:chosen", "language", False, "language_chosen"),
        ("language:rejected", "language", False, "language_rejected"),
        ("contradicted", "contradictions", "keep", "contradicted"),
    ],
)
def test_a_flag_takes_a_pair_out_unless_its_gate_is_off(flag, gate, off, name):
    assert verdict(flags=["flipped", flag]) == (name, None, None)
    assert verdict(Selection(gates=Gates(**{gate: off})), flags=["flipped", flag]) == KEPT


def test_compliance_is_a_gate_that_has_to_be_asked_for():
    assert verdict(flags=["compliance:chosen"]) == KEPT
    both = Selection(gates=Gates(compliance="both"))
    assert verdict(both, flags=["compliance:rejected"]) == ("compliance_rejected", None, None)
    chosen = Selection(gates=Gates(compliance="chosen"))
    assert verdict(chosen, flags=["compliance:rejected"]) == KEPT


def test_a_column_that_is_missing_or_null_decides_nothing():
    assert verdict(flags=None, margin=None) == KEPT
    bare = pl.DataFrame({"id": ["a"]})
    assert decide_all(bare, Selection(max_chars_ratio=2.0))["filter"].to_list() == [None]


@pytest.mark.parametrize(
    ("column", "value", "threshold"),
    [
        ("margin", math.nan, None),
        ("ches", math.inf, None),
        ("ln_ches", -math.inf, None),
        ("edit_similarity", 0.1, 0.0),
        ("edit_similarity", -1.5, -1.0),
        ("rubric_margin", 4.5, 4.0),
        ("rubric_margin", -math.inf, None),
        ("ensemble_std", -0.1, 0.0),
        ("ensemble_agreement", 1.1, 1.0),
        ("bald", 0.7, math.log(2)),
        ("dropout_probability", -0.1, 0.0),
        ("judge_consistency", 2.0, 1.0),
        ("predictive_entropy", -1.0, 0.0),
        ("label_posterior", 1.1, 1.0),
        ("jury_share", -1.0, 0.0),
    ],
)
def test_a_score_out_of_its_range_is_told_with_the_end_of_the_range(column, value, threshold):
    name, found, limit = verdict(**{column: value})
    assert (name, limit) == (f"{column}_range", threshold)
    assert found == value or math.isnan(value)
    assert verdict(Selection(gates=Gates(range=False)), **{column: value}) == KEPT


@pytest.mark.parametrize("column", sorted(RANGES))
def test_the_ends_of_a_range_are_in_it_and_so_is_what_rounding_adds(column):
    low, high = RANGES[column]
    assert verdict(**{column: low - 1e-12}) == KEPT
    assert verdict(**{column: 1e6 if high is None else high + 1e-12}) == KEPT


def test_a_score_that_pairs_are_ranked_by_must_be_a_number_even_without_the_gate():
    off = Gates(range=False)
    ranked = Selection({"ches": Bounds(lowest=0.5)}, gates=off)
    assert verdict(ranked, ches=math.nan)[0] == "ches_range"
    assert verdict(Selection(z_score="source", gates=off), margin=math.inf)[0] == "margin_range"
    assert verdict(Selection(certainty="small", gates=off), implicit_margin=math.nan)[0] == (
        "implicit_margin_range"
    )


def test_lengths_come_with_value_and_threshold():
    sizes = {"chosen_chars": 3, "rejected_chars": 12}
    assert verdict(Selection(min_chosen_chars=4), **sizes) == ("min_chosen_chars", 3.0, 4.0)
    assert verdict(Selection(max_chars_ratio=3.5), **sizes) == ("max_chars_ratio", 4.0, 3.5)
    assert verdict(Selection(max_chars_ratio=4.0), **sizes) == KEPT
    assert verdict(chosen_chars=0, rejected_chars=0)[0] == "min_chosen_chars"


def test_the_first_filter_in_order_counts():
    flags = ["identical", "refusal:chosen", "contradicted"]
    names = [rule.filter for rule in row_rules(Selection(methods=("x",), max_chars_ratio=2.0))]
    assert names[:5] == [
        "method", "identical_sides", "truncated_empty", "truncated_equal", "empty_prompt",
    ]  # fmt: skip
    assert names[-3:] == ["min_chosen_chars", "empty_rejected", "max_chars_ratio"]
    assert verdict(flags=flags, chosen_chars=0)[0] == "identical_sides"
    assert verdict(flags=flags[1:], chosen_chars=0)[0] == "refusal_chosen"
    assert verdict(Selection(methods=("x",)), flags=flags)[0] == "method"


def test_a_pair_whose_sides_are_exchanged_is_judged_as_it_becomes():
    turned = Selection(bands=Bands(flip=0.0), gates=Gates(refusal="chosen"), min_chosen_chars=5)
    below = {"ensemble_mean": -1.0, "chosen_chars": 1, "rejected_chars": 9}
    assert verdict(turned, **below) == KEPT
    assert verdict(turned, **below, flags=["refusal:rejected"])[0] == "refusal_chosen"
    assert verdict(turned, **below, flags=["refusal:chosen"]) == KEPT
    assert verdict(turned, **below | {"rejected_chars": 4}) == ("min_chosen_chars", 4.0, 5.0)


# Token by token: what a trainer keeps, and whether the two sides still differ.
TOKENS = st.lists(st.integers(0, 1), max_size=6)
MODES = st.sampled_from(["keep_start", "keep_end"])
LIMITS = st.none() | st.integers(1, 8)


def shared(one, other):
    """How many tokens two lists begin with."""
    pairs = zip(one, other, strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def kept_by_a_trainer(prompt, reply, limits):
    """What is left of prompt and reply, and of the reply alone."""
    if limits.max_prompt_tokens is not None:
        prompt = prompt[-limits.max_prompt_tokens :]
    if limits.max_tokens is None:
        return (reply if limits.mode == "keep_start" else prompt + reply), reply
    if limits.mode == "keep_start":
        reply = reply[: max(0, limits.max_tokens - len(prompt))]
        return reply, reply
    return (prompt + reply)[-limits.max_tokens :], reply[-limits.max_tokens :]


@given(TOKENS, TOKENS, TOKENS, st.builds(Truncation, LIMITS, LIMITS, MODES))
def test_the_truncation_gate_drops_what_a_trainer_makes_equal_or_empty_and_no_other(
    prompt, chosen, rejected, limits
):
    tokens = {
        "prompt_tokens": len(prompt),
        "chosen_tokens": len(chosen),
        "rejected_tokens": len(rejected),
        "shared_tokens": shared(chosen, rejected),
        "shared_end_tokens": shared((prompt + chosen)[::-1], (prompt + rejected)[::-1]),
    }
    name, value, threshold = verdict(Selection(gates=Gates(truncation=limits)), **tokens)
    (one, one_reply), (other, other_reply) = (
        kept_by_a_trainer(prompt, side, limits) for side in (chosen, rejected)
    )
    if not one_reply or not other_reply:
        expected = ("truncated_empty", 0.0, limits.max_tokens)
    elif one == other:
        expected = ("truncated_equal", float(len(one)), limits.max_tokens)
    else:
        expected = KEPT
    assert (name, value, threshold) == expected


@pytest.mark.parametrize("missing", ["prompt_tokens", "chosen_tokens", "rejected_tokens"])
def test_where_tokens_were_not_counted_the_truncation_gate_does_not_decide(missing):
    tokens = {
        "prompt_tokens": 9, "chosen_tokens": 1, "rejected_tokens": 1,
        "shared_tokens": 1, "shared_end_tokens": 10,
    }  # fmt: skip
    assert verdict(**tokens) == ("truncated_equal", 1.0, 1024.0)
    assert verdict(**tokens | {missing: None}) == KEPT
    assert verdict(Selection(gates=Gates(truncation=None)), **tokens) == KEPT


def test_a_rejected_side_without_a_word_teaches_nothing():
    assert verdict(rejected_chars=0) == ("empty_rejected", 0.0, 1.0)
    assert verdict(Selection(gates=Gates(identical=False)), rejected_chars=0)[0] is None
