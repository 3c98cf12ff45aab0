"""Rationales of a pair: what is asked in which order, what is kept, what is noted."""

import json
from pathlib import Path

import pytest

from curation.feedback.exchanges import bare_pair
from curation.formats import Context, parse_row
from curation.models.protocols import Completion, LikelihoodResult
from curation.prompts.prompt import Prompt
from curation.prompts.rationale import GENERAL, SPECIFIC
from curation.prompts.rationale_check import CHECK
from curation.reading import Row
from curation.synthesis.rationales import (
    Explained,
    RationaleSettings,
    in_order,
    place_of_chosen,
    rationale_requests,
    read_rationales,
    with_rationales,
)
from curation.synthesis.rationales_check import check_requests, read_check
from curation.synthesis.reply import ReplySampling
from schemas import Conversation, Message, Rationale, validate
from schemas.errors import UsageError

ROWS = (Path(__file__).parents[1] / "data/hh_rlhf/pairs.jsonl").read_bytes().splitlines()
PAIRS = [
    parse_row(Row(json.loads(row), n), Context("hh.jsonl"))[0] for n, row in enumerate(ROWS[:20])
]
TALK = (Message("user", "How deep is Lake Baikal?"), Message("assistant", "Look it up."))
CHAT = Conversation("c", TALK, "demo", None, None, None, None, {})
PAIR = bare_pair(
    CHAT, "existing", "id", TALK[:1], (Message("assistant", "1,642 metres."),), TALK[1:]
)
SAID = "It answers what was asked, and the other one does not."
AS_A = LikelihoodResult([[-0.1], [-3.0]], 0, 9)
AS_B = LikelihoodResult([[-3.0], [-0.1]], 0, 9)


def said(text, finish="stop"):
    return [Completion(text, finish, 90, 20)]


def explained(*rationales):
    return Explained(PAIR, rationales, ())


class TestOrder:
    @pytest.mark.parametrize("kind", ["general", "specific"])
    @pytest.mark.parametrize("seed", [0, 7])
    def test_the_chosen_reply_is_first_in_half_of_a_thousand_requests(self, kind, seed):
        settings = RationaleSettings((kind,), ReplySampling(seed))
        first = 0
        for n in range(1000):
            request = rationale_requests(PAIR._replace(id=f"{n:032x}"), settings)[0]
            body = request.messages[1].content
            shown_first = body.index("1,642 metres.") < body.index("Look it up.")
            assert f"reply {'A' if shown_first else 'B'} better than" in body
            first += shown_first
        assert 450 <= first <= 550

    def test_the_order_of_one_kind_says_nothing_of_the_other_s(self):
        both = [
            (place_of_chosen(f"{n:032x}", "general"), place_of_chosen(f"{n:032x}", "specific"))
            for n in range(1000)
        ]
        for orders in ((a, b) for a in ("first", "second") for b in ("first", "second")):
            assert 200 <= both.count(orders) <= 300

    def test_the_same_seed_gives_the_same_orders_and_another_one_others(self):
        orders = [
            [place_of_chosen(pair.id, "general", seed) for pair in PAIRS] for seed in (1, 1, 2)
        ]
        assert orders[0] == orders[1] != orders[2]

    def test_requests_of_real_pairs_are_the_same_whenever_they_are_made(self):
        again = [rationale_requests(pair) for pair in reversed(PAIRS)][::-1]
        assert [rationale_requests(pair) for pair in PAIRS] == again
        assert len({request.seed for requests in again for request in requests}) == 2 * len(PAIRS)


class TestReading:
    def test_each_kind_is_kept_with_the_order_that_was_shown(self):
        found = read_rationales(PAIR, [said(f"{SAID} Yes."), said(SAID)])
        assert [(r.kind, r.text) for r in found.rationales] == [
            ("general", f"{SAID} Yes."),
            ("specific", SAID),
        ]
        assert [r.chosen_shown for r in found.rationales] == [
            place_of_chosen(PAIR.id, kind) for kind in ("general", "specific")
        ]
        assert found.notes == ()

    def test_failures_are_notes_by_prompt_and_kind(self):
        found = read_rationales(PAIR, [said(SAID, "length"), said("Reply A.")])
        assert found.rationales == ()
        assert found.notes == ("rationale_general:truncated", "rationale_specific:off_grammar")

    def test_a_reply_is_no_rationale_for_itself(self):
        long = PAIR._replace(chosen=(Message("assistant", SAID),))
        settings = RationaleSettings(("specific",))
        assert read_rationales(long, [said(SAID)], settings).notes == ("rationale_specific:copied",)

    def test_no_model_is_asked_about_a_pair_that_is_too_long_to_show(self):
        long = PAIR._replace(rejected=(Message("assistant", "word " * 80_000),))
        assert rationale_requests(long) == []
        found = read_rationales(long, [])
        assert found == Explained(long, (), ("pair_too_long",))
        assert check_requests(found) == []
        assert read_check(found, []) == (long, ())

    @pytest.mark.parametrize("kinds", [(), ("other",), ("general", "general")])
    def test_kinds_that_there_are_not_are_refused(self, kinds):
        with pytest.raises(UsageError, match="rationales of the kinds"):
            rationale_requests(PAIR, RationaleSettings(kinds))


