"""Deciding over stored scores."""

import math

import pytest

from curation.cleaning import Gates as CleaningGates
from curation.cleaning import refuse
from curation.selection.decision import decide_all, frame_of
from curation.selection.thresholds import (
    Bounds,
    Gates,
    Mix,
    Selection,
    SoftTargets,
    UpoSampling,
    checked,
)
from schemas.errors import UsageError
from schemas.records import Conversation, Message, PreferencePair, Provenance

PAIR = PreferencePair(
    "id", (Message("user", "q"),), (Message("assistant", "good reply"),),
    (Message("assistant", "bad"),), 0.5, 1.0, 0.5, -10.0, -1.0, None, "existing", "s", "c", None,
    None, Provenance("f", 0, "g", None, (), (), None, ""), "",
)  # fmt: skip


def verdict(pair=PAIR, **selection):
    [row] = decide_all(frame_of([pair]), Selection(**selection)).to_dicts()
    return row["filter"] and (row["filter"], row["value"], row["threshold"])


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
    any_range = {"gates": Gates(range=False)}
    assert verdict(broken, bounds={"margin": Bounds(-1e9, None)}, **any_range)[0] == "margin_min"
    assert verdict(broken, bounds={"margin": Bounds(None, 1e9)}, **any_range)[0] == "margin_max"
    assert verdict(broken)[0] == "margin_range"


def test_an_unscored_pair_is_dropped_unless_it_may_stay():
    unscored = PAIR._replace(margin=None)
    bounds = {"margin": Bounds(0.0, None)}
    assert verdict(unscored, bounds=bounds)[0] == "margin_missing"
    assert verdict(unscored, bounds=bounds, keep_unscored=True) is None
    kept, dropped = ({"margin": Bounds(0.0, missing=what)} for what in ("keep", "drop"))
    assert verdict(unscored, bounds=kept) is None
    assert verdict(unscored, bounds=dropped, keep_unscored=True)[0] == "margin_missing"


def test_sides_that_differ_in_white_space_only_are_identical():
    same = PAIR._replace(rejected=(Message("assistant", " good reply\n"),))
    assert verdict(same)[0] == "identical_sides"


def test_lengths_are_bounded():
    assert verdict(min_chosen_chars=11) == ("min_chosen_chars", 10, 11)
    assert verdict(max_chars_ratio=3.0) == ("max_chars_ratio", pytest.approx(10 / 3), 3.0)


def test_methods_are_named_and_come_first():
    assert verdict(methods=("existing",)) is None
    assert verdict(methods=("ugc",), min_chosen_chars=11) == ("method", None, None)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection({"length": Bounds(1.0)}), "'length' is no score"),
        (Selection({"margin": Bounds(math.nan)}), "finite"),
        (Selection({"margin": Bounds(lowest=0.5, highest=0.5)}), "lowest or highest"),
        (Selection({"margin": Bounds(lowest=0.0)}), "no share"),
        (Selection({"margin": Bounds(lowest=0.5, per="model")}), "'model'"),
        (Selection(certainty="medium"), "'medium'"),
        (Selection(z_score="prompt"), "'prompt'"),
        (Selection(gates=Gates(refusal="all")), "'all'"),
        (Selection(gates=Gates(contradictions="flip")), "'flip'"),
        (Selection(soft_targets=SoftTargets(of="ches")), "'ches'"),
        (Selection(sampling=UpoSampling(0.9, 0.9)), "sampling"),
        (Selection(mix=Mix("source")), "weights or quotas"),
        (Selection(mix=Mix("source", weights={"a": 0.0})), "all weights are 0"),
        (Selection(mix=Mix("source", quotas={"a": -1})), "0 or more"),
        (Selection(max_pairs=0), "max_pairs"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(selection, message):
    with pytest.raises(UsageError, match=message):
        checked(selection)


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
    reject = refuse(talk(*roles), CleaningGates(min_messages=2, max_messages=5))
    assert (reject.stage, reject.reason) == ("clean", reason)
    assert (reject.source, reject.position) == ("f", 7)


def test_a_conversation_with_a_reply_is_kept():
    assert refuse(talk("assistant", "user", "assistant"), CleaningGates()) is None
