"""Templates: what the catalogue finds, what identities follow, what words cannot do."""

from pathlib import Path

import jinja2
import pytest

from curation.prompts.catalogue import all_prompts, all_templates
from curation.prompts.prompt import FOLDER, Template, template_of
from curation.prompts.turn_judge import BY_LIKELIHOOD
from curation.prompts.wildfeedback_hint import HINT


def test_every_template_file_is_found_or_is_included_by_one_that_is():
    texts = {file.stem: file.read_text("utf-8") for file in FOLDER.glob("*.jinja")}
    found = {template.name for template in all_templates()}
    assert found <= texts.keys()
    for name in texts.keys() - found:
        assert any(f'{{% include "{name}.jinja"' in text for text in texts.values())


def test_what_is_only_rendered_is_a_template_and_no_prompt():
    assert {HINT, BY_LIKELIHOOD} <= set(all_templates()) - set(all_prompts())


def test_an_identity_follows_version_grammar_template_and_what_it_includes(monkeypatch):
    identities = {BY_LIKELIHOOD.identity}
    for attribute, value in (("version", 2), ("grammar", "another")):
        with monkeypatch.context() as patched:
            patched.setattr(BY_LIKELIHOOD, attribute, value)
            identities.add(BY_LIKELIHOOD.identity)
    for changed in ("turn_judge_likelihood", "turn_judge_frame", "turn_judge_system"):
        with monkeypatch.context() as patched:
            patched.setattr(
                "curation.prompts.prompt.template_of",
                lambda name, changed=changed: template_of(name) + "!" * (name == changed),
            )
            identities.add(BY_LIKELIHOOD.identity)
    assert len(identities) == 6


def test_a_word_that_nobody_gave_is_an_error():
    with pytest.raises(jinja2.UndefinedError, match="hint"):
        HINT.block("system")


def test_a_word_is_text_and_no_template():
    hint = "{{ hint }} {% include 'safety.jinja' %} {# no #} <b>&</b>\r\n {hint}"
    assert hint in HINT.about(hint)


def test_templates_are_found_by_name_and_once():
    names = [template.name for template in all_templates()]
    assert names == sorted(set(names))
    assert all(isinstance(template, Template) for template in all_templates())


def test_a_template_or_grammar_that_changes_gets_another_version():
    pinned = (Path(__file__).parents[1] / "data/prompts/identities.txt").read_text().split()
    # What is kept under a version means one prompt: raise it, and then change the line of the file.
    assert [template.identity for template in all_templates()] == pinned
