"""Replies that users objected to, and the revisions that satisfied them."""

import pytest
from planted_conversations import (
    CASES,
    DETECTORS,
    LANGUAGES,
    chat,
    contents,
    name_of,
    planted,
    read,
    signal,
)

from curation.feedback.revisions import RevisionSettings, revision_drafts
from schemas import validate
from schemas.ids import pair_id

TURNS = ("Q1", "bad", "Wrong!", "good", "Perfect!")
FOUND = (signal(2), signal(4, polarity="satisfaction"))


def test_the_second_reply_is_chosen_over_the_first():
    (draft,) = revision_drafts(chat(*TURNS), FOUND)
    pair = validate(draft.pair)
    assert draft.hint is None
    assert (contents(pair.prompt), contents(pair.chosen), contents(pair.rejected)) == (
        ["Q1"],
        ["good"],
        ["bad"],
    )
    assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
    assert (pair.method, pair.provenance.turn, pair.rationale) == (
        "revisions",
        2,
        "Turn 2 objects (because; by test). Turn 4 is satisfied (because; by test).",
    )
    assert "Wrong!" in pair.rubric


def test_satisfaction_with_a_new_complaint_is_no_success():
    assert revision_drafts(chat(*TURNS), (*FOUND, signal(4, 0.3))) == []


def test_silence_counts_only_when_asked_for():
    conversation, found = chat(*TURNS[:4]), FOUND[:1]
    assert revision_drafts(conversation, found) == []
    silent = RevisionSettings(accept_silence=True)
    assert len(revision_drafts(conversation, found, silent)) == 1


def test_equal_replies_make_no_pair():
    assert revision_drafts(chat("Q1", "same", "Wrong!", "same", "Fine"), FOUND) == []


def test_a_blank_revision_makes_no_pair():
    assert revision_drafts(chat("Q1", "bad", "Wrong!", " ", "Fine"), FOUND) == []


def test_a_new_branch_after_a_shared_objection_makes_its_own_pair():
    assert revision_drafts(chat(*TURNS, new_from="5"), FOUND) == []
    assert len(revision_drafts(chat(*TURNS, new_from="3"), FOUND)) == 1


def test_a_thank_you_that_complains_is_an_objection():
    found = [signal(2), signal(2, polarity="satisfaction"), signal(4, polarity="satisfaction")]
    assert len(revision_drafts(chat(*TURNS), found)) == 1


def test_the_pair_is_of_the_replies_around_the_objection_and_not_one_off():
    talk = chat("Q1", "A1", "Q2", "bad", "Wrong!", "good", "Perfect!", "A4", "Q5")
    (draft,) = revision_drafts(talk, [signal(4), signal(6, polarity="satisfaction")])
    assert contents(draft.pair.prompt) == ["Q1", "A1", "Q2"]
    assert (contents(draft.pair.chosen), contents(draft.pair.rejected)) == (["good"], ["bad"])


def test_an_assistant_that_began_the_conversation_is_part_of_the_prompt():
    talk = chat("Hi!", "Q1", "bad", "Wrong!", "good", "Perfect!", first="assistant")
    (draft,) = revision_drafts(talk, [signal(3), signal(5, polarity="satisfaction")])
    assert contents(draft.pair.prompt) == ["Hi!", "Q1"]
    assert revision_drafts(talk, [signal(1), signal(3, polarity="satisfaction")]) == []


def test_very_long_turns_are_taken_as_they_are():
    talk = chat("Q1", "bad " * 100_000, "Wrong! " * 60_000, "good " * 80_000, "Perfect!")
    (draft,) = revision_drafts(talk, FOUND)
    assert len(draft.pair.rejected[0].content) == 400_000
    assert sum(map(len, (*draft.feedback, draft.pair.rubric))) < 2_000


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_planted_revision_is_found_and_nothing_else(case, detector):
    drafts = revision_drafts(*read(case, detector))
    assert [draft.pair.provenance.turn for draft in drafts] == planted(case, "revisions")
    for draft in drafts:
        turn = draft.pair.provenance.turn
        assert contents(draft.pair.prompt) == case["turns"][: turn - 1]
        assert contents(draft.pair.rejected) == [case["turns"][turn - 1]]
        assert contents(draft.pair.chosen) == [case["turns"][turn + 1]]


def test_the_test_set_is_what_it_should_be():
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names) >= 60
    for language in LANGUAGES:
        mine = [case for case in CASES if case["name"].startswith(f"{language}-")]
        assert all(any(planted(c, method) for c in mine) for method in ("revisions", "edits"))
        assert any(planted(case, "hindsight") for case in mine)
        assert sum("decoy" in case["name"] and "expect" not in case for case in mine) >= 6
