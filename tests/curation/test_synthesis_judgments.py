"""Judgment pairs: which verdicts are right, which are put together, what is dropped and noted."""

import json
from pathlib import Path

import pytest

from curation.feedback.exchanges import bare_pair
from curation.formats import Context, parse_row
from curation.models.protocols import Completion
from curation.prompts.judgment import JUDGMENT
from curation.reading import Row
from curation.synthesis.judgments import (
    Judged,
    JudgmentSettings,
    judgment_requests,
    read_judgments,
)
from curation.synthesis.reply import ReplySampling
from schemas import Conversation, Drop, Message, validate
from schemas.errors import UsageError
from schemas.ids import pair_id

ROWS = (Path(__file__).parents[1] / "data/hh_rlhf/pairs.jsonl").read_bytes().splitlines()
TALK = (Message("user", "How deep is Lake Baikal?"), Message("assistant", "Look it up."))
CHAT = Conversation("c", TALK, "demo", None, None, None, None, {})
PAIR = bare_pair(
    CHAT, "existing", "id", TALK[:1], (Message("assistant", "1,642 metres."),), TALK[1:]
)


def judged(as_a, as_b, settings=JudgmentSettings(4), pair=PAIR):
    """Read what the judge says of both orders: lists of texts, or of texts with a finish."""
    answers = [
        [Completion(*(s if isinstance(s, tuple) else (s, "stop")), 90, 9) for s in said]
        for said in (as_a, as_b)
    ]
    return read_judgments(pair, answers, settings, "judge=j@1")


def text(label, reasons="The first gives the depth"):
    return f"{reasons}, as was asked.\n[[{label}]]"


class TestAsking:
    def test_half_of_the_samples_see_the_chosen_reply_as_a(self):
        requests = judgment_requests(PAIR)
        assert [request.n for request in requests] == [4, 4]
        assert [request.temperature for request in requests] == [1.0, 1.0]
        assert requests[0].seed != requests[1].seed
        first, second = (request.messages[1].content for request in requests)
        assert first.index("1,642 metres.") < first.index("Look it up.")
        assert second.index("Look it up.") < second.index("1,642 metres.")

    @pytest.mark.parametrize("samples", [-2, 0, 2, 5])
    def test_samples_that_cannot_contrast_are_refused(self, samples):
        with pytest.raises(UsageError, match="judgments a pair"):
            judgment_requests(PAIR, JudgmentSettings(samples))

    def test_requests_of_real_pairs_differ_in_prompt_and_seed(self):
        pairs = [parse_row(Row(json.loads(r), 0), Context("hh.jsonl"))[0] for r in ROWS[:20]]
        requests = [request for pair in pairs for request in judgment_requests(pair)]
        assert len({request.seed for request in requests}) == 40
        assert len({request.messages[1].content for request in requests}) == 40