class TestStoring:
    RATIONALES = (Rationale("general", "one", "first"), Rationale("specific", "two", "second"))

    def test_the_pair_names_who_wrote_and_judged_with_which_prompts(self):
        models = ["rationale=w@1", "judge=j@2"]
        pair = validate(with_rationales(PAIR, self.RATIONALES, models, [CHECK.identity]))
        assert (pair.rationales, pair.rationale, pair.id) == (self.RATIONALES, "one", PAIR.id)
        assert pair.provenance.models == tuple(models)
        assert pair.provenance.prompts == (GENERAL.identity, SPECIFIC.identity, CHECK.identity)

    def test_what_mining_found_stays_the_rationale_and_earlier_ones_stay_first(self):
        mined = PAIR._replace(rationale="mined", rationales=self.RATIONALES[:1])
        pair = with_rationales(mined, self.RATIONALES, [])
        assert (pair.rationale, pair.rationales) == ("mined", self.RATIONALES)

    def test_a_pair_without_rationales_is_as_it_was(self):
        assert with_rationales(PAIR, [], ["rationale=w@1"], [CHECK.identity]) is PAIR


class TestCheck:
    FIRST = Rationale("general", "Reply A answers what was asked.", "first")
    SECOND = Rationale("specific", "Reply B gives the depth of the lake.", "second")

    def test_the_judge_sees_the_replies_as_the_writer_did_and_then_the_other_way_round(self):
        requests = check_requests(explained(self.SECOND), RationaleSettings(unaided=False))
        as_shown, other = (request.context[1].content for request in requests)
        assert as_shown.index("Look it up.") < as_shown.index("1,642 metres.")
        assert "Reply B gives the depth" in as_shown
        assert other.index("1,642 metres.") < other.index("Look it up.")
        assert "Reply A gives the depth" in other

    def test_only_what_the_judge_picks_the_chosen_reply_by_in_both_orders_is_kept(self):
        record = explained(self.FIRST, self.SECOND)
        settings = RationaleSettings(unaided=False)
        kept = read_check(record, [AS_A, AS_B, AS_B, AS_A], settings)
        assert kept.pair.rationales == (self.FIRST, self.SECOND)
        assert kept.notes == ("consistent:general", "consistent:specific")
        for answers in ([AS_B, AS_A, AS_A, AS_B], [AS_A, AS_A, AS_B, AS_B]):
            fallen = read_check(record, answers, settings)
            assert fallen.pair is PAIR
            assert fallen.notes == ("inconsistent:general", "inconsistent:specific")

    @pytest.mark.parametrize(
        ("answers", "note"),
        [
            ([AS_A, AS_B], "unaided:chosen"),
            ([AS_B, AS_A], "unaided:rejected"),
            ([AS_A, AS_A], "unaided:undecided"),
        ],
    )
    def test_what_the_judge_says_without_a_rationale_is_counted(self, answers, note):
        record = explained(self.SECOND)
        assert len(check_requests(record)) == 4
        found = read_check(record, [AS_B, AS_A, *answers])
        assert found.notes == ("consistent:specific", note)

    def test_an_answer_in_words_off_the_list_keeps_nothing(self):
        settings = RationaleSettings(form="words", unaided=False)
        requests = check_requests(explained(self.FIRST), settings)
        assert [request.guide.choices for request in requests] == [("A", "B")] * 2
        found = read_check(explained(self.FIRST), [said("A"), said("It is B")], settings)
        assert (found.pair, found.notes) == (PAIR, ("rationale_check:off_grammar",))

    def test_a_form_that_there_is_not_is_refused(self):
        with pytest.raises(UsageError, match="a choice asked for by"):
            check_requests(explained(self.FIRST), RationaleSettings(form="json"))

    def test_a_judge_that_always_names_a_letter_lets_no_rationale_pass(self):
        for answer in (AS_A, AS_B):
            record = explained(self.FIRST, self.SECOND)
            found = read_check(record, [answer] * 6)
            assert found.pair.rationales == ()

    def test_the_real_judge_answers_each_check_of_real_pairs_within_the_grammar(self, model):
        # Its own opinion is poor; that each answer counts for or against is what is tested.
        notes = []
        for pair in PAIRS[:3]:
            place = place_of_chosen(pair.id, "general")
            letter = "A" if place == "first" else "B"
            text = f"Reply {letter} is better because it is polite and safe."
            record = Explained(pair, (Rationale("general", text, place),), ())
            found = read_check(record, model.score(check_requests(record)))
            assert bool(found.pair.rationales) == ("consistent:general" in found.notes)
            notes += found.notes
        assert len(notes) == 6
        assert not any(note.startswith("rationale_check:") for note in notes)


def test_both_places_are_those_of_the_replies():
    assert in_order(PAIR, "first") == ("1,642 metres.", "Look it up.")
    assert in_order(PAIR, "second") == ("Look it up.", "1,642 metres.")


def test_identities_of_the_prompts_differ():
    prompts: list[Prompt] = [GENERAL, SPECIFIC, CHECK]
    assert len({prompt.identity for prompt in prompts}) == 3
