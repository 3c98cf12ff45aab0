"""Rubrics as files: what is written is read, and what is no rubric is refused by name."""

import pytest

from curation.feedback.rubric import (
    MAX_DEFINITION,
    RUBRIC,
    RubricItem,
    dump_rubric,
    load_rubric,
    parse_rubric,
)
from schemas.errors import SchemaError, UsageError

LEARNED = {
    "cheers": RubricItem("cheers", "satisfaction", "The user cheers.", ""),
    "rude": RubricItem("rude", "dissatisfaction", "The reply is rude: it offends.", "Be polite."),
}


def test_a_rubric_comes_back_from_its_file(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(dump_rubric(RUBRIC.values()))
    assert load_rubric(str(path)) == RUBRIC
    path.write_text(dump_rubric(LEARNED.values()))
    assert load_rubric(str(path)) == LEARNED


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: 1", "[1]", "[[]]", "[{name: x]", "\x00", "[{name: praise}]"),
        "[{name: a b, polarity: satisfaction, definition: x}]",
        "[{name: no, polarity: satisfaction, definition: x}]",
        "[{name: good, polarity: neutral, definition: x}]",
        "[{name: good, polarity: satisfaction, definition: 3}]",
        "[{name: good, polarity: satisfaction, definition: x, note: y}]",
        '[{name: good, polarity: satisfaction, definition: "a\\nb"}]',
        f"[{{name: good, polarity: satisfaction, definition: {'x' * (MAX_DEFINITION + 1)}}}]",
        "[{name: bad, polarity: dissatisfaction, definition: x}]",
        "[{name: good, polarity: satisfaction, definition: x, instruction: y}]",
        "[" + "{name: good, polarity: satisfaction, definition: x}," * 2 + "]",
        "["
        + "".join(f"{{name: g{i}, polarity: satisfaction, definition: x}}," for i in range(21))
        + "]",
    ],
)
def test_what_is_no_rubric_is_refused(text, tmp_path):
    with pytest.raises(SchemaError):
        parse_rubric(text)
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"r\.yaml"):
        load_rubric(str(path))


def test_a_rubric_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load_rubric(str(tmp_path / "none.yaml"))
