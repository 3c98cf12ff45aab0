"""Pairs by instructions as a Beam stage, on real pairs (hh-rlhf)."""

import json
from pathlib import Path

import apache_beam as beam
import pytest

from curation.formats import Context, parse_row
from curation.reading import Row
from curation.synthesis.instructions import InstructionSettings
from schemas.errors import UsageError
from transforms.instructions import SynthesizeInstructions

FILE = Path(__file__).parents[1] / "data" / "hh_rlhf" / "pairs.jsonl"
KINDS = ("no_commas", "no_question_marks", "question_marks_at_least", "commas_at_least")


def run(collected, pairs, settings):
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(pairs) | SynthesizeInstructions(settings)
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return {name: collected[name] for name in done._fields}


def test_every_pair_is_accounted_for_and_the_pairs_do_not_depend_on_their_order(collected):
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()[:60]]
    pairs = [parse_row(Row(row, n), Context("f"))[0] for n, row in enumerate(rows)]
    settings = InstructionSettings(kinds=KINDS, intra=True)
    done = run(collected, pairs, settings)
    counts = {key: n for (stage, key), n in done["counts"] if stage == "instructions"}
    dropped = sum(n for key, n in counts.items() if key.startswith("drop:"))
    assert counts["in"] == 60 == counts["out"] + dropped
    assert dropped == len(done["drops"])
    methods = [pair.method for pair in done["pairs"]]
    for method in ("instructions", "instruction_choice"):
        assert counts[f"note:{method}"] == methods.count(method) > 0
    assert not done["rejects"]
    backwards = run(collected, pairs[::-1], settings)
    assert sorted(backwards["pairs"]) == sorted(done["pairs"])


def test_settings_are_checked_when_the_pipeline_is_built():
    with pytest.raises(UsageError, match="rhymes"):
        SynthesizeInstructions(InstructionSettings(kinds=("rhymes",)))
