"""Stores of drafts and final texts."""

import pytest
from formats_rows import parse

from curation.feedback.alignment import normalised_distance
from curation.formats.detection import FORMATS, detect
from schemas.ids import pair_id
from schemas.records import Message, Reject
from schemas.validate import validate

DRAFT = "Dear Sir, the parcel is lost."
FINAL = "Dear Mr Lee, the parcel is delayed."
ROW = {"prompt": "Write to Mr Lee about his parcel.", "draft": DRAFT, "final": FINAL}


def test_the_final_text_is_chosen_over_the_draft_and_the_margin_is_the_distance():
    (pair,) = map(validate, parse(ROW))
    assert pair.prompt == (Message("user", "Write to Mr Lee about his parcel."),)
    assert (pair.chosen[0].content, pair.rejected[0].content) == (FINAL, DRAFT)
    assert pair.margin == normalised_distance(FINAL, DRAFT) == pytest.approx(3 / 9)
    assert (pair.chosen_score, pair.rejected_score) == (None, None)
    assert (pair.method, pair.source) == ("edits", "edits")
    assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)


def test_margins_and_scores_of_the_row_are_not_taken_for_distances():
    (pair,) = parse({**ROW, "margin": 7, "chosen_score": 9, "rejected_score": 1})
    assert pair.margin == pytest.approx(3 / 9)
    assert pair.chosen_score is None


@pytest.mark.parametrize(
    ("asked", "prompt"),
    [
        ({"instruction": "Reply."}, "Reply."),
        (
            {"instruction": "Reply.", "context": "Where is my parcel?"},
            "Where is my parcel?\n\nReply.",
        ),
        ({"context": "Where is my parcel?"}, "Where is my parcel?"),
        ({"prompt": "A", "instruction": "B"}, "A"),
        ({"prompt": [{"role": "user", "content": "A"}], "context": " "}, "A"),
    ],
)
def test_what_was_asked_for_is_the_prompt(asked, prompt):
    (pair,) = parse({"draft": DRAFT, "edited": FINAL, **asked})
    assert [m.content for m in pair.prompt] == [prompt]


def test_a_system_text_comes_first():
    (pair,) = parse({**ROW, "system": "You are a clerk."})
    assert [m.role for m in pair.prompt] == ["system", "user"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**ROW, "final": DRAFT}, "identical_sides"),
        ({**ROW, "final": f"{DRAFT}\n"}, "identical_sides"),
        ({**ROW, "final": ""}, "empty_side"),
        ({**ROW, "draft": None}, "empty_side"),
        ({**ROW, "draft": 7}, "wrong_type"),
        ({**ROW, "context": 7}, "wrong_type"),
        ({**ROW, "context": "x" * 101}, "turn_too_long"),
        ({**ROW, "final": "x" * 101}, "turn_too_long"),
        ({**ROW, "prompt": " "}, "empty_prompt"),
        ({"draft": DRAFT, "final": FINAL}, "no_user_turn"),
        ({**ROW, "final": "a\0"}, "nul_byte"),
    ],
)
def test_a_row_that_is_no_edit_is_a_reject_with_its_reason(row, reason):
    reject = parse(row, max_turn_chars=100)
    assert isinstance(reject, Reject)
    assert reject.reason == reason


def test_a_row_is_an_edit_by_its_draft_and_final_and_pairs_come_first():
    assert detect(ROW) is FORMATS["edits"]
    assert detect({"context": "a", "draft": "b", "edited": "c"}) is FORMATS["edits"]
    assert detect({"prompt": "a", "draft": "b"}) is None
    both = {**ROW, "chosen": "a", "rejected": "b"}
    assert detect(both) is FORMATS["trl_explicit"]


def test_very_long_texts_are_compared_in_the_words_that_differ():
    text = "one two three " * 26_000
    (pair,) = parse({**ROW, "draft": text, "final": f"{text}four"}, max_turn_chars=400_000)
    assert pair.margin == pytest.approx(1 / 78_001)
