"""Follow-ups: the package's inventory, a user's own, and rewards as closed forms."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.models.protocols import JointResult
from curation.scoring.follow_up_inventory import (
    DIMENSIONS,
    MAX_BYTES,
    load_follow_ups,
    normalise,
    own_follow_ups,
    parse_follow_ups,
)
from curation.scoring.follow_up_likelihood import (
    candidate_rewards,
    candidates_request,
    choose_follow_ups,
    dimension_rewards,
    follow_up_reward,
    rank_candidates,
)
from schemas.errors import UsageError
from schemas.records import Message

LANGUAGES = ("de", "en", "es", "fr", "ja", "pt", "ru", "zh")
CHOSEN = choose_follow_ups(["understanding", "relevance"], per_side=2)
MEANS = st.lists(st.floats(-30, 0), min_size=8, max_size=8)
OWN = {"en": {"following": {"positive": ["Good.", "Done."], "negative": ["Bad.", "Not done."]}}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_six_dimensions_with_four_a_side(language):
    chosen = choose_follow_ups(per_side=4, language=language)
    assert len(set(chosen.sentences)) == len(chosen.sentences) == 48
    assert tuple(dict.fromkeys(chosen.dimensions)) == DIMENSIONS


def test_english_has_eight_a_side():
    assert len(set(choose_follow_ups(per_side=8).sentences)) == 96


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_inventory_is_normalised_as_it_stands_in_its_file(language):
    for sides in own_follow_ups()[language].values():
        for sentences in sides.values():
            assert all(normalise(sentence) == sentence for sentence in sentences)
            assert not any("’" in sentence for sentence in sentences)


def test_weights_of_each_polarity_sum_to_one():
    weights = choose_follow_ups(DIMENSIONS, per_side=3).weights
    assert sum(w for w in weights if w > 0) == pytest.approx(1)
    assert sum(w for w in weights if w < 0) == pytest.approx(-1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["kindness"], 1), "no dimension 'kindness'"),
        ((["following"], 9), "9 follow-ups a side asked for, following has 8"),
        ((["following"], 0), "0 follow-ups a side"),
        ((["following"], 1, "tlh"), "no follow-ups in 'tlh'"),
    ],
)
def test_what_the_inventory_lacks_is_named(arguments, message):
    with pytest.raises(UsageError, match=message):
        choose_follow_ups(*arguments)


def test_a_users_file_replaces_the_inventory(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("xx:\n  relevance:\n    positive: [Ja.]\n    negative: [Nei.]\n", "utf-8")
    chosen = choose_follow_ups(["relevance"], 1, "xx", load_follow_ups(path))
    assert chosen.sentences == ("Ja.", "Nei.")


def test_curly_and_straight_apostrophes_are_one_sentence():
    text = (
        "en: {relevance: {positive: ['I don’t', \"I don't\", 'I  don\u02bct'], negative: [Nope]}}"
    )
    assert parse_follow_ups(text, "mine")["en"]["relevance"]["positive"] == ("I don't",)


@given(st.integers(1, 5), st.lists(st.floats(-30, 0), min_size=4, max_size=4))
def test_a_follow_up_that_is_listed_repeatedly_changes_no_reward(times, means):
    repeated = {"en": {"following": {**OWN["en"]["following"]}}}
    repeated["en"]["following"]["positive"] = ["Good."] * times + ["Done.", "Good."]
    once = choose_follow_ups(["following"], 2, "en", OWN)
    often = choose_follow_ups(["following"], 2, "en", repeated)
    assert often == once
    assert follow_up_reward(means, often) == follow_up_reward(means, once)


def test_a_dimension_that_is_asked_for_twice_counts_once():
    once = choose_follow_ups(["relevance", "following"], 2)
    assert choose_follow_ups(["relevance", "following", "relevance"], 2) == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mine: expected languages"),
        ("[1, 2]", "mine: expected languages"),
        ("en: 3", "mine: en: expected dimensions"),
        ("no: {relevance: {positive: [a], negative: [b]}}", "language False is no text"),
        ("en: {kindness: {positive: [a], negative: [b]}}", "mine: en: 'kindness' is none of"),
        ("en: {relevance: {good: [a]}}", "mine: en, relevance: 'good' is none of"),
        ("en: {relevance: {positive: [a]}}", "mine: en, relevance: negative is missing"),
        ("en: {relevance: {positive: [], negative: [b]}}", "en, relevance, positive: expected a"),
        ("en: {relevance: {positive: yes, negative: [b]}}", "en, relevance, positive: expected a"),
        ("en: {relevance: {positive: [yes], negative: [b]}}", "positive: True is no text"),
        ("en: {relevance: {positive: [' '], negative: [b]}}", "positive: a sentence is empty"),
        ('en: {relevance: {positive: ["\\ud800"], negative: [b]}}', "mine: "),
        ("en: {relevance: {positive: [a], negative: [a]}}", "'a' stands in relevance, positive"),
        (
            "en: {relevance: {positive: [a], negative: [b]}, "
            "following: {positive: [a], negative: [c]}}",
            "mine: en: 'a' stands in relevance, positive and in following, positive",
        ),
        (f"en: {{relevance: {{positive: [{'a' * 501}], negative: [b]}}}}", "over 500 characters"),
        ("en: {relevance: {positive: [a], positive: [c], negative: [b]}}", "is given twice"),
        ("en: {relevance", "mine: not YAML"),
        ("[" * 2000, "mine: n"),
        ("en: 2020-13-45", "mine: not YAML: month must be in 1..12"),
        ("&a [*a]", "mine: expected languages"),
        ("!!python/object/apply:os.system [ls]", "mine: not YAML"),
    ],
)
def test_what_is_wrong_with_a_users_file_is_named_with_its_place(text, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        parse_follow_ups(text, "mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "not UTF-8 text"),
        (b"#" * (MAX_BYTES + 1), "larger than 1,000,000 bytes"),
    ],
)
def test_a_file_that_is_no_text_of_that_size_is_refused_by_its_name(tmp_path, content, message):
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=f"mine.yaml: {message}"):
        load_follow_ups(path)


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader_otherwise_than_with_its_own_error(text):
    with contextlib.suppress(UsageError):
        parse_follow_ups(text, "mine")


@given(MEANS)
def test_the_reward_is_the_mean_over_its_dimensions(means):
    by_dimension = dimension_rewards(means, CHOSEN)
    assert list(by_dimension) == ["understanding", "relevance"]
    assert by_dimension["relevance"] == pytest.approx(
        (means[4] + means[5]) / 2 - (means[6] + means[7]) / 2, abs=1e-9
    )
    assert sum(by_dimension.values()) / 2 == pytest.approx(
        follow_up_reward(means, CHOSEN), abs=1e-9
    )


@given(MEANS, MEANS)
def test_calibration_subtracts_the_reward_of_the_empty_reply(means, empty):
    calibrated = follow_up_reward(means, CHOSEN, empty)
    assert calibrated == follow_up_reward(means, CHOSEN) - follow_up_reward(empty, CHOSEN)
    assert follow_up_reward(empty, CHOSEN, empty) == 0


@given(MEANS, st.floats(-5, 0))
def test_follow_ups_that_are_all_likelier_by_the_same_change_no_reward(means, shift):
    shifted = follow_up_reward([mean + shift for mean in means], CHOSEN)
    assert shifted == pytest.approx(follow_up_reward(means, CHOSEN), abs=1e-9)


@given(st.lists(MEANS, min_size=1, max_size=5), st.randoms(), st.booleans())
def test_permuted_candidates_have_permuted_rewards(rows, random, calibrate):
    empty = [[-2.0] * 8] if calibrate else []
    order = list(range(len(rows)))
    random.shuffle(order)
    there = candidate_rewards(JointResult(rows + empty, None, 1, 9), CHOSEN, calibrate)
    permuted = JointResult([rows[i] for i in order] + empty, None, 1, 9)
    back = candidate_rewards(permuted, CHOSEN, calibrate)
    assert back.rewards == [there.rewards[i] for i in order]
    assert back.by_dimension == [there.by_dimension[i] for i in order]


def test_a_list_of_candidates_is_one_request_with_the_empty_reply_last():
    request = candidates_request([Message("user", "Hi")], ["Hello.", "Go."], CHOSEN, True)
    assert request.responses == ["Hello.", "Go.", ""]
    assert request.follow_ups == CHOSEN.sentences
    assert not request.similarity


def test_no_candidates_have_no_rewards_and_cost_nothing():
    assert rank_candidates([Message("user", "Hi")], [], model=None) == ([], [], 0, 0)
