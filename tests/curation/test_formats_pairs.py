"""Pair formats: one sample file each, then pairs that are none."""

import pytest
from formats_rows import parse, sample
from trl.data_utils import extract_prompt

from schemas.ids import conversation_id, pair_id
from schemas.records import Message, Reject


def texts(pair) -> tuple[str, str, str]:
    assert len(pair.chosen) == len(pair.rejected) == 1
    return pair.prompt[-1].content, pair.chosen[0].content, pair.rejected[0].content


def test_trl_explicit_standard_conversational_and_transcript_prompts() -> None:
    standard, conversational, transcript = sample("trl_explicit")
    assert texts(standard) == ("What color is the sky?", "It is blue.", "It is green.")
    assert conversational.id == standard.id
    assert (standard.margin, conversational.margin) == (None, 0.75)
    assert [role for role, _ in transcript.prompt] == ["system", "user", "assistant", "user"]


def test_trl_implicit_conversational_and_standard() -> None:
    conversational, standard = sample("trl_implicit")
    assert texts(conversational) == ("What color is the sky?", "It is blue.", "It is green.")
    assert texts(standard) == ("The sky is", " blue.", " green.")


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [("The sky is blue.", "The sky is green."), ("Say: yes", "Say: yet"), ("a bc d", "a bx")],
)
def test_implicit_texts_are_cut_as_trl_cuts_them(chosen: str, rejected: str) -> None:
    expected = extract_prompt({"chosen": chosen, "rejected": rejected})
    (pair,) = parse({"chosen": chosen, "rejected": rejected})
    assert texts(pair) == (expected["prompt"], expected["chosen"], expected["rejected"])


def test_hh_transcripts_share_their_beginning() -> None:
    (pair,) = sample("hh")
    assert [role for role, _ in pair.prompt] == ["user", "assistant", "user"]
    assert texts(pair) == ("Sure?", "Yes.", "No, five.")


def test_ultrafeedback_scores_become_a_margin() -> None:
    (pair,) = sample("ultrafeedback")
    assert texts(pair) == ("Name a river.", "The Rhine.", "Paris.")
    assert (pair.chosen_score, pair.rejected_score, pair.margin) == (8.5, 3.0, 5.5)


def test_wildfeedback_history_is_the_prompt() -> None:
    (pair,) = sample("wildfeedback")
    assert len(pair.prompt) == 3
    assert texts(pair)[1] == "The sea is wide."


def test_a_pair_says_what_it_is_and_where_it_comes_from() -> None:
    (pair,) = parse({"prompt": "hi", "chosen": "Hello!", "rejected": "No."}, source="mine")
    assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
    assert (pair.method, pair.source, pair.split) == ("existing", "mine", "")
    assert pair.conversation_id == pair.provenance.group == conversation_id(pair.prompt)
    assert (pair.provenance.input, pair.provenance.position) == ("f.jsonl", 7)


def test_completions_may_repeat_the_prompt() -> None:
    asked = {"role": "user", "content": "hi"}
    sides = [[asked, {"role": "assistant", "content": text}] for text in ("yes", "no")]
    (pair,) = parse({"prompt": [asked], "chosen": sides[0], "rejected": sides[1]})
    assert pair.prompt == (Message("user", "hi"),)


def test_scores_from_csv_are_numbers_and_nonsense_is_none() -> None:
    row = {"prompt": "hi", "chosen": "a", "rejected": "b"}
    assert parse({**row, "score_chosen": "2.5", "score_rejected": "1"})[0].margin == 1.5
    assert parse({**row, "chosen_score": "n/a", "margin": float("nan")})[0].margin is None


def turn(role: str, content: str) -> dict:
    return {"role": role, "content": content}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"prompt": "hi", "chosen": "same", "rejected": "same"}, "identical_sides"),
        ({"chosen": "same", "rejected": "same"}, "identical_sides"),
        ({"prompt": "hi", "chosen": "yes", "rejected": " "}, "empty_side"),
        ({"prompt": "hi", "chosen": None, "rejected": "no"}, "empty_side"),
        ({"prompt": "hi", "chosen": [], "rejected": "no"}, "empty_side"),
        ({"prompt": " ", "chosen": "yes", "rejected": "no"}, "empty_prompt"),
        ({"prompt": [], "chosen": "yes", "rejected": "no"}, "no_user_turn"),
        ({"prompt": [turn("assistant", "x")], "chosen": "y", "rejected": "n"}, "no_user_turn"),
        ({"chosen": "yes", "rejected": "no"}, "no_user_turn"),
        ({"prompt": "hi", "chosen": 1, "rejected": "no"}, "wrong_type"),
        ({"prompt": 1, "chosen": "yes", "rejected": "no"}, "wrong_type"),
        ({"prompt": "hi", "chosen": "x" * 101, "rejected": "no"}, "turn_too_long"),
        ({"prompt": "hi", "chosen": "\0", "rejected": "no"}, "nul_byte"),
        ({"prompt": "hi", "chosen": [turn("user", "x")], "rejected": "no"}, "wrong_role"),
        (
            {
                "chosen": "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d",
                "rejected": "\n\nHuman: a\n\nAssistant: x\n\nHuman: c\n\nAssistant: y",
            },
            "sides_differ_early",
        ),
        (
            {"chosen": "\n\nHuman: a\n\nAssistant:", "rejected": "\n\nHuman: a\n\nAssistant: b"},
            "empty_side",
        ),
        ({"conversations": [], "chosen": turn("gpt", "a"), "rejected": "b"}, "no_user_turn"),
    ],
)
def test_a_row_that_is_no_pair_is_a_reject_with_its_reason(value: dict, reason: str) -> None:
    reject = parse(value, max_turn_chars=100)
    assert isinstance(reject, Reject)
    assert reject.reason == reason
