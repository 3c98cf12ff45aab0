"""Files that are documents themselves: texts, mails, archives of mails."""

import gzip
import mailbox
from pathlib import Path

import pytest
from reading_files import read_bytes, values

from curation.reading.documentfiles import MAIL_FIELD, TEXT_FIELD

DATA = Path(__file__).parents[1] / "data" / "documents"
MAIL = b"From: ann@example.org\nSubject: hops\n\nFlowers.\n"
SEPARATOR = b"From ann@example.org Mon May  3 10:12:00 2021\n"


def read(content, name, **options):
    return read_bytes(content, name, **{"wanted": "documents", **options})


@pytest.mark.parametrize("name", ["a.txt", "notes/a.MD", "a.txt.gz"])
def test_a_text_file_is_one_row(name: str) -> None:
    content = b"# Hops\n\nFlowers, mostly.\n"
    stored = gzip.compress(content) if name.endswith("gz") else content
    assert values(read(stored, name)) == [{TEXT_FIELD: content}]


def test_a_text_file_of_json_lines_is_read_row_by_row() -> None:
    assert values(read(b'{"text": "a"}\n{"text": "b"}\n', "a.txt")) == [
        {"text": "a"},
        {"text": "b"},
    ]
    mixed = b'{"text": "a"}\nso it says\n'
    assert values(read(mixed, "a.txt")) == [{TEXT_FIELD: mixed}]


@pytest.mark.parametrize("name", ["a.eml", "box/cur/1.M1.host:2,S", "box/new/1.host"])
def test_a_mail_is_one_row(name: str) -> None:
    assert values(read(MAIL, name)) == [{MAIL_FIELD: MAIL}]


def test_what_does_not_begin_like_a_mail_is_none_in_a_maildir_either() -> None:
    assert values(read(b"dovecot-uidlist v3\n", "box/cur/uidlist")) == ["unsupported_file"]


def test_an_archive_gives_the_mails_that_the_mailbox_module_sees() -> None:
    path = DATA / "inbox.mbox"
    found = read(path.read_bytes(), str(path))
    oracle = mailbox.mbox(path)
    starts = [path.read_bytes().index(mail.get_from().encode()) - len("From ") for mail in oracle]
    assert [item.position for item in found] == starts
    assert [
        item.value[MAIL_FIELD].replace(b"\nFrom what", b"\n>From what").rstrip() for item in found
    ] == [oracle.get_bytes(key).rstrip() for key in oracle.iterkeys()]


def test_a_line_of_prose_that_begins_with_from_ends_no_mail() -> None:
    content = SEPARATOR + MAIL + b"\nFrom here on it is easy.\n\n" + SEPARATOR + MAIL
    assert len(read(content, "a.mbox")) == 2


def test_a_mail_over_the_limit_is_one_reject_and_reading_goes_on() -> None:
    big = SEPARATOR + MAIL + b"x" * 50 * 100 + b"\n\n"
    lines = SEPARATOR + MAIL + b"xxxxx\n" * 1000 + b"\n"
    for content in (big, lines):
        found = read(content + SEPARATOR + MAIL, "a.mbox", max_row_bytes=1000)
        assert values(found) == ["row_too_large", {MAIL_FIELD: MAIL.rstrip()}]
        assert found[1].position == len(content)


def test_an_archive_that_is_damaged_says_so_in_its_last_mail() -> None:
    content = gzip.compress((SEPARATOR + MAIL + b"\n") * 2)
    assert values(read(content[:-12], "a.mbox.gz"))[-1] == "truncated_file"


def test_a_file_over_the_limit_is_one_reject() -> None:
    (reject,) = read(b"x" * 5000, "a.txt", max_row_bytes=100)
    assert reject.reason == "row_too_large"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"# Notes", "a.md"),
        (MAIL, "a.eml"),
        (SEPARATOR + MAIL, "a.mbox"),
        (b"text,score\na,1\n", "a.csv"),
    ],
)
def test_documents_are_looked_for_only_where_they_are_wanted(content: bytes, name: str) -> None:
    assert values(read_bytes(content, name)) == ["unsupported_file"]
    assert values(read(content, name)) != ["unsupported_file"]


def test_a_named_format_says_what_a_file_is() -> None:
    assert values(read(b"notes", "README", wanted="text")) == [{TEXT_FIELD: b"notes"}]
    assert values(read(MAIL, "17", wanted="mail")) == [{MAIL_FIELD: MAIL}]


@pytest.mark.parametrize("wanted", ["documents", "text", "mail"])
def test_an_archive_or_an_empty_file_is_refused_whatever_is_wanted(wanted: str) -> None:
    assert values(read(b"7z\xbc\xaf\x27\x1c...", "Posts.7z", wanted=wanted)) == ["unsupported_file"]
    assert values(read(b"\n", "a.txt", wanted=wanted)) == ["empty_file"]
