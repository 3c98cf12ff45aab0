"""Mirrored pairs and levels by rubrics as Beam stages, with the real embedded model."""

import apache_beam as beam
import pytest
from transforms_drafts import draft

from curation.rubrics.rubric_files import dump_scoring_rubric, load_scoring_rubric
from curation.scoring.rubric_scoring import RubricScoring
from curation.synthesis.reply import ReplySampling
from curation.synthesis.rubric_drafts import RubricPairSettings
from pipelines.commands.memo import describe
from schemas.errors import UsageError
from schemas.ids import conversation_id
from schemas.records import Conversation, Message
from transforms import Memo, Role
from transforms.rubric_score import ScoreByRubric
from transforms.rubrics import SynthesizeRubricPairs

SAMPLING = ReplySampling(max_new_tokens=8, max_prompt_tokens=400, keep_truncated=True)
SETTINGS = RubricPairSettings(("brevity", "warmth"), sampling=SAMPLING)


def chat(*texts, roles=("user", "assistant")):
    """A conversation with turns of some roles."""
    talk = tuple(Message(role, text) for role, text in zip(roles, texts, strict=True))
    metadata = {"file": "f.jsonl", "position": "7"}
    return Conversation(conversation_id(talk), talk, "s", None, None, None, None, metadata)


@pytest.fixture
def one_criterion(tmp_path):
    """The file of a rubric with one criterion, which costs four requests by likelihood."""
    brevity = load_scoring_rubric("brevity")
    criterion = brevity.criteria[0]._replace(weight=1.0)
    file = tmp_path / "one.yaml"
    file.write_text(dump_scoring_rubric(brevity._replace(name="one", criteria=(criterion,))))
    return str(file)


def run(collected, records, transform):
    """Take records through a stage; gives its counts."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(records) | transform
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    return dict(collected["counts"])


def balanced(counts):
    """Whether what went into each stage came out of it or was dropped."""
    return all(
        counts[stage, "in"]
        == counts.get((stage, "out"), 0)
        + sum(n for (name, key), n in counts.items() if name == stage and key.startswith("drop:"))
        for stage in {stage for stage, _ in counts}
    )


def test_conversations_give_two_pairs_each_or_none_and_all_are_accounted_for(model, collected):
    chats = [
        *(chat(f"Tell me about the number {n}.", "Well.") for n in range(4)),
        chat("word " * 500, "Well."),
        chat("Be brief.", "Name a colour.", "Red.", roles=("system", "user", "assistant")),
        chat("Hello?", roles=("user",)),
    ]
    counts = run(collected, chats, SynthesizeRubricPairs(Role(label="m@r"), SETTINGS))
    assert balanced(counts)
    assert counts["rubric_draw", "in"] == 7
    assert counts["rubric_draw", "out"] == counts["rubric_responses", "in"] == 5
    assert counts["rubric_draw", "drop:no_exchange"] == 1
    assert counts["rubric_responses", "drop:prompt_too_long"] == 1
    assert len(collected["pairs"]) == 2 * counts["rubric_responses", "out"] > 0
    dropped = [drop.filter for drop in collected["drops"]]
    assert dropped.count("has_system_prompt") == 1
    assert len(dropped) + counts["rubric_responses", "out"] == 5
    assert [(r.stage, r.reason, r.position) for r in collected["rejects"]] == [
        ("rubric_responses", "prompt_too_long", 7)
    ]
    for pair in collected["pairs"]:
        assert list(pair.provenance.models) == ["writer=m@r"]
        assert pair.provenance.input == "f.jsonl"


def test_condensed_levels_are_asked_for_once_for_a_rubric(model, collected, tmp_path):
    memo = Memo(str(tmp_path / "memo"))
    settings = SETTINGS._replace(rubrics=("brevity",), condense="model", condense_tokens=24)
    chats = [chat(f"Tell me about the number {n}.", "Well.") for n in range(3)]
    counts = run(collected, chats, SynthesizeRubricPairs(Role(), settings, memo))
    assert balanced(counts)
    assert counts["rubric_condense", "in"] == 3
    written = counts.get(("rubric_responses", "in"), 0)
    assert written == counts.get(("rubric_condense", "out"), 0)
    assert describe(memo.store)["answers"] == 1 + written


def test_verified_pairs_carry_opposite_levels(model, collected, one_criterion):
    settings = SETTINGS._replace(rubrics=(one_criterion,), verify=True)
    chats = [chat(f"Tell me about the number {n}.", "Well.") for n in range(2)]
    judge = Role(label="j@r")
    counts = run(collected, chats, SynthesizeRubricPairs(Role(), settings, judge=judge))
    assert balanced(counts)
    assert counts.get(("rubric_verify", "in"), 0) == counts.get(("rubric_responses", "out"), 0)
    assert len(collected["pairs"]) == 2 * counts.get(("rubric_verify", "out"), 0)
    assert sum(pair.rubric_margin for pair in collected["pairs"]) == pytest.approx(0)
    assert all(pair.provenance.models[-1] == "judge=j@r" for pair in collected["pairs"])


@pytest.mark.parametrize("form", ["likelihood", "words"])
def test_pairs_are_scored_or_pass_with_a_note(model, collected, one_criterion, form):
    pairs = [draft(n, f"Name {n} colours.", chosen="Red.", rejected="Well, …").pair for n in (1, 2)]
    settings = RubricScoring((one_criterion,), form, repeats=1, max_new_tokens=24)
    counts = run(collected, pairs, ScoreByRubric(Role(label="j@r"), settings))
    assert balanced(counts)
    scored = collected["pairs"]
    assert sorted(pair.id for pair in scored) == ["id-1", "id-2"]
    without = counts.get(("rubric_score", "note:without_levels"), 0)
    assert sum(pair.rubric_margin is None for pair in scored) == without
    assert all((pair.rubric_margin is None) == (not pair.rubric_levels) for pair in scored)
    assert form == "words" or without == 0


def test_settings_that_make_no_sense_are_refused_before_anything_runs():
    with pytest.raises(UsageError, match="no bundled one"):
        ScoreByRubric(settings=RubricScoring(("nothing",)))
    with pytest.raises(UsageError, match="min_level_distance"):
        SynthesizeRubricPairs(settings=RubricPairSettings(min_level_distance=5))
