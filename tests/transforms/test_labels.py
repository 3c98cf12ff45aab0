"""Noise of labels as a Beam stage, over records whose truth is known."""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from transforms_drafts import draft

from curation.scoring.logistic import sigmoid
from curation.selection.label_columns import LabelSettings
from curation.selection.label_noise import label_posterior, reliability
from schemas import validate
from schemas.errors import UsageError
from schemas.records import NamedScore
from transforms.labels import EstimateLabels

FLIPS = {"careful": 0.1, "hasty": 0.2, "careless": 0.3}
HERE = str(Path(__file__).parent)
TWO_PROCESSES = ("--direct_num_workers=2", "--direct_running_mode=multi_processing")


@dataclass
class Ran:
    """What a pipeline gave, in an order that is no runner's."""

    pairs: list
    annotators: dict
    agreement: dict
    counts: dict
    told: dict
    """Notes in thousandths."""


def run(collected, pairs, settings, options=()):
    """Take pairs through the stage."""
    with beam.Pipeline("FnApiRunner", PipelineOptions(list(options))) as pipeline:
        # A shuffle parts the pairs among the workers.
        created = pipeline | beam.Create(pairs) | beam.Reshuffle()
        made = created | EstimateLabels(settings)
        for name, outputs in made._asdict().items():
            collected.take(name, outputs)
    counts = Counter()
    for key, n in collected["counts"]:
        counts[key] += n
    return Ran(
        sorted(collected["pairs"], key=lambda pair: pair.id),
        {found.name: found for found in collected["annotators"]},
        {found.judges: found.agreement for found in collected["agreement"]},
        {key: n for key, n in counts.items() if "_per_mille" not in key[1]},
        {key[1]: n for key, n in counts.items() if "_per_mille" in key[1]},
    )


def pairs_of_truth(number, seed=0):
    """Pairs with a calibrated margin, and labels of three annotators who flip the truth."""
    rng = random.Random(seed)
    for n in range(number):
        margin = rng.gauss(0, 6)
        better = rng.random() < sigmoid(margin)
        labels = tuple(
            NamedScore(name, float(better ^ (rng.random() < rate))) for name, rate in FLIPS.items()
        )
        pair = draft(n, "q").pair._replace(margin=margin, labels=labels)
        yield pair._replace(provenance=pair.provenance._replace(group=f"{better}"))


def pairs_of_sources(number):
    """Pairs of three sources, whose order is the label: turned round where it was flipped."""
    rng = random.Random(1)
    for n in range(number):
        name = rng.choice(sorted(FLIPS))
        margin = rng.gauss(0, 6)
        said = (rng.random() < sigmoid(margin)) ^ (rng.random() < FLIPS[name])
        pair = draft(n, "q").pair
        yield pair._replace(source=name, margin=margin if said else -margin)


def test_each_annotators_flips_are_recovered_and_their_labels_make_one_posterior(collected):
    pairs = list(pairs_of_truth(3000))
    ran = run(collected, pairs, LabelSettings("annotator", uncertainty="label_posterior"))
    for name, rate in FLIPS.items():
        found = ran.annotators[name].reliability
        assert found.value == pytest.approx(1 - rate, abs=0.02)
        assert found.labels == 3000
        assert ran.told[f"note:reliability_per_mille of {name}"] == round(1000 * found.value)
    # The posterior says of how many pairs the chosen side is the better one.
    truth = [pair.provenance.group == "True" for pair in ran.pairs]
    posteriors = [pair.label_posterior for pair in ran.pairs]
    assert sum(posteriors) / len(truth) == pytest.approx(sum(truth) / len(truth), abs=0.01)
    right = sum((p > 0.5) == t for p, t in zip(posteriors, truth, strict=True)) / len(truth)
    assert right > 0.94
    first = validate(ran.pairs[0])
    votes = [
        (ran.annotators[label.name].reliability.value, label.value == 1.0) for label in first.labels
    ]
    assert first.label_posterior == label_posterior(first.margin, votes)
    assert first.uncertainty == 1 - abs(2 * first.label_posterior - 1)
    assert first.jury_share == sum(label.value for label in first.labels) / 3
    assert {("labels", "in"), ("labels", "out")} == ran.counts.keys()
    assert ran.counts["labels", "in"] == ran.counts["labels", "out"] == 3000


def test_each_sources_flips_are_recovered_from_the_order_of_its_pairs(collected):
    ran = run(collected, list(pairs_of_sources(7500)), LabelSettings("source"))
    for name, rate in FLIPS.items():
        assert ran.annotators[name].reliability.value == pytest.approx(1 - rate, abs=0.02)
        assert ran.annotators[name].flips.value is None
    assert not ran.agreement
    assert all(0 < pair.label_posterior < 1 for pair in ran.pairs)


