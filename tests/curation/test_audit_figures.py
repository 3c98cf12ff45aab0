"""Each figure of the audit on pairs where its value is known."""

import math

import numpy as np
import pytest
from audit_pairs import figures, pair
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.audit.audit import audit
from curation.audit.audited import AuditedPair
from curation.audit.chance import doubled_ranks, sign_test, signed_auc, symmetric_sum_test
from curation.audit.rows import read_audited
from curation.audit.settings import AuditSettings
from curation.audit.words import log_odds
from curation.formats.context import Context
from curation.reading import Row
from schemas.errors import UsageError
from schemas.records import Rationale


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(0, 60))
def test_the_sign_test_is_the_sum_of_binomial_probabilities(wins, losses):
    n, most = wins + losses, max(wins, losses)
    exact = min(1.0, 2 * sum(math.comb(n, k) for k in range(most, n + 1)) / 2**n)
    assert sign_test(wins, losses) == pytest.approx(exact, rel=1e-9)


@settings(deadline=None)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12))
def test_the_bound_of_a_sum_of_random_signs_is_one(terms):
    values = np.array(terms, float)
    total = abs(values.sum())
    size = len(values)
    signs = 1 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    exact = float((np.abs(signs @ np.abs(values)) >= total).mean())
    assert symmetric_sum_test(values) >= exact - 1e-12


@settings(deadline=None)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=30))
def test_the_auc_counts_pairs_of_scores(scores):
    values = np.array(scores, float)
    exact = ((values[:, None] > -values) + 0.5 * (values[:, None] == -values)).mean()
    assert signed_auc(values) == pytest.approx(exact)


@settings(deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30))
def test_ranks_of_ties_are_their_mean(values):
    ranks = doubled_ranks(np.array(values)) / 2
    assert ranks.sum() == len(values) * (len(values) + 1) / 2


def test_log_odds_are_those_of_the_paper():
    # y = (30, 70) and (10, 90), a prior of 10 tokens shared out as (2, 8).
    one = math.log(32 / 78) - math.log(12 / 98)
    z = one / math.sqrt(1 / 32 + 1 / 12)
    found = log_odds(np.array([30, 70]), np.array([10, 90]), prior=10)
    assert found[0] == pytest.approx(z)


def test_a_margin_that_follows_the_length_warns():
    pairs = [
        pair("x" * (100 + s * n), "x" * 100, f"p{n}", margin=float(s * n))
        for n in range(1, 60)
        for s in (1 if n % 2 else -1,)
    ]
    found = figures(audit(pairs))["length.margin_correlation"]
    assert (found.value, found.warns) == (1.0, True)


def test_a_form_of_one_side_warns():
    pairs = [pair(f"- one {n}\n- two", f"one {n}, two", f"p{n}") for n in range(40)]
    found = figures(audit(pairs))
    assert found["form.bullets"].warns
    assert not found["form.table"].warns
    assert found["separability.surface"].value == 1.0
    assert found["separability.surface"].warns


def test_rationales_that_saw_the_chosen_reply_first_warn():
    shown = (Rationale("general", "A is better", "first"),)
    pairs = [pair(f"a{n}", f"b{n}", f"p{n}", rationales=shown) for n in range(20)]
    found = figures(audit(pairs))["position.shown_first"]
    assert (found.value, found.warns) == (1.0, True)


def test_a_judge_that_prefers_its_family_warns():
    pairs = [
        AuditedPair(pair(f"a{n}", f"b{n}", f"p{n}"), None, "gpt-4", "llama-2-7b", "gpt-4o")
        for n in range(20)
    ]
    found = figures(audit(pairs))
    assert found["judge.own_family_chosen"].warns
    assert found["judge.shared_family"].value == 1.0


def test_refusals_are_taken_from_the_flags_of_measured_pairs():
    no = "I'm sorry, but I can't help with that."
    flags = {"chosen_chars": 4, "flags": ("refusal:rejected",)}
    measured = [pair(f"Yes {n}", f"Hm {n}", f"p{n}", **flags) for n in range(30)]
    read = [pair(f"Yes {n}", no, f"p{n}") for n in range(30)]
    for pairs in (measured, read):
        found = figures(audit(pairs))["refusals.chosen"]
        assert (found.value, found.warns) == (0.0, True)
        assert [row["refusals"] for row in found.details] == [0, 30]


def test_languages_and_clusters_are_counted():
    pairs = [
        pair(f"a{n}", f"b{n}", f"p{n}", language="en" if n else "de", cluster=min(n, 1))
        for n in range(10)
    ]
    found = figures(audit(pairs))
    assert found["coverage.language"].value == 0.9
    assert not found["coverage.language"].warns
    assert (found["coverage.cluster"].value, found["coverage.cluster"].warns) == (0.9, True)


def test_equal_prompts_are_found_by_what_they_say():
    pairs = [
        pair("a", "b", "Which  ONE?", split="train"),
        pair("c", "d", "which one?", split="test"),
    ]
    found = figures(audit(pairs))["prompts.in_both_splits"]
    assert (found.value, found.warns, found.pairs) == (1.0, True, 1)


@pytest.mark.parametrize(
    ("row", "position", "chosen"),
    [
        ({"prompt": "q", "response 1": "a", "response 2": "b", "label": 0}, "first", "a"),
        ({"instruction": "q", "output_1": "a", "output_2": "b", "preference": 1.9}, "second", "b"),
        (
            {"user_query": "q", "llm_response_1": "a", "llm_response_2": "b", "preference": "1.0"},
            "first",
            "a",
        ),
        ({"prompt": "q", "response_a": "a", "response_b": "b", "winner": "model_b"}, "second", "b"),
    ],
    ids=["autoj", "alpaca_eval", "ifllm", "arena"],
)
def test_rows_of_two_replies_keep_their_order(row, position, chosen):
    (found,) = read_audited(Row(row, 0), Context("f"))
    assert (found.position, found.pair.chosen[0].content) == (position, chosen)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"prompt": "q", "response_1": "a", "response_2": "b", "label": 2}, "tie"),
        ({"prompt": "q", "response_1": "a", "response_2": "b", "label": 7}, "no_verdict"),
        ({"prompt": "q", "response_1": "a", "response_2": "", "preference": 1}, "no_verdict"),
        ({"prompt": "q", "response_1": "a", "response_2": "a", "label": 1}, "identical_sides"),
        ({"messages": [{"role": "user", "content": "q"}]}, "not_a_pair"),
        (["no", "object"], "unknown_format"),
    ],
    ids=["tie", "label", "empty", "identical", "conversation", "list"],
)
def test_rows_that_are_no_pair_are_rejects(row, reason):
    assert read_audited(Row(row, 0), Context("f")).reason == reason


@pytest.mark.parametrize(
    "values", [{"folds": 1}, {"false_alarm_rate": 0.0}, {"auc": 0.4}, {"constant": 2.0}], ids=str
)
def test_settings_that_mean_nothing_are_refused(values):
    with pytest.raises(UsageError):
        AuditSettings(**values).check()
