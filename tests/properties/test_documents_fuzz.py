"""Whatever a document holds: nothing is raised, and every row is accounted for."""

import io
from typing import BinaryIO
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.documents.gates import DocumentGates, refuse_document
from curation.documents.html import html_text
from curation.documents.mail import own_text
from curation.formats import DOCUMENT_FORMATS, Context, parse_row
from curation.reading import Row, jsonl, plan_shards, read_rows
from curation.reading.documentfiles import MAIL_FIELD, TEXT_FIELD
from schemas.records import Document, Reject
from schemas.validate import validate

NAMES = st.sampled_from(
    ["Posts.xml", "a.txt", "a.md.gz", "a.eml", "a.mbox", "box/cur/1:2,S", "a.csv", "a.jsonl", "a"]
)
XML_LIKE = st.lists(
    st.sampled_from(
        [
            *(b"<posts>", b"</posts>", b"<row ", b"/>", b">", b"<", b'Id="1"', b' A="&lt;"'),
            *(b"\n", b" ", b"<!--", b"-->", b"<?xml?>", b"&a;", b"&#0;", b"\xe9", b"</row>"),
        ]
    ),
    max_size=40,
).map(b"".join)
SEPARATOR = b"From a@b Mon May  3 10:12:00 2021\n"
MAIL_LIKE = st.lists(
    st.sampled_from(
        [
            *(SEPARATOR, b"From: a@b\n", b"Subject: =?utf-8?q?=C3?=\n", b"\n", b"> q\n"),
            *(b'Content-Type: multipart/mixed; boundary="b"\n', b"--b\n", b"--b--\n"),
            *(b"Content-Type: text/html\n", b"Content-Transfer-Encoding: base64\n"),
            *(b"Content-Type: text/plain; charset*=x''y\n", b"Date: Mon, 99 May\n", b"text\n"),
            *(b"References: <a@b> <\n", b"Message-ID: <>\n", b"From: (\n", b"-- \n", b"\xff\0"),
            b"Content-Disposition: attachment\n",
        ]
    )
    | st.binary(max_size=3),
    max_size=30,
).map(b"".join)
FIELDS = st.sampled_from(
    [
        *("Id", "PostTypeId", "ParentId", "Body", "Title", "Score", "CreationDate", "Tags"),
        *("id", "title", "selftext", "body", "link_id", "parent_id", "subreddit", "created_utc"),
        *("text", "content", "html", "score", "tags", "kind", "url", "author", "thread_id"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64)
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["1", "2", "t3_a", "[removed]", "question", "<p>", "x" * 60, "\ud800", "\0"])
)
ROWS = st.dictionaries(FIELDS, SCALARS | st.lists(SCALARS, max_size=3), max_size=8)


def read(content: bytes, name: str, shard_bytes: int = 2**30, chunk: int = 2**20, limit: int = 999):
    def open_file(path: str) -> BinaryIO:
        return io.BytesIO(content)

    with mock.patch.multiple(jsonl, CHUNK_BYTES=chunk):
        shards = plan_shards(name, len(content), open_file, shard_bytes, "documents")
        if isinstance(shards, Reject):
            return [shards]
        return [row for shard in shards for row in read_rows(shard, open_file, limit)]


def document_or_reject(row: Row, context: Context) -> Document | Reject:
    found = parse_row(row, context)
    (record,) = [found] if isinstance(found, Reject) else found
    return validate(record)


@settings(deadline=None)
@given(st.binary() | XML_LIKE | MAIL_LIKE, NAMES, st.integers(1, 40), st.integers(1, 200))
def test_any_bytes_are_read_into_documents_and_rejects(content, name, chunk, limit) -> None:
    found = read(content, name, shard_bytes=7, chunk=chunk, limit=limit)
    positions = [item.position for item in found]
    assert positions == sorted(positions)
    for item in found:
        if isinstance(item, Row):
            document_or_reject(item, Context(name, kind="documents"))
        else:
            validate(item).record.encode()


@settings(deadline=None)
@given(XML_LIKE, st.integers(1, 60), st.integers(1, 20))
def test_dumps_in_shards_of_any_size_are_the_same_rows(content, shard_bytes, chunk) -> None:
    content = b'<posts>\n<row Id="1" />\n' + content
    whole = read(content, "Posts.xml")
    assert read(content, "Posts.xml", shard_bytes=shard_bytes, chunk=chunk) == whole


@settings(deadline=None)
@given(st.lists(MAIL_LIKE, min_size=1, max_size=4), st.integers(1, 40))
def test_no_byte_of_an_archive_of_mails_is_lost(mails, chunk) -> None:
    head = SEPARATOR + b"From: a@b\n\n"
    content = b"".join(head + mail + b"\n\n" for mail in mails)
    found = read(content, "a.mbox", chunk=chunk, limit=10**6)
    ends = [item.position for item in found[1:]] + [len(content)]
    assert found[0].position == 0
    for item, end in zip(found, ends, strict=True):
        separator, _, stored = content[item.position : end].partition(b"\n")
        assert separator.startswith(b"From ")
        assert item.value[MAIL_FIELD] == stored.removesuffix(b"\n")


@settings(deadline=None)
@given(
    ROWS, st.sampled_from(["auto", *DOCUMENT_FORMATS]), st.sampled_from(["records", "documents"])
)
def test_any_row_gives_one_document_or_one_reject(value, format, kind) -> None:
    if kind == "records":
        found = parse_row(Row(value, 0), Context("f"))
        assert isinstance(found, Reject) or not isinstance(found[0], Document)
    else:
        document_or_reject(Row(value, 0), Context("f", format, max_turn_chars=50, kind=kind))


@settings(deadline=None)
@given(st.binary() | MAIL_LIKE, st.sampled_from([MAIL_FIELD, TEXT_FIELD]))
def test_any_file_gives_one_document_or_one_reject(content, field) -> None:
    document_or_reject(Row({field: content}, 0, b""), Context("f", kind="documents"))


@settings(deadline=None)
@given(st.text() | XML_LIKE.map(lambda content: content.decode("latin-1")))
def test_any_html_becomes_text(html) -> None:
    if html.isascii() or not any("\ud800" <= char <= "\udfff" for char in html):
        assert isinstance(html_text(html), str)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["> q", "On 3 May 2021 Ann wrote:", "-- ", "", "own", "x:"])))
def test_of_a_mail_only_its_own_lines_stay_in_their_order(lines) -> None:
    kept = own_text("\n".join(lines)).split("\n")
    before = lines[: lines.index("-- ")] if "-- " in lines else lines
    rest = iter(before)
    assert all(line in rest for line in kept if line)
    assert "> q" not in kept
    assert kept.count("own") == before.count("own")


@settings(deadline=None)
@given(st.text(), st.none() | st.integers(), st.integers(0, 9), st.none() | st.integers(0, 9))
def test_any_document_is_kept_or_refused_with_a_reason(text, votes, min_chars, min_votes) -> None:
    document = Document("d", text.replace("\0", ""), None, None, votes, None, "s", None, {})
    reject = refuse_document(document, DocumentGates(min_chars, 20, min_votes))
    if reject:
        assert validate(reject).reason
    else:
        assert min_chars <= len(document.text.strip()) <= 20
        assert min_votes is None or votes >= min_votes
