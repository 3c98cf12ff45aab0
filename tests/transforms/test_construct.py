"""Candidate sets become pairs and rankings in a pipeline, and every set is accounted for."""

import json
import random
from collections import Counter
from pathlib import Path

import apache_beam as beam
import pytest

from curation.formats import Context, parse_row
from curation.reading import Row
from curation.selection.pairing import PairingSettings
from schemas.errors import UsageError
from schemas.records import CandidateSet, PreferencePair
from schemas.validate import validate
from transforms.construct import ConstructPairs

SAMPLE = Path(__file__).parents[2] / "pipelines" / "samples" / "candidates_sample.jsonl"
ROWS = [json.loads(line) for line in SAMPLE.read_text("utf-8").splitlines()]
BY_PEOPLE = PairingSettings(score="people")


def sets(rows=ROWS):
    context = Context("f.jsonl", kind="candidates")
    return [parse_row(Row(row, place), context)[0] for place, row in enumerate(rows)]


def run(collected, records, transform):
    """Take sets through construction; gives the summed counts."""
    with beam.Pipeline("FnApiRunner") as pipeline:
        made = pipeline | beam.Create(records) | transform
        for name, output in made._asdict().items():
            collected.take(name, output)
    for record in (*collected["pairs"], *collected["rankings"], *collected["drops"]):
        validate(record)
    counts: Counter = Counter()
    for (stage, key), n in collected["counts"]:
        assert stage == "construct"
        counts[key] += n
    return counts


def test_the_best_and_the_worst_are_those_that_people_ranked_so(collected) -> None:
    counts = run(collected, sets(), ConstructPairs(BY_PEOPLE))
    expected = set()
    for row in ROWS:
        ordered = sorted(row["responses"], key=lambda response: response["scores"]["people"])
        expected.add((ordered[-1]["text"], ordered[0]["text"], float(len(ordered) - 1)))
    found = {(p.chosen[0].content, p.rejected[0].content, p.margin) for p in collected["pairs"]}
    assert found == expected
    assert counts == {"in": 18, "out": 18}
    assert not collected["rankings"]


@pytest.mark.parametrize("strategy", ["all", "random", "ampo", "divpo"])
def test_responses_in_any_order_and_sets_in_any_order_give_the_same(strategy, collected) -> None:
    settings = PairingSettings(strategy, score="people")
    run(collected, sets(), ConstructPairs(settings, seed=9, rankings=True))
    once = [sorted(p.id for p in collected["pairs"]), sorted(collected["rankings"])]
    rng = random.Random(4)
    turned = [
        found._replace(responses=rng.sample(found.responses, len(found.responses)))
        for found in sets()
    ]
    rng.shuffle(turned)
    run(collected, turned, ConstructPairs(settings, seed=9, rankings=True))
    assert once == [sorted(p.id for p in collected["pairs"]), sorted(collected["rankings"])]


def test_several_pairs_of_a_set_and_whole_rankings(collected) -> None:
    counts = run(collected, sets(), ConstructPairs(PairingSettings("all", score="people"),
                                                   rankings=True))  # fmt: skip
    expected = sum(len(row["responses"]) * (len(row["responses"]) - 1) // 2 for row in ROWS)
    assert len(collected["pairs"]) == expected
    assert counts == {"in": 18, "out": 18}
    rankings = {ranking.id: ranking for ranking in collected["rankings"]}
    assert rankings.keys() == {found.id for found in sets()}
    for row, found in zip(ROWS, sets(), strict=True):
        best_first = sorted(row["responses"], key=lambda r: -r["scores"]["people"])
        assert [r.text for r in rankings[found.id].responses] == [r["text"] for r in best_first]


def test_sets_without_a_pair_are_dropped_and_responses_that_went_are_noted(collected) -> None:
    said = [
        (["a", "b"], [1, 1]),
        (["a", "a ", " "], [1, 2, 3]),
        (["a", "b", "c", "d"], [1, 2, None, "N/A"]),
        (["x", "y"], [None, None]),
    ]
    rows = [{"prompt": "hi", "responses": texts, "scores": scores} for texts, scores in said]
    settings = PairingSettings(score="score")
    counts = run(collected, sets(rows), ConstructPairs(settings, rankings=True))
    assert counts == {
        "in": 4, "out": 1, "drop:tied_scores": 1, "drop:too_few_responses": 1,
        "drop:too_few_scored": 1, "note:repeated_response": 1, "note:blank_response": 1,
        "note:unscored_response": 4, "note:unranked": 2,
    }  # fmt: skip
    assert Counter(drop.filter for drop in collected["drops"]) == {
        "tied_scores": 1, "too_few_responses": 1, "too_few_scored": 1,
    }  # fmt: skip
    assert len(collected["rankings"]) == 2


def test_what_is_alike_may_be_judged_by_sentence_vectors(encoder, collected) -> None:
    settings = PairingSettings("divpo", score="people", diversity="embedding")
    records = sets()[:4]
    counts = run(collected, records, ConstructPairs(settings))
    assert counts["in"] == 4 == counts["out"]
    once = sorted(pair.id for pair in collected["pairs"])
    turned = [found._replace(responses=found.responses[::-1]) for found in records[::-1]]
    run(collected, turned, ConstructPairs(settings))
    assert sorted(pair.id for pair in collected["pairs"]) == once


def test_settings_are_checked_and_outputs_typed_when_the_pipeline_is_built() -> None:
    with pytest.raises(UsageError, match="strategy"):
        ConstructPairs(PairingSettings("best"))
    with pytest.raises(UsageError, match="no-such"):
        ConstructPairs(PairingSettings("divpo", diversity="embedding"), encoder="no-such")
    pipeline = beam.Pipeline("FnApiRunner")
    made = pipeline | beam.Create(sets()[:1]) | ConstructPairs()
    assert made.pairs.element_type is PreferencePair
    assert made.rankings.element_type is CandidateSet
