"""Dumps in XML: one row in each line, in any number of shards, whole and broken."""

import bz2
import gzip
from pathlib import Path
from xml.etree import ElementTree

import pytest
import zstandard
from reading_files import read_bytes, values

from curation.reading import Row

SAMPLE = Path(__file__).parents[2] / "pipelines" / "samples" / "beer_posts.xml"
HEAD = b'<?xml version="1.0" encoding="utf-8"?>\n<posts>\n'
ONE, TWO = b'  <row Id="1" Body="&lt;p&gt;caf\xc3\xa9&#xA;" />\n', b'<row Id="2"></row>\n'


def read(content, **options):
    return read_bytes(content, "Posts.xml", wanted="documents", **options)


def test_rows_are_what_an_xml_parser_sees() -> None:
    expected = [dict(row.attrib) for row in ElementTree.parse(SAMPLE).getroot()]
    assert len(expected) == 60
    assert values(read(SAMPLE.read_bytes())) == expected


@pytest.mark.parametrize("shard_bytes", [1, 7, 100, 4096, 100_000])
def test_shards_of_any_size_give_the_same_rows(shard_bytes: int) -> None:
    content = SAMPLE.read_bytes()[:9000]
    assert read(content, shard_bytes=shard_bytes) == read(content)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, zstandard.compress])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_compression_and_a_byte_order_mark_change_nothing(compress, mark: bytes) -> None:
    found = values(read(compress(mark + HEAD + ONE + TWO + b"</posts>")))
    assert found == [{"Id": "1", "Body": "<p>café\n"}, {"Id": "2"}]


def test_lines_without_a_row_are_no_rows() -> None:
    content = HEAD + b"<!-- <row Id='0' /> --> <!-- b -->\n\n   \n" + ONE + b"</posts>\n\n"
    assert [row.value["Id"] for row in read(content)] == ["1"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'<row Id="1" Body="&nbsp;" />', "not_xml"),
        (b'<row Id="1" Id="2" />', "not_xml"),
        (b"<row Id=1 />", "not_xml"),
        (b'<row Body="a < b" />', "not_xml"),
        (b'<row Body="&#0;" />', "not_xml"),
        (b'<row Body="&#xD800;" />', "not_xml"),
        (b'<row Id="1" /><row Id="2" />', "not_xml"),
        (b"<row><b/></row>", "not_xml"),
        (b'<row Body="\xe9" />', "invalid_utf8"),
        (b'<row Id="1"', "split_row"),
        (b'Body="x" />', "split_row"),
        (b'<posts><row Id="1" />', "split_row"),
        (b'<!DOCTYPE posts [<!ENTITY a "b">]>', "split_row"),
    ],
)
def test_a_broken_line_is_one_reject_with_its_position(line: bytes, reason: str) -> None:
    found = read(HEAD + ONE + line + b"\n" + TWO)
    assert values(found)[1:] == [reason, {"Id": "2"}]
    assert found[1].position == len(HEAD + ONE)
    assert found[1].record == line.decode("utf-8", "replace")


def test_a_row_over_several_lines_says_so_in_each_of_them() -> None:
    found = read(HEAD + b'<row Id="1"\n  Body="x"\n/>\n' + TWO)
    assert values(found) == ["split_row"] * 3 + [{"Id": "2"}]
    assert "does not end in its line" in found[0].detail
    assert "a row is one line" in found[1].detail


def test_a_file_that_ends_in_a_row_says_so() -> None:
    found = read(HEAD + TWO + ONE[:20])
    assert values(found) == [{"Id": "2"}, "split_row"]
    assert "the file ends in this line" in found[1].detail


def test_a_row_over_the_limit_is_one_reject_and_reading_goes_on() -> None:
    content = HEAD + b'<row Body="' + b"x" * 3_000_000 + b'" />\n' + TWO
    assert values(read(content, max_row_bytes=1000)) == ["row_too_large", {"Id": "2"}]


def test_entities_are_never_expanded() -> None:
    content = b'<?xml version="1.0"?>\n<posts>\n<row Body="&a;" />\n</posts>'
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n' + content
    )
    assert values(read(content)) == ["not_xml"]
    assert not [item for item in read(bomb) if isinstance(item, Row)]


@pytest.mark.parametrize("name", [b"users", b"votes", b"comments", b"Tags"])
def test_a_dump_of_something_else_is_one_reject_that_says_so(name: bytes) -> None:
    (reject,) = read(b'<?xml version="1.0"?>\n<' + name + b'>\n<row Id="1" />\n')
    assert reject.reason == "unsupported_file"
    assert "Posts.xml" in reject.detail


def test_a_dump_is_looked_for_only_where_documents_are_wanted() -> None:
    assert values(read_bytes(HEAD + ONE, "Posts.xml")) == ["unsupported_file"]
