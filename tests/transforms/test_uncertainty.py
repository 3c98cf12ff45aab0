"""Asking models how sure a preference is, as a Beam stage, with the real embedded model."""

import apache_beam as beam
from transforms_drafts import draft

from curation.scoring.bald import dropout_judgement, dropout_requests
from curation.scoring.entropy import entropy_request, predictive_entropy
from curation.scoring.judge import logit_judgement, logit_requests
from curation.scoring.judge_prompt import compared
from curation.scoring.uncertainty import JudgeRepeats
from schemas.arrow import to_row
from transforms import Memo, Role
from transforms.uncertainty import MeasureUncertainty, UncertaintySettings

PAIRS = [
    draft(1, "Name a colour.", chosen="Red.", rejected="I would rather not.").pair,
    draft(2, "What is 2 + 2?", chosen="It is 4.", rejected="It is 5, of course.").pair,
]
ALL = UncertaintySettings(
    JudgeRepeats(), passes=2, samples=2, entropy_tokens=6, beta=0.1, ensemble=("judge",), seed=3
)


def measured(collected, pairs, settings, **roles):
    """Pairs by id, and the counts, after the stage."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        done = pipeline | beam.Create(pairs) | MeasureUncertainty(settings, **roles)
        for name, outputs in done._asdict().items():
            summed = outputs | beam.CombinePerKey(sum) if name == "counts" else outputs
            collected.take(name, summed)
    assert not collected["drops"] + collected["rejects"]
    return {pair.id: pair for pair in collected["pairs"]}, dict(collected["counts"])


def test_every_column_is_what_its_function_says_of_the_models_answers(collected, model, tmp_path):
    pairs, counts = measured(collected, PAIRS, ALL, memo=Memo(str(tmp_path / "memo"), "run"))
    assert len(pairs) == 2
    for before in PAIRS:
        pair = pairs[before.id]
        judged = logit_judgement(model.score(logit_requests(compared(before))))
        assert pair.judge_consistency in (0.5, 1.0)
        assert (pair.judge_consistency == 1) == judged.consistent
        assert abs(pair.labels[0].value - judged.probability) < 1e-9
        assert abs(pair.margins[0].value - (2 * judged.probability - 1)) < 1e-9
        thinned = model.score(dropout_requests(before, passes=2, seed=3, max_tokens=4096))
        assert pair.bald == dropout_judgement(thinned).uncertainty
        assert pair.dropout_probability == dropout_judgement(thinned).probability
        written = model.generate([entropy_request(before.prompt, 3, 2, 6)])[0]
        assert pair.predictive_entropy == predictive_entropy(written).per_token
        assert pair.implicit_margin == 0  # policy and reference are one model
    for stage in ("judge_consistency", "bald", "predictive_entropy", "implicit_policy"):
        assert counts[stage, "in"] == counts[stage, "out"] == 2


def test_a_pair_that_is_too_long_for_a_model_stays_without_that_column(collected):
    long = draft(3, "Say it again. " * 400, chosen="yes", rejected="no").pair
    settings = UncertaintySettings(passes=2, beta=0.1, max_tokens=200, judge_tokens=600)
    pairs, counts = measured(collected, [*PAIRS[:1], long], settings, judge=Role())
    assert to_row(pairs[long.id]) == to_row(long)
    assert pairs["id-1"].bald is not None
    assert counts["bald", "out"] == counts["implicit_reference", "out"] == 2
    assert counts["bald", "note:prompt_too_long"] == 1


def test_without_anything_to_ask_pairs_pass_as_they_are(collected):
    pairs, counts = measured(collected, PAIRS, UncertaintySettings())
    assert [to_row(pairs[pair.id]) for pair in PAIRS] == [to_row(pair) for pair in PAIRS]
    assert counts == {}
