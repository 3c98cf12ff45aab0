"""Model work on Beam: batches that fail, and the real model through the whole stage."""

import apache_beam as beam
import pytest

from curation.models.isolation import Failure, isolate_failures
from curation.scoring.pairs import PairScoring
from curation.synthesis.reply import ReplySampling
from schemas.records import Message, PairDraft, PreferencePair, Provenance
from transforms import (
    AskModel,
    AssignSplit,
    ModelSettings,
    ScorePairs,
    SynthesizeReplies,
)


def token_counts(texts, model):
    """Real work of a real model's tokenizer that refuses some of its input."""
    if any("poison" in text for text in texts):
        raise ValueError("poison")
    return [len(model.chat.text_ids(text)) for text in texts]


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_only_the_records_that_fail_fail(model, batch_size, collected):
    texts = [f"text {n}" + " poison" * (n % 10 == 3) for n in range(50)]
    with beam.Pipeline("FnApiRunner") as pipeline:
        asked = AskModel(ModelSettings(batch_size=batch_size), token_counts)
        collected.take("answers", pipeline | beam.Create(texts) | asked)
    answers = collected["answers"]
    failed = {text for text, answer in answers if isinstance(answer, Failure)}
    assert len(answers) == 50
    assert failed == {text for text in texts if "poison" in text}
    assert all(answer > 1 for text, answer in answers if text not in failed)


def test_a_batch_that_is_answered_short_is_a_failure():
    answers = isolate_failures(lambda items: items[:-1], [1, 2, 3])
    assert [answer.reason for answer in answers] == ["runtime"] * 3


def draft(number, prompt, hint):
    provenance = Provenance("f.jsonl", number, "g", None, (), (), None, "")
    rejected = (Message("assistant", "no"),)
    chosen = () if hint else (Message("assistant", "yes"),)
    pair = PreferencePair(
        f"id-{number}", (Message("user", prompt),), chosen, rejected, None, None, None, None, None,
        None, "existing", "s", "c", None, None, provenance, "",
    )  # fmt: skip
    return PairDraft(pair, hint)


def test_drafts_are_completed_scored_and_accounted_for(model, collected):
    drafts = [
        draft(0, "Hi", None),
        draft(1, "Hello there", "Be kind."),
        draft(2, "word " * 500, "Be kind."),
        draft(3, "word " * 500, None),
    ]
    sampling = ReplySampling(max_new_tokens=6, max_prompt_tokens=200, keep_truncated=True)
    scoring = PairScoring(("following",), 1, max_tokens=200)
    with beam.Pipeline("FnApiRunner") as pipeline:
        written = pipeline | beam.Create(drafts) | SynthesizeReplies(sampling=sampling)
        scored = written.pairs | ScorePairs(scoring=scoring, model_name="m@r")
        collected.take("pairs", scored.pairs)
        collected.take("rejects", (written.rejects, scored.rejects) | "both" >> beam.Flatten())
        counts = (written.counts, scored.counts) | beam.Flatten() | beam.CombinePerKey(sum)
        collected.take("counts", counts)
    pairs, rejects = collected["pairs"], collected["rejects"]
    assert sorted(pair.provenance.position for pair in pairs) == [0, 1]
    assert all(pair.margin is not None and pair.chosen for pair in pairs)
    assert all(pair.provenance.models[-1] == "scorer=m@r" for pair in pairs)
    found = {(r.stage, r.reason, r.source, r.position) for r in rejects}
    assert found == {
        ("synthesize", "prompt_too_long", "f.jsonl", 2),
        ("score", "prompt_too_long", "f.jsonl", 3),
    }
    assert dict(collected["counts"]) == {
        ("synthesize", "in"): 4,
        ("synthesize", "out"): 3,
        ("synthesize", "drop:prompt_too_long"): 1,
        ("score", "in"): 3,
        ("score", "out"): 2,
        ("score", "drop:prompt_too_long"): 1,
    }


def test_the_split_follows_the_group_and_has_the_share_asked_for(collected):
    pairs = [draft(n, "q", None).pair for n in range(2000)]
    grouped = [
        pair._replace(provenance=pair.provenance._replace(group=f"g{n // 2}"))
        for n, pair in enumerate(pairs)
    ]
    with beam.Pipeline("FnApiRunner") as pipeline:
        collected.take("split", pipeline | beam.Create(grouped) | AssignSplit(0.25, seed=1))
    sides = {}
    for pair in collected["split"]:
        sides.setdefault(pair.provenance.group, set()).add(pair.split)
    assert all(len(side) == 1 for side in sides.values())
    share = sum(side == {"test"} for side in sides.values()) / len(sides)
    assert share == pytest.approx(0.25, abs=0.05)
