"""Edited versions of replies that users paste back, and everything that only looks like one."""

import time
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted_conversations import CASES, DETECTORS, chat, contents, name_of, planted, read, signal

from curation.feedback.alignment import common_words, edit_distance, normalised_distance, words_of
from curation.feedback.edit_detection import MAX_CHARS, find_edit
from curation.feedback.edits import EditSettings, edit_drafts
from curation.models.protocols import JointResult
from curation.scoring.pairs import PairScoring, with_scores
from schemas import validate
from schemas.ids import pair_id

DRAFT = "Dear Ms Miller, I am writing to ask whether the flat on the third floor is still free."
EDITED = "Dear Ms Miller, I wanted to ask whether the flat on the third floor is still free."
CODE = "def area(radius):\n    pi = 3.14\n    return pi * radius * radius"
ITEMS = st.lists(st.sampled_from("abc"), max_size=9)


def levenshtein(one, other):
    """The textbook's dynamic programme."""
    row = list(range(len(other) + 1))
    for i, item in enumerate(one):
        before, row = row, [i + 1]
        for j, twin in enumerate(other):
            row.append(min(before[j] + (item != twin), before[j + 1] + 1, row[j] + 1))
    return row[-1]


class TestDistance:
    @given(ITEMS, ITEMS)
    def test_it_is_the_textbook_s_levenshtein_distance(self, one, other):
        assert edit_distance(one, other) == levenshtein(one, other)

    @given(ITEMS, ITEMS)
    def test_common_words_rise_and_are_as_many_as_deletions_and_insertions_leave(self, one, other):
        pairs = common_words(one, other)
        assert all(one[i] == other[j] for i, j in pairs)
        assert pairs == sorted(pairs)
        assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
        # An exchange for a longest common subsequence: insertions and deletions alone.
        twice = [[x for item in side for x in (item, object())] for side in (one, other)]
        assert levenshtein(*twice) >= len(one) + len(other) - 2 * len(pairs)

    def test_words_do_not_mind_case_spacing_and_curly_apostrophes(self):
        assert normalised_distance("Don't  GO", "don’t go") == 0
        assert normalised_distance("我喜欢茶", "我喜欢咖啡") == pytest.approx(2 / 5)
        assert normalised_distance("", "") == 0

    def test_texts_far_apart_and_beyond_the_bound_have_none(self):
        one, other = (" ".join(f"{side}{i}" for i in range(40_000)) for side in "ab")
        assert normalised_distance(one, other) is None
        assert normalised_distance(one, f"{one} more") == pytest.approx(1 / 40_001)

    def test_a_document_of_ten_thousand_words_takes_no_more_than_a_moment(self):
        draw = Random(0)
        texts = [" ".join(str(draw.randrange(900)) for _ in range(10_000)) for _ in range(2)]
        assert 0 < normalised_distance(*texts) < 1

    def test_words_know_where_they_stand(self):
        text = "Ça va, 好!"
        assert [text[w.start : w.end] for w in words_of(text)] == ["Ça", "va", ",", "好", "!"]


def found(turn, reply=DRAFT, earlier=("Write to the agent",)):
    edit = find_edit(turn, reply, earlier)
    return edit.final if edit else None


class TestVersions:
    @pytest.mark.parametrize(
        "turn",
        [
            EDITED,
            f"Here's my version:\n\n{EDITED}",
            f"I changed it to: {EDITED}",
            f"I shortened the opening a bit.\n\n{EDITED}\n\nWhat do you think?",
            f'I would rather write "{EDITED}"',
            f"my edit:\n```\n{EDITED}\n```",
            f"{EDITED}\n\nPlease translate that to Polish.",
            f"Meine Fassung: {EDITED}",
            f"Voici ma version : {EDITED} Merci !",
            f"La cambié un poco:\n{EDITED}",
            f"我改成了这样：{EDITED}",
        ],
    )
    def test_the_framing_is_left_out_of_the_version(self, turn):
        assert found(turn) == EDITED

    def test_added_words_count_where_the_turn_calls_them_its_own(self):
        assert found(f"My version: {DRAFT} Kind regards, Tom") == f"{DRAFT} Kind regards, Tom"
        assert found(f"{DRAFT} Kind regards, Tom") is None

    def test_code_keeps_its_indentation_and_its_punctuation_counts(self):
        turn = f"```python\n{CODE.replace('3.14', '3.1415')}\n```"
        assert found(turn, f"Here:\n```python\n{CODE}\n```\nDone.") == CODE.replace(
            "3.14", "3.1415"
        )
        turn = f"I fixed it:\n```\n{CODE.replace('*', '**', 1)}\n```"
        assert found(turn, f"```\n{CODE}\n```") == CODE.replace("*", "**", 1)

    def test_the_rest_of_the_reply_stays_around_the_edited_part(self):
        reply = f"Here:\n```python\n{CODE}\n```\nIt multiplies."
        turn = f"I went with a better pi:\n```python\n{CODE.replace('3.14', '3.1415')}\n```"
        (draft,) = edit_drafts(chat("Area of a circle?", reply, turn), [])
        assert contents(draft.pair.chosen) == [reply.replace("3.14", "3.1415")]
        assert contents(draft.pair.rejected) == [reply]


