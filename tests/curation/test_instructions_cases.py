"""The checkers against labels by hand."""

from collections import defaultdict
from pathlib import Path

import pytest
import yaml

from curation.instructions.catalogue import KINDS
from curation.instructions.instruction import Instruction

FILE = Path(__file__).parents[1] / "data" / "instructions" / "cases.yaml"
CASES = yaml.safe_load(FILE.read_text("utf-8"))


@pytest.mark.parametrize(("text", "kind", "parameters", "expected"), CASES)
def test_a_checker_says_what_a_reader_says(text, kind, parameters, expected):
    assert Instruction(kind, parameters).holds(text) is expected


def test_there_are_a_hundred_cases_and_more_for_every_kind_in_both_directions():
    labels = defaultdict(set)
    for _, kind, _, expected in CASES:
        labels[kind].add(expected)
    assert len(CASES) >= 100
    assert labels == {kind.name: {True, False} for kind in KINDS}
