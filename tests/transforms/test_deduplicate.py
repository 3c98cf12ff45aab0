"""Duplicates and budgets are decided on ids, the same way in any order."""

import random

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from schemas.ids import conversation_id
from schemas.records import Conversation, Drop, Message, PairDraft, PreferencePair, Provenance
from transforms import DropDuplicateConversations, DropDuplicateDrafts, KeepWithinBudget


def conversation(text, file, position):
    messages = (Message("user", text), Message("assistant", "ok"))
    place = {"file": file, "position": str(position)}
    return Conversation(conversation_id(messages), messages, "s", None, None, None, None, place)


def draft(number, file="f", method="existing"):
    side = (Message("assistant", "x"),)
    provenance = Provenance(file, number, "g", None, (), (), None, "")
    pair = PreferencePair(
        f"pair-{number}", (Message("user", "q"),), side, side, None, None, None, None, None, None,
        method, "s", "c", None, None, provenance, "",
    )  # fmt: skip
    return PairDraft(pair, None)


def run(transform, records, collected):
    """Kept and removed records and the summed counts of a transform."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        unique = pipeline | beam.Create(records) | transform
        collected.take("kept", unique.kept | beam.Map(place))
        collected.take("removed", unique.removed)
        collected.take("counts", unique.counts | beam.CombinePerKey(sum))
    return collected


def place(record):
    if isinstance(record, PairDraft):
        return record.pair.id, record.pair.provenance.input
    return record.metadata["file"], int(record.metadata["position"])


COPIES = [
    conversation("a", "2.jsonl", 0),
    conversation("a", "1.jsonl", 90),
    conversation("a", "1.jsonl", 8),
    conversation("b", "3.jsonl", 0),
]


@pytest.mark.parametrize("seed", range(3))
def test_the_first_copy_by_file_and_position_stays_in_any_order(seed, collected):
    shuffled = random.Random(seed).sample(COPIES, len(COPIES))
    found = run(DropDuplicateConversations(), shuffled, collected)
    assert sorted(found["kept"]) == [("1.jsonl", 8), ("3.jsonl", 0)]
    assert {(r.source, r.position) for r in found["removed"]} == {("2.jsonl", 0), ("1.jsonl", 90)}
    assert all(r.reason == "duplicate_conversation" for r in found["removed"])
    assert dict(found["counts"]) == {
        ("deduplicate", "in"): 4,
        ("deduplicate", "out"): 2,
        ("deduplicate", "drop:duplicate_conversation"): 2,
    }


def test_a_second_reading_gives_the_same():
    with beam.Pipeline("FnApiRunner") as pipeline:
        first = pipeline | "once" >> beam.Create(COPIES)
        again = pipeline | "twice" >> beam.Create(COPIES)
        kept = (first | DropDuplicateConversations(again)).kept | beam.Map(place)
        assert_that(kept, equal_to([("1.jsonl", 8), ("3.jsonl", 0)]))


def test_one_of_each_draft_is_kept(collected):
    found = run(DropDuplicateDrafts(), [draft(1, "b"), draft(1, "a"), draft(2)], collected)
    assert sorted(found["kept"]) == [("pair-1", "a"), ("pair-2", "f")]
    assert found["removed"] == [Drop("pair-1", "duplicate_draft", None, None)]


@pytest.mark.parametrize("budget", [1, 7, 20, 21])
def test_a_budget_keeps_exactly_as_many_and_the_same_ones(budget, collected):
    drafts = [draft(n) for n in range(20)]
    kept = run(KeepWithinBudget(budget, seed=5), drafts, collected)["kept"]
    found = run(KeepWithinBudget(budget, seed=5), drafts[::-1], collected)
    assert len(kept) == min(budget, 20)
    assert sorted(found["kept"]) == sorted(kept)
    assert {d.filter for d in found["removed"]} <= {"over_budget"}
    assert len(found["kept"]) + len(found["removed"]) == 20


def test_without_a_budget_all_drafts_stay(collected):
    assert len(run(KeepWithinBudget(), [draft(n) for n in range(3)], collected)["kept"]) == 3
