"""Context reversals as a Beam stage, with the real embedded model and real pairs."""

import json
from pathlib import Path

import apache_beam as beam
import pytest

from curation.formats.context import Context
from curation.formats.parse import parse_row
from curation.memo.keys import content_keys
from curation.memo.values import to_bytes
from curation.models.protocols import Completion
from curation.models.tasks import GENERATION
from curation.reading.rows import Row
from curation.scoring.judge_prompt import compared
from curation.scoring.mirrored import accuracy
from curation.synthesis.context_reversal import ContextSettings, criteria_request
from curation.synthesis.reply import ReplySampling
from schemas import validate
from schemas.errors import UsageError
from transforms import Generate, Memo, Role
from transforms.context_reversal import SynthesizeContextReversals
from transforms.memo_store import close_memo, open_memo

ROWS = (Path(__file__).parents[1] / "data/hh_rlhf/pairs.jsonl").read_bytes().splitlines()
READ = [parse_row(Row(json.loads(line), at), Context("f"))[0] for at, line in enumerate(ROWS)]
PAIRS = [pair for pair in READ if sum(len(m.content) for m in pair.prompt) < 150][:3]
SETTINGS = ContextSettings(ReplySampling(max_new_tokens=12, max_prompt_tokens=2000))
ROLE = Role(label="m@r")


@pytest.fixture
def criteria_kept(tmp_path):
    """A memo in which the writer's answers stand already: two criteria for each pair."""
    memo, identity = Memo(str(tmp_path / "memo"), "r"), Generate().identity()
    text = "X: It is short and to the point.\nY: It explains each step of the way."
    keys = content_keys(GENERATION, identity, [criteria_request(p, SETTINGS) for p in PAIRS])
    kept = [to_bytes([Completion(text, "stop", 9, 9)])] * len(PAIRS)
    open_memo(*memo).put(GENERATION.name, identity, keys, kept)
    close_memo(memo.run)
    return memo


def run(collected, settings, memo=None, pairs=PAIRS):
    with beam.Pipeline("FnApiRunner") as pipeline:
        made = (
            pipeline
            | beam.Create(pairs)
            | SynthesizeContextReversals(ROLE, ROLE, settings, memo)
        )  # fmt: skip
        for output, records in made._asdict().items():
            summed = records | beam.CombinePerKey(sum) if output == "counts" else records
            collected.take(output, summed)
    return dict(collected["counts"])


def dropped(counts, stage):
    return sum(n for (s, key), n in counts.items() if s == stage and key.startswith("drop:"))


def test_what_the_small_model_writes_drops_the_pair_by_prompt_and_kind(model, collected):
    counts = run(collected, SETTINGS)
    kept = counts.get(("context_criteria", "out"), 0)
    assert counts["context_criteria", "in"] == 3 == kept + dropped(counts, "context_criteria")
    reasons = {drop.filter.partition(":")[0] for drop in collected["drops"]}
    assert reasons <= {"context_criteria", "context_not_decisive"}


def test_each_pair_gives_two_and_a_scorer_without_the_system_message_is_right_on_half(
    model, collected, criteria_kept
):
    counts = run(collected, SETTINGS._replace(check=False), criteria_kept)
    made = collected["pairs"]
    assert counts == {("context_criteria", "in"): 3, ("context_criteria", "out"): 3}
    assert len(made) == 6
    for pair in made:
        validate(pair)
        assert list(pair.provenance.models) == ["writer=m@r"]
    origins = [pair.provenance.derived_from for pair in made]
    assert {origins.count(pair.id) for pair in PAIRS} == {2}
    assert accuracy(map(compared, made), lambda c: float(len(c.first) > len(c.second))) == 0.5


@pytest.mark.parametrize("form", ["likelihood", "words"])
def test_the_judge_s_choices_never_fail_their_grammar_and_decide_which_pairs_stay(
    model, collected, criteria_kept, form
):
    counts = run(collected, SETTINGS._replace(form=form), criteria_kept)
    kept = counts.get(("context_check", "out"), 0)
    refused = counts.get(("context_check", "drop:context_not_decisive"), 0)
    assert counts["context_check", "in"] == 3 == kept + refused
    assert len(collected["pairs"]) == 2 * kept
    assert all(drop.value is not None for drop in collected["drops"])


def test_a_pair_that_is_too_long_for_the_model_is_a_reject(model, collected):
    prompt = tuple(m._replace(content="word " * 5000) for m in PAIRS[0].prompt[-1:])
    counts = run(collected, SETTINGS, pairs=[PAIRS[0]._replace(prompt=prompt)])
    assert [reject.reason for reject in collected["rejects"]] == ["prompt_too_long"]
    assert counts["context_criteria", "drop:prompt_too_long"] == 1


def test_settings_that_make_no_sense_are_refused_when_the_stage_is_built():
    with pytest.raises(UsageError, match="json"):
        SynthesizeContextReversals(settings=SETTINGS._replace(form="json"))
