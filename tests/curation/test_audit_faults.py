"""Faults planted in copies of real pairs warn; labels drawn by a coin do not, beyond the rate."""

from collections import Counter
from math import comb

import numpy as np
import pytest
from audit_pairs import figures, pair, real_pairs

from benchmarks.audit_faults import FAULTS, MARKER, marker_word, swapped, tossed
from curation.audit.audit import audit, of_all, of_sample
from curation.audit.embedding import static_vectors
from curation.audit.figure import audit_bytes
from curation.audit.reading import read_pairs
from curation.audit.settings import AuditSettings

CHEAP_COPIES, COPIES = 100, 40
UNLIKELY = 1e-4


@pytest.fixture(scope="module")
def by_coin():
    return tossed(real_pairs(), 0)


@pytest.fixture(scope="module")
def untouched(by_coin):
    return figures(audit(by_coin))


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_warns_where_the_copy_without_it_does_not(name, by_coin, untouched):
    fault = FAULTS[name]
    found = figures(audit(fault.plant(by_coin)))[fault.figure]
    assert found.warns
    assert found.examples
    assert not untouched[fault.figure].warns


def test_the_marker_word_is_named(by_coin):
    found = figures(audit(marker_word(by_coin)))["words.one_sided"]
    flagged = [row for row in found.details if row["flagged"]]
    assert flagged
    assert flagged[0]["side"] == "chosen"
    assert MARKER.lower() in {row["n_gram"] for row in flagged}


def test_a_marker_of_the_rejected_side_is_found_too(by_coin):
    turned = [swapped(told) for told in marker_word(by_coin)]
    found = figures(audit(turned))["words.one_sided"]
    assert found.warns
    assert {row["side"] for row in found.details if row["flagged"]} == {"rejected"}


def test_labels_of_a_coin_warn_no_more_often_than_stated():
    pairs, settings = real_pairs(), AuditSettings(false_alarm_rate=0.1)
    alarms, rates = Counter(), {}
    for seed in range(CHEAP_COPIES):
        count(of_all(read_pairs(tossed(pairs, seed), settings).facts, settings), alarms, rates)
    assert len(rates) >= 20
    within(alarms, rates, CHEAP_COPIES)


def test_words_and_embeddings_warn_no_more_often_than_stated():
    settings = AuditSettings(false_alarm_rate=0.1, one_sided=0.5, auc=0.5, attributes=8)
    kept = {}

    def encode(texts):
        fresh = [text for text in texts if text not in kept]
        kept.update(zip(fresh, static_vectors(fresh), strict=True))
        return np.array([kept[text] for text in texts])

    alarms, rates = Counter(), {}
    for seed in range(COPIES):
        sample = read_pairs(tossed(real_pairs()[:120], seed), settings).sample
        count(of_sample(sample, settings, encode), alarms, rates)
    assert len(rates) == 4
    within(alarms, rates, COPIES)


def count(found, alarms, rates):
    for figure in found:
        if figure.false_alarm_rate:
            rates[figure.name] = figure.false_alarm_rate
            alarms[figure.name] += figure.warns


def within(alarms, rates, copies):
    """No figure has so many alarms that its stated rate is not to be believed."""
    for name, rate in rates.items():
        below = sum(
            comb(copies, k) * rate**k * (1 - rate) ** (copies - k) for k in range(alarms[name])
        )
        assert 1 - below > UNLIKELY, (name, alarms[name], rate)


def test_the_order_of_the_pairs_and_the_size_of_the_sample_change_no_byte():
    pairs = list(real_pairs())
    settings = AuditSettings(sample_pairs=50)
    assert audit_bytes(audit(pairs, settings)) == audit_bytes(audit(pairs[::-1], settings))


def test_every_prompt_has_one_vote():
    one_prompt = [pair("long " * (n + 2), "short", "same") for n in range(50)]
    found = figures(audit(one_prompt))["length.longer_chosen"]
    assert (found.value, found.p_value, found.warns) == (1.0, 1.0, False)


@pytest.mark.parametrize(
    "text", ["", " ", "\ud800", "\u202eabc\u202c", "x" * 50_000, "a\x00b"], ids=ascii
)
def test_strange_texts_are_audited(text):
    pairs = [pair(text, f"fine {n}", f"prompt {n}", margin=float("nan")) for n in range(30)]
    report = audit(pairs)
    assert report.pairs == 30
    assert audit_bytes(report).decode()
