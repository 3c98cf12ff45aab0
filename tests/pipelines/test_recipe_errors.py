"""What a wrong recipe is told: every problem, at its line, with the nearest valid name."""

import pytest

from pipelines.recipe_file import load_recipe
from schemas.errors import RecipeError, UsageError

GOOD = """\
name: x
sources:
  pairs: {paths: data.jsonl}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "data.jsonl").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(folder, text, overrides=(), inputs=None):
    """The lines of the error that a recipe of this text raises."""
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "r.yaml").write_bytes(raw)
    with pytest.raises(RecipeError) as caught:
        load_recipe("r.yaml", overrides, inputs)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("sellect: {}", 'unknown key "sellect"; did you mean "select"?'),
        ("zebra: {}", 'unknown key "zebra"'),
        ("split: {tset: 0.1}", 'unknown key "split.tset"; did you mean "test"?'),
        ("score: {max_tokens: many}", 'score.max_tokens: expected an integer, got "many"'),
        ("score: {max_tokens: 7.0}", "score.max_tokens: expected an integer, got 7.0"),
        ('seed: "7"', 'seed: expected an integer, got "7"'),
        ("seed: true", "seed: expected an integer, got true"),
        ("seed: -1", "seed: expected at least 0, got -1"),
        ("deduplicate: {exact: 1}", "deduplicate.exact: expected true or false, got 1"),
        ("split: {test: 0.95}", "split.test: expected at most 0.9, got 0.95"),
        ("split: {test: .nan}", "split.test: input should be a finite number, got nan"),
        ("split: 0.1", "split: expected a mapping, got 0.1"),
        ("split: [0.1]", "split: expected a mapping, got a list"),
        ("write: {license: 2024-13-45, license_: x}", 'unknown key "write.license_"; did you '),
        ("models: {policy: llama:x}", "models.policy.name: model 'llama:x': expected 'embedded'"),
        ("models: {policy: embeded}", "models.policy.name: model 'embeded': expected 'embedded'"),
        ("models: {policy: 'transformers:/no/dir'}", "models.policy: no such folder: /no/dir"),
        (
            "models: {policy: {name: embedded, dtype: flota32}}",
            "models.policy.dtype: expected one of auto, float32, bfloat16, "
            'got "flota32"; did you mean "float32"?',
        ),
        ("select: {margin: {}}", "select.margin: name min, max, lowest or highest"),
        ("clean: {min_messages: 9, max_messages: 8}", "clean: min_messages is above max_messages"),
        (
            "select: {margin: {min: 2, max: 1}}",
            "select.margin: min 2.0 is above max 1.0: nothing would be kept",
        ),
        (
            "score: {follow_up_likelihood: {dimensions: [following, folowing]}}",
            "score.follow_up_likelihood.dimensions[1]: expected one of understanding, ",
        ),
        (
            "score: {follow_up_likelihood: {dimensions: []}}",
            "score.follow_up_likelihood.dimensions: expected at least 1 item, got a list",
        ),
        ("name: y", 'duplicate key "name", first on line 1'),
        ("seed: &a 1", None),
        ("clean: !!python/object:os.system {}", "the tag tag:yaml.org,2002:python/object"),
        ("seed: !!bool maybe", "'maybe' is not a number or truth value"),
        ("seed: 99999999999999999999", "an integer beyond 64 bits"),
        ('write: {license: "\\ud800"}', "half of a surrogate pair is not text"),
        ("? [a]\n: 1", "a key must be a word"),
        ("\tseed: 1", "not valid YAML: a tab cannot indent; use spaces"),
        ("seed: [1", "not valid YAML: "),
        ("seed: \x00", "not valid YAML: the character 0x0000 is not allowed"),
        ('seed: "\\UFFFFFFFF"', "not valid YAML: "),
        ("seed: " + "[" * 5000, "not valid YAML: nested too deeply"),
    ],
)
def test_a_problem_is_told_with_its_line(folder, added, problem):
    if problem is None:
        (folder / "r.yaml").write_text(GOOD + added)
        assert load_recipe("r.yaml").seed == 1
        return
    found = problems(folder, GOOD + added + "\n")
    assert len(found) == 1
    assert found[0].startswith("r.yaml:")
    assert found[0].split(": ", 1)[1].startswith(problem)
    line = int(found[0].split(":")[1])
    # What never closes is noticed where the file ends.
    assert line == 4 or (problem == "not valid YAML: " and line == 5)


def test_all_problems_are_told_at_once_in_the_order_of_lines(folder):
    text = "name: x\nsede: 7\nsources:\n  pairs:\n    paths: nope*.jsonl\nsplit:\n  test: big\n"
    assert problems(folder, text, ["write.license=3"]) == [
        "--set write.license=3: write.license: expected text, got 3",
        'r.yaml:2: unknown key "sede"; did you mean "seed"?',
        "r.yaml:5: sources.pairs.paths: no file matches 'nope*.jsonl'",
        'r.yaml:7: split.test: expected a number, got "big"',
    ]


def test_a_value_in_a_list_is_named_with_its_own_line(folder):
    text = "name: x\nsources:\n  pairs:\n    paths:\n    - data.jsonl\n    - 7\n    - gone.jsonl\n"
    assert problems(folder, text) == [
        "r.yaml:6: sources.pairs.paths[1]: expected text, got 7",
        "r.yaml:7: sources.pairs.paths: no file matches 'gone.jsonl'",
    ]


def test_an_alias_is_refused_where_it_stands(folder):
    text = GOOD + "split: &s {test: 0.1}\nselect:\n  margin: *s\n"
    assert problems(folder, text) == ["r.yaml:6: aliases are not allowed here"]


@pytest.mark.parametrize("path", ["''", "x" * 5000, '"\\0"', '"*/\\0"', "'[a'", "/no/**/*.gone"])
def test_any_path_that_matches_nothing_is_told(folder, path):
    (found,) = problems(folder, f"name: x\nsources: {{pairs: {{paths: [{path}]}}}}\n")
    assert found.startswith("r.yaml:2: sources.pairs.paths: no file matches ")


def test_a_bomb_of_aliases_costs_nothing(folder):
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n"
    bomb += "".join(
        f"{n}: &{n} [{','.join([f'*{m}'] * 9)}]\n"
        for m, n in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert any("aliases are not allowed" in line for line in problems(folder, bomb))


def test_a_missing_name_is_told(folder):
    assert problems(folder, GOOD.replace("name: x\n", "")) == ["r.yaml:1: name: is missing"]


def test_a_recipe_without_sources_is_told_what_to_name(folder):
    wanted = "sources: nothing to read; name one of conversations, documents, pairs, candidates"
    assert problems(folder, "name: x") == [f"r.yaml:1: {wanted}"]


def test_conversations_without_a_miner_would_give_nothing_and_are_refused(folder):
    text = "name: x\nsources: {conversations: {paths: data.jsonl}}\nmine: {detector: cues}\n"
    miners = "expert, on_policy, revisions, hindsight, followup_likelihood, edits, ranked_siblings"
    wanted = f"mine: no miner is on; name one of {miners}"
    assert problems(folder, text) == [f"r.yaml:3: {wanted}"]


def test_documents_that_nothing_makes_pairs_of_are_refused(folder):
    text = GOOD + "mine:\n"
    found = problems(folder, text, inputs={"documents": ["data.jsonl"]})
    assert found == [
        "--documents data.jsonl: sources.documents: nothing makes pairs of them; "
        "name mine.votes or synthesize.ugc"
    ]


def test_names_and_numbers_that_make_no_sense_together_are_found_before_a_run(folder):
    made = (
        "  attributes: {attributes: [formality, tallness]}\n"
        "  instructions: {kinds: [haste]}\n"
        "  ugc: {responses: 3, min_responses: 5}\n"
    )
    given = {"documents": ["data.jsonl"]}
    found = problems(folder, GOOD + "mine:\nsynthesize:\n" + made, inputs=given)
    assert len(found) == 3
    for section, wrong in (("attributes", "tallness"), ("instructions", "haste"), ("ugc", "5")):
        assert [p for p in found if f"synthesize.{section}: " in p and wrong in p], found


def test_what_works_on_documents_needs_some(folder):
    found = problems(folder, GOOD + "mine:\n  votes: {}\nsynthesize:\n  ugc: {}\n")
    assert [problem.partition(": ")[2] for problem in found] == [
        "mine.votes: no documents to work on; name sources.documents, or give --documents",
        "synthesize.ugc: no documents to work on; name sources.documents, or give --documents",
    ]


def test_a_rubric_that_is_neither_bundled_nor_a_file_is_named(folder):
    found = problems(folder, GOOD + "mine:\nscore:\n  rubric: {rubrics: [brevity, brevitie]}\n")
    assert len(found) == 1
    assert "score.rubric.rubrics:" in found[0]
    assert "brevity" in found[0]


@pytest.mark.parametrize("text", ["", "# nothing", "- a\n- b", "just text", "7"])
def test_a_file_that_is_no_mapping_is_no_recipe(folder, text):
    (found,) = problems(folder, text)
    assert found.startswith("r.yaml:1: expected keys such as name and sources, got ")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(folder):
    assert problems(folder, b"name: x\nseed: \xff\n") == ["r.yaml:2: not UTF-8 text"]


def test_a_file_of_over_a_megabyte_is_no_recipe(folder):
    (found,) = problems(folder, "#" * 1_000_001)
    assert found == "r.yaml: larger than 1,000,000 bytes: not a recipe"


def test_a_folder_is_no_recipe(folder):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_recipe(".")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("quikstart", 'no bundled recipe "quikstart"; did you mean "quickstart"?'),
        ("gone/r.yaml", "gone/r.yaml: no such file"),
    ],
)
def test_a_recipe_that_does_not_exist_is_told_what_does(folder, name, message):
    with pytest.raises(UsageError, match=r"bundled recipes: .*quickstart") as caught:
        load_recipe(name)
    assert message in str(caught.value)
