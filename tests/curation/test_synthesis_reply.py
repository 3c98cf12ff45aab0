"""Completing drafts: what the policy is asked, and what becomes of its answers."""

import pytest

from curation.models.protocols import Completion
from curation.synthesis.reply import ReplySampling, complete_draft, reply_request
from schemas.ids import pair_id
from schemas.records import Drop, Message, PairDraft, PreferencePair, Provenance

PROMPT = (Message("user", "Tell me about whales."),)
REJECTED = (Message("assistant", "No."),)
PAIR = PreferencePair(
    "draft-id", PROMPT, (), REJECTED, None, None, None, None, None, None, "expert", "s",
    "c", None, "be kind", Provenance("f", 0, "g", 2, (), ("p@1",), None, ""), "",
)  # fmt: skip
DRAFT = PairDraft(PAIR, "Answer in full sentences.")
SAMPLING = ReplySampling(seed=3, max_new_tokens=8)


def answered(text, finish="stop"):
    return complete_draft(DRAFT, Completion(text, finish, 10, 4), SAMPLING, "expert=m@r")


def test_the_policy_sees_the_hint_and_the_pair_does_not():
    asked = reply_request(DRAFT, SAMPLING)
    assert "Answer in full sentences." in asked.messages[0].content
    pair = answered("Whales are mammals.")
    assert pair.prompt == PROMPT
    assert pair.chosen == (Message("assistant", "Whales are mammals."),)


def test_a_finished_pair_has_the_id_of_its_content_and_says_who_wrote_it():
    pair = answered("  Whales are mammals.\n")
    assert pair.id == pair_id(PROMPT, (Message("assistant", "Whales are mammals."),), REJECTED)
    assert pair.provenance.models == ("expert=m@r",)
    assert pair.provenance.seed == reply_request(DRAFT, SAMPLING).seed


@pytest.mark.parametrize(
    ("text", "finish", "reason"),
    [
        ("  \n", "stop", "empty_reply"),
        ("Whales are", "length", "truncated_reply"),
        (" No. ", "stop", "identical_sides"),
    ],
)
def test_an_answer_that_makes_no_pair_is_dropped_with_its_reason(text, finish, reason):
    drop = answered(text, finish)
    assert isinstance(drop, Drop)
    assert (drop.pair_id, drop.filter) == ("draft-id", reason)


def test_a_truncated_reply_is_kept_when_asked_for():
    kept = complete_draft(
        DRAFT,
        Completion("Whales are", "length", 10, 8),
        SAMPLING._replace(keep_truncated=True),
        "expert=m@r",
    )
    assert kept.chosen[0].content == "Whales are"


def test_seeds_differ_between_drafts_and_between_runs():
    other = DRAFT._replace(pair=PAIR._replace(id="other"))
    seeds = {
        reply_request(DRAFT, SAMPLING).seed,
        reply_request(other, SAMPLING).seed,
        reply_request(DRAFT, SAMPLING._replace(seed=4)).seed,
    }
    assert len(seeds) == 3


def test_the_real_model_writes_the_same_reply_again(model):
    request = reply_request(DRAFT, SAMPLING)
    once, again = model.generate([request]), model.generate([request])
    assert once == again
    assert (
        complete_draft(DRAFT, once[0][0], SAMPLING._replace(keep_truncated=True), "expert=m@r")
        .chosen[0]
        .content
    )
