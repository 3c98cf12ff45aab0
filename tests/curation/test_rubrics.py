"""Scoring rubrics: the bundled ones are whole, and files are read strictly."""

import math

import pytest
import yaml

from curation.feedback.safety_rules import rules_verdict
from curation.rubrics.rubric import AREAS, LEVELS, names_score
from curation.rubrics.rubric_files import (
    bundled_rubrics,
    dump_scoring_rubric,
    load_rubrics,
    load_scoring_rubric,
    parse_scoring_rubric,
)
from schemas.errors import SchemaError, UsageError

BUNDLED = load_rubrics(bundled_rubrics())
LEVELS_OF_A = {level: f"Text of level {level}." for level in LEVELS}


def raw(**changes):
    """A small rubric as plain values, with some of them changed."""
    rubric = {
        "name": "demo",
        "area": "style",
        "title": "Demo",
        "description": "What it is about.",
        "criteria": [
            {"name": "one", "weight": 3, "levels": LEVELS_OF_A},
            {"name": "two", "weight": 1, "levels": LEVELS_OF_A},
        ],
        "system_prompts": {1: "Be dull.", 5: "Be bright."},
    }
    return rubric | changes


def test_the_starter_set_covers_all_areas():
    assert len(BUNDLED) >= 14
    assert {rubric.area for rubric in BUNDLED.values()} == set(AREAS)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_rubric_is_complete(name):
    rubric = BUNDLED[name]
    assert rubric.name == name
    assert 3 <= len(rubric.criteria) <= 5
    assert math.isclose(sum(criterion.weight for criterion in rubric.criteria), 1, abs_tol=1e-9)
    for criterion in rubric.criteria:
        assert len({text.casefold() for text in criterion.levels}) == len(LEVELS)
    assert rubric.level_pairs(2)


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_wish_names_no_score_and_weakens_no_safety(name):
    wishes = BUNDLED[name].system_prompts.values()
    assert not any(names_score(wish) or any(c.isdigit() for c in wish) for wish in wishes)
    assert rules_verdict(list(wishes)) is None


def test_no_sentence_stands_in_two_places():
    texts = [
        text
        for rubric in BUNDLED.values()
        for text in (
            *rubric.system_prompts.values(),
            *(level for criterion in rubric.criteria for level in criterion.levels),
        )
    ]
    assert len(texts) == len(set(texts)) > 300


def test_nobody_writes_for_levels_at_which_a_reply_does_harm():
    for name in ("harm_avoidance_with_help", "privacy", "medical_caution", "sourcing"):
        assert min(BUNDLED[name].system_prompts) >= 3


def test_a_rubric_is_what_was_written_after_it_was_dumped():
    for rubric in BUNDLED.values():
        assert parse_scoring_rubric(dump_scoring_rubric(rubric)) == rubric


def test_weights_are_normalised():
    rubric = parse_scoring_rubric(yaml.safe_dump(raw()))
    assert [criterion.weight for criterion in rubric.criteria] == [0.75, 0.25]
    assert rubric.aggregate([5, 1]) == 4.0


def test_the_identity_changes_with_any_text():
    rubric = BUNDLED["warmth"]
    changed = rubric._replace(system_prompts={**rubric.system_prompts, 1: "Be cold."})
    assert len({rubric.identity, changed.identity, BUNDLED["brevity"].identity}) == 3


WRONG = [
    ({"area": "taste"}, "area: expected one of style"),
    ({"name": "Demo"}, "name: 'Demo' is no name"),
    ({"name": 7}, "name: int is no name"),
    ({"title": " "}, "title: expected 1 to"),
    ({"title": "a\x1b[31m"}, "title: expected 1 to"),
    ({"description": ["x"]}, "description: expected a text, got list"),
    ({"extra": 1}, "unknown key 'extra'"),
    ({"criteria": []}, "criteria: expected a list"),
    ({"criteria": ["one"]}, r"criteria\[0\]: expected a mapping"),
    ({"criteria": raw()["criteria"] * 2}, "one stands there twice"),
    ({"system_prompts": None}, "system_prompts: expected a mapping"),
    ({"system_prompts": {6: "Be odd."}}, "system_prompts: 6 is no level"),
    ({"system_prompts": {True: "Be odd."}}, "system_prompts: True is no level"),
    ({"system_prompts": {1: "Same.", 5: "same."}}, "system_prompts: two levels have the same"),
    ({"system_prompts": {5: "Write at level 5."}}, "system_prompts.5: speaks of a score"),
    ({"system_prompts": {5: "x" * 301}}, "system_prompts.5: expected 1 to 300"),
]
CRITERION = [
    ({"weight": 0}, "weight: expected a positive"),
    ({"weight": float("nan")}, "weight: expected a positive"),
    ({"weight": True}, "weight: expected a positive"),
    ({"weight": 10**400}, "weight: expected a positive"),
    ({"levels": {1: "a", 2: "b"}}, r"levels: expected all of 1 to 5, got \[1, 2\]"),
    ({"levels": LEVELS_OF_A | {3: 3}}, "levels.3: expected a text"),
    ({"levels": LEVELS_OF_A | {3: "text of Level 2."}}, "levels: two levels have the same"),
    ({"level": {}}, "unknown key 'level'"),
]


@pytest.mark.parametrize(
    ("changes", "message"),
    WRONG
    + [({"criteria": [raw()["criteria"][0] | c]}, rf"criteria\[0\].*{m}") for c, m in CRITERION],
)
def test_an_error_names_the_file_and_the_key(changes, message, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(raw(**changes)))
    with pytest.raises(UsageError, match=rf"rubric .*mine.yaml: .*{message}"):
        load_scoring_rubric(str(file))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a",
        "name: [",
        "{name: a, name: b}",
        "[" * 90_000,
        "x" * 100_001,
        "? [a]\n: b",
        "!!python/none",
    ],
)
def test_what_is_no_rubric_is_refused(text):
    with pytest.raises(SchemaError):
        parse_scoring_rubric(text)


def test_a_key_stands_once():
    text = yaml.safe_dump(raw()).replace("title: Demo", "title: Demo\ntitle: Other")
    with pytest.raises(SchemaError, match=r"line \d+: the key title stands there twice"):
        parse_scoring_rubric(text)


def test_a_missing_or_unreadable_file_is_named(tmp_path):
    (tmp_path / "latin.yaml").write_bytes(b"\xff\xfe\xfa")
    for name in ("latin.yaml", "nowhere.yaml", "."):
        with pytest.raises(UsageError, match="cannot be read"):
            load_scoring_rubric(str(tmp_path / name))


def test_two_rubrics_of_one_name_are_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(dump_scoring_rubric(BUNDLED["warmth"]))
    with pytest.raises(UsageError, match="another one has the name warmth"):
        load_rubrics(["warmth", str(file)])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Aim at 5/5.", True),
        ("Write a level 4 reply", True),
        ("Be of level five.", True),
        ("Deserve a high rating.", True),
        ("Follow the rubric.", True),
        ("Be good: 4.0.", True),
        ("Use at most 50 words.", False),
        ("Leave 1.5 lines of room.", False),
        ("Write for readers of 2024.", False),
    ],
)
def test_a_wish_that_names_a_score_is_found(text, found):
    assert names_score(text) is found
