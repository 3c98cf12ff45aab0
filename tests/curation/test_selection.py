"""Deciding over stored scores."""

import math

import pytest

from curation.cleaning import Gates, refuse
from curation.selection.thresholds import Bounds, Selection, first_failed_filter
from schemas.records import Conversation, Message, PreferencePair, Provenance

PAIR = PreferencePair(
    "id", (Message("user", "q"),), (Message("assistant", "good reply"),),
    (Message("assistant", "bad"),), 0.5, 1.0, 0.5, -10.0, -1.0, None, "existing", "s", "c", None,
    None, Provenance("f", 0, "g", None, (), (), None, ""), "",
)  # fmt: skip


def verdict(pair=PAIR, **selection):
    drop = first_failed_filter(pair, Selection(**selection))
    return drop and (drop.filter, drop.value, drop.threshold)


def test_without_bounds_a_pair_is_kept():
    assert verdict() is None


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"margin": Bounds(0.5, None)}, None),
        ({"margin": Bounds(0.6, None)}, ("margin_min", 0.5, 0.6)),
        ({"margin": Bounds(None, 0.4)}, ("margin_max", 0.5, 0.4)),
        ({"ln_ches": Bounds(None, -2.0)}, ("ln_ches_max", -1.0, -2.0)),
        ({"ches": Bounds(-5.0, None), "margin": Bounds(1.0, None)}, ("margin_min", 0.5, 1.0)),
    ],
)
def test_bounds_are_inclusive_and_name_what_failed(bounds, expected):
    assert verdict(bounds=bounds) == expected


def test_a_score_that_is_no_number_passes_no_bound():
    broken = PAIR._replace(margin=math.nan)
    assert verdict(broken, bounds={"margin": Bounds(-1e9, None)})[0] == "margin_min"
    assert verdict(broken, bounds={"margin": Bounds(None, 1e9)})[0] == "margin_max"


def test_an_unscored_pair_is_dropped_unless_it_may_stay():
    unscored = PAIR._replace(margin=None)
    bounds = {"margin": Bounds(0.0, None)}
    assert verdict(unscored, bounds=bounds)[0] == "margin_missing"
    assert verdict(unscored, bounds=bounds, keep_unscored=True) is None


def test_sides_that_differ_in_white_space_only_are_identical():
    same = PAIR._replace(rejected=(Message("assistant", " good reply\n"),))
    assert verdict(same)[0] == "identical_sides"


def test_lengths_are_bounded():
    assert verdict(min_chosen_chars=11) == ("min_chosen_chars", 10, 11)
    assert verdict(max_chars_ratio=3.0) == ("max_chars_ratio", pytest.approx(10 / 3), 3.0)


def talk(*roles):
    messages = tuple(Message(role, f"{role} {i}") for i, role in enumerate(roles))
    return Conversation("c", messages, "s", None, None, None, None, {"file": "f", "position": "7"})


@pytest.mark.parametrize(
    ("roles", "reason"),
    [
        (("user",), "too_few_messages"),
        (("user", "assistant") * 3, "too_many_messages"),
        (("assistant", "user"), "no_reply"),
        (("system", "user"), "no_reply"),
    ],
)
def test_a_conversation_that_cannot_give_a_pair_is_refused_with_its_place(roles, reason):
    reject = refuse(talk(*roles), Gates(min_messages=2, max_messages=5))
    assert (reject.stage, reject.reason) == ("clean", reason)
    assert (reject.source, reject.position) == ("f", 7)


def test_a_conversation_with_a_reply_is_kept():
    assert refuse(talk("assistant", "user", "assistant"), Gates()) is None