def test_repeated_labels_of_a_source_give_its_flip_rate_and_judges_their_kappa(collected):
    pairs = list(pairs_of_truth(2000))
    ran = run(collected, pairs, LabelSettings("source"))
    flips = ran.annotators["s"].flips
    # Of labels with different rates, the rate of two drawn by chance.
    agreeing = sum((1 - a) * (1 - b) + a * b for a, b in [(0.1, 0.2), (0.1, 0.3), (0.2, 0.3)]) / 3
    assert flips.agreement == pytest.approx(agreeing, abs=0.02)
    assert flips.low <= flips.value <= flips.high
    assert flips.items == 2000
    assert set(ran.agreement) == {
        (), ("careful", "hasty"), ("careful", "careless"), ("careless", "hasty"),
    }  # fmt: skip
    assert ran.told["note:flip_rate_per_mille of s"] == round(1000 * flips.value)
    kappas = {" and ".join(who) or "all judges": k.kappa for who, k in ran.agreement.items()}
    for who, kappa in kappas.items():
        assert ran.told[f"note:kappa_per_mille of {who}"] == round(1000 * kappa)
    best, worst = ran.agreement["careful", "hasty"], ran.agreement["careless", "hasty"]
    assert best.observed == pytest.approx(0.9 * 0.8 + 0.1 * 0.2, abs=0.03)
    assert best.kappa > ran.agreement[()].kappa > worst.kappa > 0


def test_order_of_pairs_and_number_of_workers_change_no_bit(collected, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", HERE)  # for worker processes
    pairs = list(pairs_of_truth(500))
    pairs[3] = pairs[3]._replace(margin=None)
    settings = LabelSettings("annotator", uncertainty="jury_share")
    once = run(collected, pairs, settings)
    turned = run(collected, pairs[::-1], settings)
    shared = run(collected, pairs, settings, TWO_PROCESSES)
    assert once == turned == shared
    assert once.counts["labels", "note:no_probability"] == 1


def test_what_cannot_be_used_is_left_out_and_counted(collected):
    nan, inf = float("nan"), float("inf")
    bad = {
        "margins": [draft(0, "q").pair._replace(margins=(NamedScore("a", nan),) * 2)],
        "labels": [draft(1, "q").pair._replace(margin=1.0, labels=(NamedScore("a", 7.0),))],
        "margin": [draft(2, "q").pair._replace(margin=nan, labels=(NamedScore("a", 1.0),))],
        "infinite": [draft(3, "q").pair._replace(margin=-inf, labels=(NamedScore("a", 1.0),))],
        "stranger": [
            draft(4, "q").pair._replace(margin=0.0, labels=(NamedScore("né \u202e\0", 0.0),))
        ],
    }
    settings = LabelSettings("annotator", uncertainty="bald")
    ran = run(collected, [pair for pairs in bad.values() for pair in pairs], settings)
    assert ran.counts == {
        ("labels", "in"): 5,
        ("labels", "out"): 5,
        ("labels", "note:bad_margin"): 2,
        ("labels", "note:bad_label"): 1,
        ("labels", "note:no_label"): 2,
        ("labels", "note:no_probability"): 1,
        ("labels", "note:unknown_reliability"): 1,
        ("labels", "note:no_uncertainty"): 5,
    }
    posteriors = [pair.label_posterior for pair in ran.pairs]
    assert posteriors == [None, None, None, 0.0, None]
    assert ran.annotators["né \u202e\0"].reliability == reliability({0: 1})


def test_nobody_is_looked_for_unless_asked_and_no_pair_is_lost(collected):
    margins = (NamedScore("a", 1.0), NamedScore("b", -1.0), NamedScore("c", 3.0))
    pairs = [pair._replace(margins=margins) for pair in pairs_of_truth(20)]
    ran = run(collected, pairs, LabelSettings(uncertainty="ensemble_std"))
    assert not ran.annotators
    assert len(ran.pairs) == 20
    assert all(pair.label_posterior is None for pair in ran.pairs)
    [(mean, spread)] = {(pair.ensemble_mean, pair.uncertainty) for pair in ran.pairs}
    assert mean == 1.0
    assert spread == pytest.approx((8 / 3) ** 0.5)
    assert run(collected, [], LabelSettings("source")) == Ran([], {}, {}, {}, {})


def test_settings_that_mean_nothing_are_refused_before_anything_runs():
    with pytest.raises(UsageError, match="expected source or annotator"):
        EstimateLabels(LabelSettings("everyone"))
