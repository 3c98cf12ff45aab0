"""Rationales as a Beam stage, with the real embedded model as writer and as judge."""

import apache_beam as beam
from transforms_drafts import draft

from curation.prompts.rationale import GENERAL
from curation.prompts.rationale_check import CHECK
from curation.synthesis.rationales import RationaleSettings
from curation.synthesis.reply import ReplySampling
from pipelines.commands.memo import describe
from transforms.memo import Memo
from transforms.model_step import Role
from transforms.rationales import SynthesizeRationales

PAIRS = [
    draft(0, "What is the capital of France?", chosen="Paris.", rejected="I like trains.").pair,
    draft(1, "Name a colour.", chosen="Blue.", rejected="Why do you ask?").pair,
    draft(2, "Say hello.", chosen="Hello!", rejected="No.").pair,
]
SAMPLING = ReplySampling(seed=2, max_new_tokens=40, max_prompt_tokens=600)
SETTINGS = RationaleSettings(("general",), SAMPLING, max_shown=2000, max_check_tokens=1000)
WRITER, JUDGE = Role(label="w@1"), Role(label="j@2")


def run(collected, pairs, settings, memo=None):
    """Take pairs through the stage; gives its pairs, drops, rejects and summed counts."""
    stage = SynthesizeRationales(WRITER, JUDGE, settings, memo)
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(pairs) | stage
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    counts = dict(collected["counts"])
    return sorted(collected["pairs"], key=lambda pair: pair.id), counts


def test_every_pair_comes_out_with_what_holds_and_all_is_counted(model, collected, tmp_path):
    memo = Memo(str(tmp_path / "memo"))
    long = draft(3, "word " * 1000).pair
    pairs, counts = run(collected, [*PAIRS, long], SETTINGS, memo)
    assert [pair.id for pair in pairs] == ["id-0", "id-1", "id-2", "id-3"]
    assert collected["drops"] == collected["rejects"] == []
    for stage in ("rationales", "rationale_check"):
        assert counts[stage, "in"] == counts[stage, "out"] == 4
    notes = {key[1]: n for key, n in counts.items() if key[1].startswith("note:")}
    failed = sum(n for note, n in notes.items() if note.startswith("note:rationale_general:"))
    checked = sum(notes.get(f"note:{c}:general", 0) for c in ("consistent", "inconsistent"))
    unaided = sum(n for note, n in notes.items() if note.startswith("note:unaided:"))
    assert (failed + checked, unaided, notes["note:pair_too_long"]) == (3, checked, 1)
    kept = [pair for pair in pairs if pair.rationales]
    assert len(kept) == notes.get("note:consistent:general", 0)
    for pair in kept:
        assert list(pair.provenance.models) == ["rationale=w@1", "judge=j@2"]
        assert list(pair.provenance.prompts) == [GENERAL.identity, CHECK.identity]
    # The second time every answer is there already, in whatever order the pairs come.
    before = describe(memo.store)["answers"]
    again, _ = run(collected, [long, *PAIRS[::-1]], SETTINGS, memo)
    assert (again, describe(memo.store)["answers"]) == (pairs, before)


def test_without_the_check_all_that_is_of_the_grammar_is_kept_and_no_judge_is_named(
    model, collected
):
    pairs, counts = run(collected, PAIRS, SETTINGS._replace(check=False))
    kept = [pair for pair in pairs if pair.rationales]
    failed = sum(n for (_, key), n in counts.items() if key.startswith("note:rationale_general:"))
    assert len(kept) + failed == len(pairs) == 3
    assert {stage for stage, _ in counts} == {"rationales"}
    for pair in kept:
        assert list(pair.provenance.models) == ["rationale=w@1"]
        assert pair.rationale == pair.rationales[0].text
    # Of these three at least one is a sentence, however small the model.
    assert kept


def test_a_pair_that_does_not_fit_into_the_model_comes_out_as_it_was(model, collected):
    long = draft(4, "word " * 1000).pair
    pairs, counts = run(collected, [long], SETTINGS._replace(max_shown=100_000))
    assert [(pair.id, list(pair.rationales)) for pair in pairs] == [("id-4", [])]
    assert collected["rejects"] == []
    assert counts["rationales", "note:prompt_too_long"] == 1
    assert counts["rationales", "in"] == counts["rationales", "out"] == 1
