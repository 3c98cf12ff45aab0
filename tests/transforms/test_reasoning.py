"""Worked solutions of conversations become pairs in a pipeline, without any model."""

from pathlib import Path

import apache_beam as beam
import pytest
import yaml

from curation.synthesis.reasoning import ReasoningSettings
from schemas.errors import UsageError
from schemas.ids import conversation_id
from schemas.records import Conversation, Message
from transforms.reasoning import SynthesizeCorruptedReasoning

DATA = Path(__file__).parents[1] / "data" / "reasoning"


def conversations():
    """The planted solutions and decoys as conversations."""
    for name in ("solutions.yaml", "decoys.yaml"):
        for position, case in enumerate(yaml.safe_load((DATA / name).read_text())):
            asked = Message("user", case.get("question", "How many?"))
            messages = (asked, Message("assistant", case["reply"]))
            place = {"file": name, "position": str(position)}
            identity = conversation_id(messages)
            yield Conversation(identity, messages, "demo", None, None, None, None, place)


def run(collected, records, transform):
    """Take conversations through a transform; gives its summed counts."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(records) | transform
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return {key: n for (_, key), n in collected["counts"]}


def test_every_conversation_gives_pairs_or_a_drop_and_is_counted(collected):
    records = list(conversations())
    counts = run(collected, records, SynthesizeCorruptedReasoning())
    drops = sum(n for key, n in counts.items() if key.startswith("drop:"))
    made = sum(n for key, n in counts.items() if key.startswith("note:"))
    assert counts["in"] == counts["out"] + drops == len(records)
    assert len(collected["drops"]) == drops
    assert len(collected["pairs"]) == made
    from_solutions = {p.conversation_id for p in collected["pairs"]}
    assert len(from_solutions) == counts["out"] > 15
    assert {p.provenance.input for p in collected["pairs"]} == {"solutions.yaml"}


def test_the_same_pairs_come_in_any_order(collected):
    records = list(conversations())
    run(collected, records, SynthesizeCorruptedReasoning())
    once = sorted(collected["pairs"])
    run(collected, records[::-1], SynthesizeCorruptedReasoning())
    assert sorted(collected["pairs"]) == once


def test_settings_are_checked_when_the_pipeline_is_built():
    with pytest.raises(UsageError, match="typos"):
        SynthesizeCorruptedReasoning(ReasoningSettings(("typos",)))
