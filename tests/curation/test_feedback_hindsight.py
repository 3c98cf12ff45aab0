"""Revisions that inherit a satisfaction that came later."""

import pytest
from planted_conversations import CASES, DETECTORS, chat, contents, name_of, planted, read, signal

from curation.feedback.hindsight import HindsightSettings, hindsight_drafts, trigram_cosine
from schemas import validate
from schemas.ids import pair_id

TURNS = ("Q1", "bad", "objection", "good", "go on", "A3", "go on more", "A4", "praise")


def happy(turn):
    return signal(turn, polarity="satisfaction")


def alike(one, other):
    return 1.0


def drafts(signals, similarity=alike, turns=TURNS, **metadata):
    return hindsight_drafts(chat(*turns, **metadata), signals, similarity=similarity)


@pytest.mark.parametrize("later", [6, 8])
def test_one_of_the_next_two_verdicts_is_inherited(later):
    (draft,) = drafts([signal(2), happy(later)])
    pair = validate(draft.pair)
    assert (contents(pair.prompt), contents(pair.chosen), contents(pair.rejected)) == (
        ["Q1"],
        ["good"],
        ["bad"],
    )
    assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
    assert (pair.method, pair.provenance.turn, draft.hint) == ("hindsight", 2, None)
    assert draft.feedback == ("Q1", "objection")


def test_two_satisfied_turns_make_one_pair():
    assert len(drafts([signal(2), happy(6), happy(8)])) == 1


def test_a_satisfied_verdict_of_its_own_is_a_revision_and_no_hindsight():
    assert drafts([signal(2), happy(4), happy(6)]) == []


@pytest.mark.parametrize("complaint", [4, 6])
def test_a_complaint_on_the_way_ends_it_even_an_unsure_one(complaint):
    assert drafts([signal(2), signal(complaint, 0.1), happy(8)]) == []


def test_a_turn_that_praises_and_complains_is_not_inherited():
    assert drafts([signal(2), happy(6), signal(6, 0.3)]) == []


def test_satisfaction_too_late_or_too_unsure_is_not_inherited():
    longer = (*TURNS, "A5", "praise")
    assert drafts([signal(2), happy(10)], turns=longer) == []
    assert drafts([signal(2), happy(6)._replace(score=0.4)]) == []


def test_the_request_of_the_praised_reply_is_compared_with_that_of_the_revision():
    asked = []

    def similarity(one, other):
        asked.append((one, other))
        return 0.0

    assert drafts([signal(2), happy(6)], similarity) == []
    assert asked == [("objection", "go on"), ("Q1", "go on")]
    asked.clear()
    assert drafts([signal(2), happy(8)], similarity) == []
    assert asked == [("objection", "go on more"), ("Q1", "go on more")]


@pytest.mark.parametrize(("cosine", "count"), [(0.49, 0), (0.5, 1)])
def test_the_threshold_is_the_settings(cosine, count):
    assert len(drafts([signal(2), happy(6)], lambda one, other: cosine)) == count
    easy = HindsightSettings(similarity=0.2)
    talk = chat(*TURNS)
    assert hindsight_drafts(talk, [signal(2), happy(6)], easy, lambda one, other: 0.3)


def test_equal_or_blank_replies_make_no_pair():
    same = ("Q1", "same", "objection", "same", *TURNS[4:])
    blank = ("Q1", "bad", "objection", " ", *TURNS[4:])
    assert drafts([signal(2), happy(6)], turns=same) == []
    assert drafts([signal(2), happy(6)], turns=blank) == []


def test_what_an_earlier_path_has_shown_makes_no_pair_again():
    assert drafts([signal(2), happy(6)], new_from="7") == []
    assert len(drafts([signal(2), happy(6)], new_from="6")) == 1


def test_a_conversation_that_the_assistant_began_is_read_the_same():
    talk = chat("Hello!", *TURNS, first="assistant")
    (draft,) = hindsight_drafts(talk, [signal(3), happy(7)], similarity=alike)
    assert contents(draft.pair.prompt) == ["Hello!", "Q1"]
    assert hindsight_drafts(talk, [signal(1), happy(5)], similarity=alike) == []


def test_the_cosine_of_trigrams_looks_at_the_user_s_own_words():
    assert trigram_cosine("Écris un poème", "ecris un poeme !") == pytest.approx(1)
    assert trigram_cosine("写一首关于秋天的诗", "再写一首关于秋天的诗") > 0.5
    assert trigram_cosine("```\nx = 1\n```", "```\nx = 1\n```") == 0
    assert trigram_cosine("", "anything") == 0
    assert trigram_cosine("long " * 100_000, "long " * 100_000) == pytest.approx(1)


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_planted_case_is_found_and_nothing_else(case, detector):
    found = hindsight_drafts(*read(case, detector))
    assert [draft.pair.provenance.turn for draft in found] == planted(case, "hindsight")
