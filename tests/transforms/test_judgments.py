"""Judgment pairs as a Beam stage, with the real embedded model as the judge."""

import apache_beam as beam
from transforms_drafts import draft

from curation.memo.keys import content_keys
from curation.memo.values import to_bytes
from curation.models.protocols import Completion
from curation.models.tasks import GENERATION, several
from curation.synthesis.judgments import JudgmentSettings, judgment_requests
from curation.synthesis.reply import ReplySampling
from transforms.inference import AskModel, ModelSettings
from transforms.judgments import SynthesizeJudgments
from transforms.memo import Memo
from transforms.memo_store import MemoStore
from transforms.model_step import Role

PAIRS = [
    draft(0, "What is the capital of France?", chosen="Paris.", rejected="I like trains.").pair,
    draft(1, "Name a colour.", chosen="Blue.", rejected="Why do you ask?").pair,
    draft(2, "word " * 1500).pair,
]
SAMPLING = ReplySampling(max_new_tokens=16, temperature=1.0, max_prompt_tokens=600)

SETTINGS = JudgmentSettings(4, SAMPLING)


def run(collected, pairs, memo=None):
    """Take pairs through the stage; gives its summed counts."""
    stage = SynthesizeJudgments(Role(label="j@1"), SETTINGS, memo)
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(pairs) | stage
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return dict(collected["counts"])


def keep(memo, pair, as_a, as_b):
    """Keep what a larger judge once said of a pair, as if this one had."""
    task = several(GENERATION)
    model = AskModel(ModelSettings(), task).identity()
    said = [[Completion(text, "stop", 90, 9) for text in texts] for texts in (as_a, as_b)]
    keys = content_keys(task, model, [judgment_requests(pair, SETTINGS)])
    store = MemoStore(*memo)
    store.put(task.name, model, keys, [to_bytes(said)])
    store.close()


def test_every_pair_is_accounted_for_and_every_sample_without_a_verdict_noted(model, collected):
    counts = run(collected, PAIRS)
    assert counts["judgments", "in"] == 3
    assert counts["judgments", "drop:prompt_too_long"] == len(collected["rejects"]) == 1
    dropped = {drop.pair_id for drop in collected["drops"]}
    made = {pair.provenance.derived_from for pair in collected["pairs"]}
    assert dropped | made == {"id-0", "id-1"}
    assert not dropped & made
    assert counts.get(("judgments", "out"), 0) == len(made)
    noted = sum(n for (_, key), n in counts.items() if key.startswith("note:judgment:"))
    assert noted <= 8
    assert all(
        drop.filter.startswith(("judgment:", "unanimous_", "order_")) for drop in collected["drops"]
    )


def test_pairs_made_of_one_pair_come_out_one_by_one_and_it_counts_once(model, collected, tmp_path):
    memo = Memo(str(tmp_path / "memo"))
    right = "Paris is the capital, and trains are not.\n[[{}]]"
    wrong = "It is more fun to talk about trains.\n[[{}]]"
    for pair in PAIRS[:2]:
        as_a = [right.format("A"), wrong.format("B")]
        keep(memo, pair, as_a, [right.format("B"), wrong.format("A")])
    counts = run(collected, PAIRS[:2], memo)
    assert counts == {("judgments", "in"): 2, ("judgments", "out"): 2}
    pairs = collected["pairs"]
    assert sorted(pair.provenance.derived_from for pair in pairs) == [
        "id-0",
        "id-0",
        "id-1",
        "id-1",
    ]
    assert {pair.method for pair in pairs} == {"judgment"}
    assert {pair.margin for pair in pairs} == {0.5}
    assert all("fun" in pair.rejected[0].content for pair in pairs)
    assert all(list(pair.provenance.models) == ["judge=j@1"] for pair in pairs)
