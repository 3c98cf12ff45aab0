"""Which documents are worth using, and why the others are not."""

import pytest

from curation.documents.gates import (
    DocumentGates,
    letters_share,
    refuse_document,
    repeated_line_share,
)
from schemas.records import Document
from schemas.validate import validate

PROSE = "Citra is a hop with a taste of citrus and of tropical fruit, bred in Washington. " * 4


def document(text, votes=None):
    place = {"file": "Posts.xml", "position": "17"}
    return Document("d", text, "A title", None, votes, None, "demo", None, place)


@pytest.mark.parametrize(
    ("text", "votes", "gates", "reason"),
    [
        (PROSE, None, DocumentGates(), None),
        ("Cheers!", None, DocumentGates(), "too_short"),
        (" " * 500, None, DocumentGates(), "too_short"),
        (PROSE, None, DocumentGates(max_chars=100), "too_long"),
        (PROSE, None, DocumentGates(min_votes=0), "no_votes"),
        (PROSE, -1, DocumentGates(min_votes=0), "too_few_votes"),
        (PROSE, 0, DocumentGates(min_votes=0), None),
        ("12.5 % | 7.25 | " * 30, None, DocumentGates(), "too_few_letters"),
        ("Buy this fine beer now\n" * 30, None, DocumentGates(), "repeated_lines"),
        ("", None, DocumentGates(min_chars=0), None),
        ("Which?", None, DocumentGates(min_chars=0), None),
    ],
)
def test_a_document_passes_or_is_refused_with_its_reason(text, votes, gates, reason) -> None:
    found = refuse_document(document(text, votes), gates)
    assert (found.reason if found else None) == reason


def test_bounds_are_inclusive() -> None:
    gates = DocumentGates(min_chars=10, max_chars=10, min_votes=3, min_letters_share=0)
    assert refuse_document(document("x" * 10, 3), gates) is None


def test_a_reject_says_where_the_document_was_and_how_it_begins() -> None:
    reject = validate(refuse_document(document("y" * 300), DocumentGates(min_chars=301)))
    assert (reject.stage, reject.source, reject.position) == ("clean_documents", "Posts.xml", 17)
    assert reject.record == "y" * 200
    assert reject.detail == "300 characters < 301"


@pytest.mark.parametrize(
    "text", ["ビールは冷たい", "пиво холодное", "बीयर ठंडी है", "เบียร์เย็น", "البيرة باردة"]
)
def test_prose_in_any_script_is_all_letters(text: str) -> None:
    assert letters_share(text) == 1


def test_lines_are_repeated_when_they_stood_there_before() -> None:
    assert repeated_line_share("a\n a \nb\n\n\nc") == 0.25
    assert repeated_line_share("\n\n") == 0
