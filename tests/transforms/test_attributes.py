"""Attribute edits as a Beam stage, with the real embedded model."""

import apache_beam as beam
import pytest

from curation.synthesis.attributes_rewrite import AttributeSettings
from curation.synthesis.meaning import MeaningSettings
from curation.synthesis.reply import ReplySampling
from pipelines.commands.memo import describe
from schemas import validate
from schemas.errors import UsageError
from schemas.ids import conversation_id
from schemas.records import Conversation, Message
from transforms import Memo, ReadRecords, Role
from transforms.attributes import SynthesizeAttributeEdits

SAMPLING = ReplySampling(
    seed=1, max_new_tokens=10, temperature=1.2, max_prompt_tokens=2000, keep_truncated=True
)
TOLERANT = MeaningSettings(names=0, similarity=0, shortest=0, longest=999)
SETTINGS = AttributeSettings(
    ("formality", "directness"), sampling=SAMPLING, meaning=TOLERANT, wide=(0, 999), verify="none"
)
SAMPLE = "pipelines/samples/feedback_sample.jsonl"
ROLE = Role(label="m@r")


def chat(*turns):
    roles = ("user", "assistant")
    talk = tuple(Message(roles[i % 2], text) for i, text in enumerate(turns))
    return Conversation(conversation_id(talk), talk, "test", None, None, None, None, {})


TALKS = [
    chat("Name a colour.", "Blue, as the sky is in summer."),
    chat("Name a bird.", "An owl, since it sees at night."),
    chat("Nobody answered this."),
]


def run(collected, talks, settings, memo=None, name=""):
    with beam.Pipeline("FnApiRunner") as pipeline:
        made = (
            pipeline
            | beam.Create(talks)
            | SynthesizeAttributeEdits(ROLE, ROLE, settings, memo)
        )  # fmt: skip
        for output, records in made._asdict().items():
            summed = records | beam.CombinePerKey(sum) if output == "counts" else records
            collected.take(name + output, summed)


def adds_up(counts):
    """Whether in every stage what came out and what was dropped is what went in."""
    for stage in {stage for stage, _ in counts}:
        dropped = sum(n for (s, key), n in counts.items() if s == stage and key.startswith("drop:"))
        if counts[stage, "in"] != counts.get((stage, "out"), 0) + dropped:
            return False
    return True


def test_logged_replies_become_pairs_of_levels_and_all_is_accounted_for(model, collected):
    run(collected, TALKS, SETTINGS)
    pairs, counts = collected["pairs"], dict(collected["counts"])
    assert pairs
    for pair in pairs:
        validate(pair)
        assert pair.chosen != pair.rejected
        assert pair.margin > 0
        assert list(pair.provenance.models) == ["writer=m@r"]
        assert tuple(pair.prompt) in {talk.messages[:1] for talk in TALKS}
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert counts["attribute_exchange", "in"] == 3
    assert counts["attribute_exchange", "drop:no_exchange"] == 1
    assert counts["attribute_rewrite", "in"] == 2
    assert adds_up(counts)
    assert {drop.filter for drop in collected["drops"]} >= {"no_exchange"}


def test_two_attributes_of_an_exchange_are_two_records_and_a_memo_answers_them_again(
    model, collected, tmp_path
):
    memo = Memo(str(tmp_path / "memo"))
    both = SETTINGS._replace(attributes_per_exchange=2)
    run(collected, TALKS[:1], both, memo, "first ")
    kept = describe(memo.store)["answers"]
    run(collected, TALKS[:1], both, memo, "again ")
    assert kept == describe(memo.store)["answers"] == 2
    assert sorted(collected["first pairs"]) == sorted(collected["again pairs"])
    assert dict(collected["first counts"])["attribute_rewrite", "in"] == 2


@pytest.mark.parametrize("form", ["likelihood", "words"])
def test_the_judge_is_asked_and_its_choices_never_fail_their_grammar(model, collected, form):
    # Of the backends that hold an answer to a list, the embedded one is the smallest.
    run(collected, TALKS[:1], SETTINGS._replace(verify="adjacent", form=form, repeats=1))
    counts = dict(collected["counts"])
    assert counts["attribute_check", "in"] == counts["attribute_rewrite", "out"] > 0
    assert adds_up(counts)
    assert not [key for _, key in counts if "attribute_compare:" in key]
    for pair in collected["pairs"]:
        assert list(pair.provenance.models) == ["writer=m@r", "judge=m@r"]


def test_with_the_default_settings_what_the_small_model_writes_fails_for_named_reasons(
    model, collected
):
    strict = AttributeSettings(("formality",), sampling=SAMPLING)
    with beam.Pipeline("FnApiRunner") as pipeline:
        read = pipeline | ReadRecords(SAMPLE, limit=2)
        made = read.conversations | SynthesizeAttributeEdits(ROLE, ROLE, strict)
        collected.take("counts", made.counts | beam.CombinePerKey(sum))
        collected.take("pairs", made.pairs)
    counts = dict(collected["counts"])
    assert adds_up(counts)
    rewritten = {k: n for (stage, k), n in counts.items() if stage == "attribute_rewrite"}
    noted = sum(n for key, n in rewritten.items() if key.startswith("note:"))
    # Each level of a dropped exchange but one failed at least; no exchange has more than five.
    assert 4 * rewritten.get("drop:too_few_levels", 0) <= noted <= 5 * rewritten["in"]


def test_an_exchange_that_is_too_long_for_the_model_is_a_reject(model, collected):
    run(collected, [chat("Name a colour.", "blue " * 5000)], SETTINGS)
    assert [reject.reason for reject in collected["rejects"]] == ["prompt_too_long"]
    assert adds_up(dict(collected["counts"]))


def test_settings_that_make_no_sense_are_refused_when_the_stage_is_built():
    with pytest.raises(UsageError, match="formalness"):
        SynthesizeAttributeEdits(settings=SETTINGS._replace(attributes=("formalness",)))