class TestDecoys:
    @pytest.mark.parametrize(
        "turn",
        [
            DRAFT,
            f'"{DRAFT}"\nIs "whether" right here?',
            f"> {DRAFT}\n\nwhy third floor?",
            f"{DRAFT}\n\nMake it longer please.",
            "the flat on the third floor is still free - is that idiomatic?",
            "Dear Ms Miller ... the flat on the third floor is still free. Why not 'available'?",
            "My neighbour on the third floor has sold his flat to a dentist from Bremen last year.",
            f"{DRAFT}\ncontinue",
            f"Translate into Dutch: {DRAFT}",
            "",
            "👍",
        ],
    )
    def test_quotations_questions_and_other_texts_are_no_versions(self, turn):
        assert found(turn) is None

    @pytest.mark.parametrize(
        "failure",
        [
            "ZeroDivisionError: division by zero",
            "Das funktioniert nicht.",
            "运行后报错",
            "still fails",
        ],
    )
    def test_code_that_fails_is_no_version_that_anybody_prefers(self, failure):
        changed = CODE.replace("3.14", "math.pi")
        assert found(f"{changed}\n\n{failure}", CODE) is None
        assert found(f"{failure}\n```\n{changed}\n```", f"```\n{CODE}\n```") is None

    def test_the_user_s_own_text_pasted_again_is_none(self):
        own = "Dear Ms Miller, I writing to ask whether the flat in third floor is still free."
        assert found(own, earlier=[f"Correct this: {own}"]) is None
        assert found(own.replace("still", "yet"), earlier=[f"Correct this: {own}"]) is None
        assert found(EDITED, earlier=[f"Correct this: {own}"]) == EDITED

    def test_an_earlier_reply_pasted_again_is_none(self):
        assert found(EDITED, earlier=["Write", EDITED, "more formal"]) is None

    def test_answers_between_the_lines_of_questions_are_none(self):
        asked = "What is your name?\nWhere do you live?\nWhen can you start to work?"
        filled = "What is your name? Eva\nWhere do you live? Bonn\nWhen can you start to work? May"
        assert found(filled, asked) is None


