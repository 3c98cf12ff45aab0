"""Whatever a reply is: an instruction that is offered for it does what it was offered for."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.instructions.catalogue import DEFAULT_KINDS, kind_named
from curation.instructions.draw import Draw
from curation.instructions.instruction import (
    Instruction,
    make_instruction,
    satisfied_by,
    violated_by,
)
from curation.instructions.view import View
from curation.synthesis.instructions import INTER, InstructionSettings, instructed
from schemas.errors import UsageError
from schemas.records import Drop, Message, PreferencePair, Provenance

PIECES = st.sampled_from(
    [
        *("river", "The sea is blue.", "Why?", "Stop!", "NASA", "e.g.", "3.14", "1,000", "it’s"),
        *("- item", "1. item", "# Heading", "```", "~~~", "| a | b |", "|---|---|", "**bold**"),
        *(
            "<<Title>>",
            "[name]",
            "P.S. Bye",
            '"',
            "“",
            "”",
            "(x)",
            "—",
            "…",
            "👨‍👩‍👧",
            "❤",
            "❤️",
            "🇫🇷",
        ),
        *(
            "今天很好。",
            "สวัสดี",
            "नमस्ते",
            "été",
            "e\u0301",
            "\u200b",
            "\r\n",
            "{",
            "}",
            '{"a": 1}',
            "---",
        ),
    ]
)
REPLIES = st.lists(
    st.tuples(PIECES | st.text(max_size=8), st.sampled_from([" ", "\n", "\n\n", ""])), max_size=40
).map(lambda parts: "".join(piece + gap for piece, gap in parts))
KINDS = st.sampled_from(DEFAULT_KINDS)
NAMES = st.sampled_from(["n", "word", "words", "phrase"])
VALUES = st.none() | st.integers(-5, 5) | st.text() | st.lists(st.text())


@given(KINDS, REPLIES, st.integers(0, 99))
@settings(deadline=None, max_examples=300)
def test_what_is_offered_as_kept_holds_and_what_is_offered_as_broken_does_not(kind, text, seed):
    kept, broken = satisfied_by(kind, text, seed), violated_by(kind, text, seed)
    assert kept is None or kept.holds(text)
    assert broken is None or not broken.holds(text)
    for instruction in filter(None, (kept, broken)):
        assert json.loads(json.dumps(instruction.parameters)) == instruction.parameters
        assert instruction.text(seed).strip()


@given(KINDS, REPLIES, REPLIES, st.integers(0, 99))
@settings(deadline=None, max_examples=300)
def test_what_is_offered_for_two_replies_tells_them_apart(kind, one, other, seed):
    made = make_instruction(kind, View(one), View(other), Draw(seed, "pair"))
    assert made is None or (made.holds(one) and not made.holds(other))


@given(st.text() | REPLIES, st.text() | REPLIES, st.text(), st.booleans(), st.integers(0, 9))
@settings(deadline=None, max_examples=200)
def test_a_pair_gives_pairs_that_are_right_both_ways_or_a_reason(one, other, request, intra, seed):
    origin = Provenance("f", 0, "g", None, (), (), None, "")
    sides = [(Message("assistant", text),) for text in (one, other)]
    pair = PreferencePair(
        "id", (Message("user", request),), *sides, None, None, None, None, None, None,
        "existing", "s", "c", None, None, origin, "",
    )  # fmt: skip
    made = instructed(pair, InstructionSettings(seed=seed, intra=intra))
    if isinstance(made, Drop):
        assert made.filter in {"no_contrast", "one_direction_only"}
        return
    inter = [(new.chosen, new.rejected) for new in made.made if new.method == INTER]
    assert inter in ([], [tuple(sides), tuple(sides[::-1])])
    assert made == instructed(pair, InstructionSettings(seed=seed, intra=intra))


@given(KINDS, st.dictionaries(NAMES, VALUES))
@settings(deadline=None)
def test_parameters_are_of_the_kind_or_refused(kind, parameters):
    instruction = Instruction(kind, parameters)
    try:
        kind_named(kind).check(parameters)
    except UsageError:
        with pytest.raises(UsageError):
            instruction.holds("text")
    else:
        assert instruction.holds("text") in {True, False}
        assert instruction.text(0)
