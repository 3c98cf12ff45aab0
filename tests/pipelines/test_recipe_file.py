"""What a right recipe means: defaults, paths, and what the command line changes."""

import contextlib
import json
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.recipe import Recipe, resolved
from pipelines.recipe_file import BUNDLED, load_recipe
from schemas.errors import RecipeError

TEXT = """\
name: x
sources:
  conversations: {paths: [chats/*.jsonl, "gs://bucket/x*.jsonl"]}
mine:
  revisions:
models:
  policy: embedded
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a recipe in one folder and data in two."""
    for file in ("recipes/chats/a.jsonl", "chats/b.jsonl", "pairs.jsonl"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("{}\n")
    (tmp_path / "recipes/r.yaml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def load(*overrides, **inputs):
    return load_recipe("recipes/r.yaml", overrides, inputs)


@pytest.mark.parametrize("path", sorted(BUNDLED.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_bundled_recipe_is_valid_by_its_name(path):
    assert load_recipe(path.stem).name == path.stem


def test_a_folder_with_the_name_of_a_bundled_recipe_hides_it_not(folder):
    (folder / "quickstart").mkdir()
    assert load_recipe("quickstart").name == "quickstart"


def test_paths_in_a_recipe_start_at_the_recipe_and_urls_stay(folder):
    assert load().sources.conversations.paths == ("recipes/chats/*.jsonl", "gs://bucket/x*.jsonl")


def test_paths_of_the_command_line_start_at_the_working_directory_and_replace(folder):
    by_option = load(conversations=["chats/*.jsonl"])
    by_set = load("sources.conversations.paths=chats/*.jsonl")
    assert by_option.sources.conversations.paths == ("chats/*.jsonl",)
    assert by_set == by_option


def test_inputs_of_the_command_line_make_a_source_that_the_recipe_lacks(folder):
    sources = load(pairs=["pairs.jsonl"]).sources
    assert sources.pairs.paths == ("pairs.jsonl",)
    assert sources.conversations.paths[0] == "recipes/chats/*.jsonl"


def test_replaced_paths_need_not_exist(folder):
    (folder / "recipes/chats/a.jsonl").unlink()
    assert load(conversations=["chats/*.jsonl"]).sources.conversations.paths == ("chats/*.jsonl",)


def test_a_file_whose_name_looks_like_a_pattern_is_found(folder):
    (folder / "a[1].jsonl").write_text("{}\n")
    assert load(conversations=["a[1].jsonl"]).sources.conversations.paths == ("a[1].jsonl",)


@pytest.mark.parametrize("switch", ["mine.expert={}", "mine.expert="])
def test_a_miner_is_on_when_it_is_named_and_else_off(folder, switch):
    mine = load(switch).mine
    assert mine.revisions is not None
    assert mine.expert.max_per_conversation == 2
    assert mine.ranked_siblings is None


def test_null_switches_a_section_off(folder):
    assert load("score.follow_up_likelihood=null").score.follow_up_likelihood is None
    assert load().score.follow_up_likelihood.per_side == 4


def test_set_changes_one_value_and_makes_the_sections_above_it(folder):
    recipe = load("select.margin.min=0.25", "seed=3")
    assert (recipe.select.margin.min, recipe.select.margin.max, recipe.seed) == (0.25, None, 3)


def test_a_star_sets_every_declared_key(folder):
    recipe = load("models.*.dtype=float32", "models.scorer.name=embedded")
    assert recipe.models.policy.dtype == recipe.models.scorer.dtype == "float32"


def test_a_star_sets_a_whole_section(folder):
    models = load("models.*=transformers:org/model@v1").models
    assert models.policy.name == models.scorer.name == "transformers:org/model@v1"


def test_the_short_form_of_a_model_grows_into_its_long_form(folder):
    policy = load("models.policy.batch_size=16").models.policy
    assert (policy.name, policy.batch_size) == ("embedded", 16)


def test_the_last_set_wins(folder):
    assert load("seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("sede=1", '--set sede=1: unknown key "sede"; did you mean "seed"?'),
        ("seed", "--set seed: expected KEY=VALUE, such as split.test=0.2"),
        ("split..test=1", "--set split..test=1: expected KEY=VALUE, such as split.test=0.2"),
        ("zebra.*=1", '--set zebra.*=1: "zebra.*" matches no key'),
        ("seed=[1", "--set seed=[1: not valid YAML: expected ',' or ']'"),
        ("seed.x=1", "--set seed.x=1: seed: expected an integer, got a mapping"),
        ("seed=", "--set seed=: seed: expected an integer, got nothing"),
    ],
)
def test_a_wrong_set_is_named_as_it_was_written(folder, override, problem):
    with pytest.raises(RecipeError) as caught:
        load(override)
    assert str(caught.value).startswith(problem)


def test_a_resolved_recipe_is_json_and_makes_the_same_recipe(folder):
    recipe = load()
    again = json.loads(json.dumps(resolved(recipe)))
    assert Recipe.model_validate(again) == recipe


def test_a_recipe_cannot_be_changed(folder):
    with pytest.raises(ValueError, match="frozen"):
        load().seed = 3


KEYS = st.sampled_from([*Recipe.model_fields, "paths", "min", "expert", "policy", "<<", "?"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["*a", "&a x", "!!bool x", "!!int ''", "!!timestamp x", "!t {}", "2024-13-45"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


RECIPES = st.dictionaries(KEYS, VALUES, max_size=5).map(
    lambda written: "".join(f"{key}: {value}\n" for key, value in written.items())
)


@settings(deadline=None, max_examples=150)
@given(text=st.text(max_size=60) | RECIPES, override=st.text(max_size=20) | VALUES.map(str))
def test_any_text_is_a_recipe_or_a_recipe_error(tmp_path_factory, text, override):
    path: pathlib.Path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for overrides in ((), (override,), (f"seed={override}",)):
        with contextlib.suppress(RecipeError):
            assert isinstance(load_recipe(str(path), overrides), Recipe)