class TestDrafts:
    TALK = ("Write to the agent", DRAFT, f"I changed it to: {EDITED}", "Fine.")

    def test_the_version_is_chosen_and_the_margin_is_the_distance(self):
        (draft,) = edit_drafts(chat(*self.TALK), [])
        pair = validate(draft.pair)
        assert (contents(pair.prompt), contents(pair.chosen), contents(pair.rejected)) == (
            ["Write to the agent"],
            [EDITED],
            [DRAFT],
        )
        assert pair.margin == normalised_distance(EDITED, DRAFT)
        assert pair.id == pair_id(pair.prompt, pair.chosen, pair.rejected)
        assert (pair.method, pair.provenance.turn) == ("edits", 2)
        assert (draft.hint, pair.rubric, draft.feedback) == (None, None, ())

    def test_a_scorer_fills_the_scores_and_leaves_the_margin(self):
        (draft,) = edit_drafts(chat(*self.TALK), [])
        scoring = PairScoring(dimensions=("relevance",), per_side=1, ches=False)
        scored = with_scores(draft.pair, JointResult([[-1, 0], [-4, 0]], None, 0, 9), scoring)
        assert (scored.chosen_score, scored.rejected_score) == (-1, -4)
        assert scored.margin == draft.pair.margin
        other = draft.pair._replace(method="revisions")
        assert with_scores(other, JointResult([[-1, 0], [-4, 0]], None, 0, 9), scoring).margin == 3

    def test_a_complaint_beside_the_version_stays_as_rubric_and_feedback(self):
        (draft,) = edit_drafts(chat(*self.TALK), [signal(2)])
        assert "I changed it to" in draft.pair.rubric
        assert draft.feedback[0] == "Write to the agent"

    def test_too_large_a_distance_is_another_text(self):
        assert edit_drafts(chat(*self.TALK), [], EditSettings(max_distance=0.05)) == []
        assert edit_drafts(chat(*self.TALK), [], EditSettings(min_words=99)) == []

    def test_the_reply_before_the_turn_is_meant_and_no_other(self):
        talk = chat("Write", DRAFT, "Thanks. What is a flat?", "A home.", EDITED)
        assert edit_drafts(talk, []) == []

    def test_a_reply_to_nobody_and_what_an_earlier_path_has_shown_make_no_pair(self):
        assert edit_drafts(chat(DRAFT, EDITED, first="assistant"), []) == []
        assert edit_drafts(chat(*self.TALK, new_from="3"), []) == []
        assert len(edit_drafts(chat(*self.TALK, new_from="2"), [])) == 1
        began = chat("Hi!", *self.TALK, first="assistant")
        assert [d.pair.provenance.turn for d in edit_drafts(began, [])] == [3]

    def test_blank_turns_make_no_pair(self):
        assert edit_drafts(chat("Write", " ", EDITED), []) == []
        assert edit_drafts(chat(" ", DRAFT, EDITED), []) == []
        assert edit_drafts(chat("Write", DRAFT, "\u200b"), []) == []

    def test_a_mixed_language_version_is_found(self):
        reply = "亲爱的 Anna，谢谢你的来信。The parcel arrived on Monday, und die Äpfel sind gut."
        turn = "亲爱的 Anna，谢谢你的来信。The parcel arrived on Tuesday, und die Birnen sind gut."
        (draft,) = edit_drafts(chat("Danke", reply, turn), [])
        assert contents(draft.pair.chosen) == [turn]


HOSTILE = {
    "long": ("a " * 200_000, "a " * 200_000 + "b"),
    "one letter": ("a" * 400_000, "a" * 399_999),
    "same word": ("word " * 7_900, "word " * 7_900 + "x"),
    "swapped": ("ab cd " * 3_000, "cd ab " * 3_000),
    "question marks": ("?" * 39_000, "?" * 39_000),
    "sentences": ("x. " * 13_000, "x. " * 13_000 + "y"),
    "colons": (":a" * 19_000, "b" + ":a" * 19_000),
    "fences": ("```\n" * 9_000, "```\na" * 7_000),
    "open quotes": ('"' + "a " * 19_000, '"' + "a " * 19_000 + "b "),
    "line breaks": ("\n\n" * 19_000, "\n\n" * 19_000),
    "ideographs": ("好" * 39_000, "好" * 38_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_take_bounded_time(name):
    turn, reply = HOSTILE[name]
    start = time.process_time()
    find_edit(turn, reply, [turn, reply])
    # Far from any speed that matters; quadratic patterns would take minutes.
    assert time.process_time() - start < 20


def test_beyond_the_bound_nothing_is_compared():
    filler = " ".join(f"word{i}" for i in range(MAX_CHARS // 8))
    assert found(f"{EDITED} {filler}", f"{DRAFT} {filler}") is None


@pytest.mark.parametrize("detector", DETECTORS)
@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_every_planted_edit_is_found_and_nothing_else(case, detector):
    drafts = edit_drafts(*read(case, detector))
    assert [draft.pair.provenance.turn for draft in drafts] == planted(case, "edits")
    finals = [expected["final"] for expected in case.get("expect", []) if "final" in expected]
    for draft, final in zip(drafts, finals, strict=True):
        turn = draft.pair.provenance.turn
        assert contents(draft.pair.prompt) == case["turns"][: turn - 1]
        assert contents(draft.pair.rejected) == [case["turns"][turn - 1]]
        assert final in draft.pair.chosen[0].content
        assert 0 < draft.pair.margin <= 0.6