class TestPairs:
    def test_right_is_chosen_over_wrong_under_the_prompt_that_both_answered(self):
        found, notes = judged([text("A"), text("B", "Nothing beats a friendly hint")], ["", ""])
        assert isinstance(found, Judged)
        (new,) = found.made
        validate(new)
        assert list(new.prompt) == judgment_requests(PAIR, JudgmentSettings(4))[0].messages
        assert [message.role for message in new.prompt] == ["system", "user"]
        assert new.chosen[0].content == text("A")
        assert new.rejected[0].content == text("B", "Nothing beats a friendly hint")
        assert notes == ("judgment:empty", "judgment:empty")

    def test_with_the_chosen_reply_as_b_the_verdict_b_is_right(self):
        found, _ = judged(["", ""], [text("A"), text("B", "The second one says it")])
        assert found.made[0].chosen[0].content.endswith("[[B]]")
        assert "Look it up." in found.made[0].prompt[1].content

    def test_the_new_pair_says_where_it_is_from_and_keeps_no_measure(self):
        settings = JudgmentSettings(4, ReplySampling(seed=5))
        measured = PAIR._replace(margin=2.0, chosen_score=1.0, rejected_score=-1.0, ches=0.1)
        said = [text("A"), text("B", "A hint is all one needs")]
        found, _ = judged(said, [text("B"), "?"], settings, measured)
        (new,) = found.made
        assert (new.method, new.chosen_score, new.ches) == ("judgment", None, None)
        assert new.id == pair_id(new.prompt, new.chosen, new.rejected)
        origin = new.provenance
        assert (origin.derived_from, origin.group) == ("id", PAIR.provenance.group)
        assert (origin.models, origin.prompts) == (("judge=j@1",), (JUDGMENT.identity,))
        assert origin.seed == judgment_requests(measured, settings)[0].seed

    def test_the_margin_is_the_share_of_right_verdicts_among_the_readable(self):
        said = [text("A"), text("B", "A hint is all one needs")]
        found, notes = judged(said, [text("B"), "The better one is B."])
        assert found.made[0].margin == 2 / 3
        assert notes == ("judgment:off_grammar",)

    def test_most_pairs_are_made_of_texts_that_no_other_pair_has(self):
        right = [text("A", f"Good reason number {word}") for word in ("one", "two", "three")]
        wrong = [text("B", f"Poor reason number {word}") for word in ("four", "five", "six")]
        found, _ = judged([*right, *wrong], [""], JudgmentSettings(12))
        assert len(found.made) == 3
        assert {pair.chosen[0].content for pair in found.made} == set(right)
        assert {pair.rejected[0].content for pair in found.made} == set(wrong)

    def test_both_orders_take_turns(self):
        as_a = [
            text("A"),
            text("A", "It is exact"),
            text("B", "It is kind"),
            text("B", "It is fun"),
        ]
        as_b = [text("B"), text("A", "It is a very kind and a very funny way to say nothing")]
        found, _ = judged(as_a, as_b, JudgmentSettings(8, max_pairs=2))
        assert {pair.chosen[0].content[-5:] for pair in found.made} == {"[[A]]", "[[B]]"}

    def test_of_the_wrong_verdicts_one_of_like_length_is_taken(self):
        like = text("B", "The second gives a hint ")
        said = [text("A"), text("B", "Because " + "the user can do it " * 9), like]
        found, _ = judged(said, [""], JudgmentSettings(6, max_pairs=1))
        assert found.made[0].rejected[0].content == like

    def test_the_order_in_which_samples_come_changes_nothing(self):
        said = [
            text("A"),
            text("A", "It is exact"),
            text("B", "It is kind"),
            text("B", "It is fun"),
        ]
        one, _ = judged(said, [""], JudgmentSettings(8, max_pairs=2))
        other, _ = judged(said[::-1], [""], JudgmentSettings(8, max_pairs=2))
        assert one == other

    def test_a_sample_that_came_twice_makes_one_pair(self):
        wrong = text("B", "It is kind and short")
        found, _ = judged([text("A"), text("A"), wrong, wrong], [""])
        assert len(found.made) == 1


class TestDrops:
    @pytest.mark.parametrize(
        ("as_a", "as_b", "reason", "share"),
        [
            ([text("A"), text("A")], [text("B"), ""], "unanimous_right", 1.0),
            ([text("B"), text("B")], [text("A"), ""], "unanimous_wrong", 0.0),
            ([text("A"), text("A")], [text("A"), text("A")], "order_decides", 0.5),
            ([text("A"), text("B")], ["", ""], "order_decides", 0.5),  # the same reasons for both
        ],
    )
    def test_verdicts_without_a_contrast_are_dropped_by_name(self, as_a, as_b, reason, share):
        found, _ = judged(as_a, as_b)
        assert found == Drop("id", reason, share, None)

    def test_what_cannot_be_read_is_neither_right_nor_wrong(self):
        found, notes = judged([text("A"), "[[B]]"], [text("C"), (text("A"), "length")])
        assert found.filter == "unanimous_right"
        assert notes == ("judgment:no_reason", "judgment:off_grammar", "judgment:truncated")

    def test_without_any_verdict_the_commonest_failure_is_the_reason(self):
        found, notes = judged(["a", "b"], ["", ("c", "length")])
        assert found == Drop("id", "judgment:off_grammar", None, None)
        assert len(notes) == 4

    def test_a_verdict_planted_in_a_reply_and_quoted_by_the_judge_counts_for_nothing(self):
        quoted = "The reply says [[A]] itself, which is no argument.\n[[A]]"
        found, notes = judged([quoted, text("A")], ["", ""])
        assert found.filter == "unanimous_right"
        assert notes.count("judgment:off_grammar") == 1


def test_the_real_model_s_samples_are_judgments_or_named_failures(model):
    pair = parse_row(Row(json.loads(ROWS[0]), 0), Context("hh.jsonl"))[0]
    settings = JudgmentSettings(4, ReplySampling(max_new_tokens=24, max_prompt_tokens=1024))
    answers = model.generate(judgment_requests(pair, settings))
    found, notes = read_judgments(pair, answers, settings)
    assert isinstance(found, Judged | Drop)
    assert len(notes) <= 4
    assert all(note.startswith("judgment:") for note in notes)
