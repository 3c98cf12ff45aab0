"""The recipe's section `select` as the selection that decides: one to one."""

import pytest

from curation.selection import thresholds
from curation.selection.thresholds import SCORES, STRATA, TARGETS_OF, Bounds, Selection, checked
from pipelines import recipe_select
from pipelines.recipe import Recipe
from pipelines.recipe_select import Range, Select
from pipelines.select_settings import selection, selection_of


def test_a_recipe_that_says_nothing_means_the_default_selection():
    assert selection(Recipe(name="x")) == Selection()


def test_every_key_of_the_section_reaches_the_selection():
    keys = set(Select.model_fields)
    assert keys == {*SCORES, *Selection._fields} - {"bounds"}


@pytest.mark.parametrize(
    "name", ["Truncation", "Gates", "Bands", "SoftTargets", "UpoSampling", "Mix"]
)
def test_sections_have_the_keys_and_the_defaults_of_their_settings(name):
    section, settings = getattr(recipe_select, name), getattr(thresholds, name)
    assert tuple(section.model_fields) == settings._fields
    if name != "Mix":
        given = section()
        for key, default in settings._field_defaults.items():
            value = getattr(given, key)
            assert default == (value if key != "truncation" else thresholds.Truncation())


def test_words_that_a_recipe_may_say_are_those_that_a_selection_knows():
    assert recipe_select.Stratum.__args__ == STRATA
    assert recipe_select.SoftTargets.model_fields["of"].annotation.__args__ == TARGETS_OF


@pytest.mark.parametrize("name", SCORES)
def test_every_score_can_be_bounded(name):
    asked = Range(min=-1.0, max=2.0, lowest=0.5, per="language")
    assert selection_of(Select(**{name: asked})).bounds == {
        name: Bounds(-1.0, 2.0, 0.5, None, "language")
    }


def test_a_section_with_everything_is_one_that_can_be_decided_by():
    select = Select.model_validate(
        {
            "ln_ches": {"lowest": 0.5, "per": "source"},
            "certainty": "small",
            "methods": ["ugc"],
            "max_chars_ratio": 3.0,
            "z_score": "method",
            "gates": {
                "truncation": {"max_prompt_tokens": 512, "max_tokens": None, "mode": "keep_end"},
                "refusal": "none",
            },
            "bands": {"flip": -1.0, "smooth": 0.5, "smoothing": 0.2},
            "soft_targets": {"gamma": 2.0, "of": "implicit_margin"},
            "sampling": {"easy": 0.4, "hard": 0.0},
            "mix": {"by": "policy", "weights": {"on": 0.5, "off": 0.5}, "total": 10},
            "max_pairs": 7,
        }
    )
    found = checked(selection_of(select))
    assert found.gates.truncation == thresholds.Truncation(512, None, "keep_end")
    assert found.gates.refusal == "none"
    assert found.bands == thresholds.Bands(-1.0, 0.5, 0.2)
    assert found.soft_targets == thresholds.SoftTargets(2.0, "implicit_margin")
    assert found.sampling == thresholds.UpoSampling(0.4, 0.0)
    assert found.mix == thresholds.Mix("policy", weights={"on": 0.5, "off": 0.5}, total=10)
    assert (found.methods, found.max_pairs, found.certainty) == (("ugc",), 7, "small")
    assert selection_of(Select(gates={"truncation": None})).gates.truncation is None
