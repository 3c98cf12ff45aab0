"""Files that are documents themselves: plain text, mails, archives of mails.

Which of these a file is, is asked only where documents are wanted: in a source of conversations
a text file stays what it was, a file that is not supported.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from curation.reading.jsonl import CHUNK_BYTES, read_lines
from curation.reading.rows import EXCERPT_BYTES, Problem, Row, Shard, ingest_reject
from curation.reading.streams import ByteStream
from schemas.records import Reject

TEXT_FIELD = "text file"
"""Field of a row that holds the bytes of a text file."""
MAIL_FIELD = "mail"
"""Field of a row that holds the bytes of a mail, as bytes; JSON has none."""
TEXT_EXTENSIONS = (".txt", ".md")
"""Extensions of plain text."""
_COMPRESSED = (".gz", ".gzip", ".bz2", ".zst", ".zstd")
_MAILDIR = ("cur", "new")
_HEADER = re.compile(rb"[!-9;-~]{1,80}:[ \t]")
_SEPARATOR = re.compile(rb"From \S.{0,200}?\b\d{1,2}:\d\d\b.{0,40}?\b\d{4}\b")
_LINE_HEAD = 300
_QUOTED_FROM = re.compile(rb"^>(>{0,40}From )", re.MULTILINE)


def decompressed_name(path: str) -> str:
    """A path without the extensions of compression.

    >>> decompressed_name("mail.mbox.gz")
    'mail.mbox'
    """
    while PurePosixPath(path.lower()).suffix in _COMPRESSED:
        path = path[: -len(PurePosixPath(path).suffix)]
    return path


def document_layout(body: bytes, path: str) -> str | None:
    """The layout of a file that is one document, or an archive of mails; None for any other.

    Input: its beginning without white space, and its path. Output: `mbox`, `mail` or `text`. A
    file in `cur` or `new` is a mail when it begins with a header, `.eml` always is one.

    >>> document_layout(b"Subject: hops\\n\\nHi", "inbox/cur/1700000000.M1.host:2,S")
    'mail'
    >>> document_layout(b"# Hops", "notes/hops.md"), document_layout(b"# Hops", "notes/hops.c")
    ('text', None)
    """
    name = PurePosixPath(decompressed_name(path))
    extension = name.suffix.lower()
    first, _, rest = body.partition(b"\n")
    if extension == ".eml":
        return "mail"
    if _SEPARATOR.match(first[:_LINE_HEAD]) and (
        extension == ".mbox" or _HEADER.match(rest) or rest.startswith(b">From ")
    ):
        return "mbox"
    if name.parent.name in _MAILDIR and _HEADER.match(body):
        return "mail"
    return "text" if extension in TEXT_EXTENSIONS else None


def read_whole(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """The one row of a file that is a text or a mail."""
    data = b""
    while len(data) <= max_row_bytes and (chunk := stream.read(CHUNK_BYTES)):
        data += chunk
    row = Row(None, 0, data[:EXCERPT_BYTES])
    if stream.damage:
        yield ingest_reject(stream.damage, shard.path, row)
    elif len(data) > max_row_bytes:
        detail = f"the file is longer than max_row_bytes={max_row_bytes}"
        yield ingest_reject(Problem("row_too_large", detail), shard.path, row)
    else:
        field = MAIL_FIELD if shard.layout == "mail" else TEXT_FIELD
        yield row._replace(value={field: data})


def read_mbox(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """The mails of an archive, one after the other, of which one at a time is held.

    A mail begins with a line `From … 10:12:00 2021` at the beginning or after a blank line; `>`
    before such a line in a mail is taken away (the variants mboxo and mboxrd). Its position is
    the byte offset of that line. What stands before the first mail is a `Reject`.
    """
    mail = _Mail(0)
    blank = True
    for line in read_lines(stream, 0, max_row_bytes):
        if blank and _SEPARATOR.match(line.data[:_LINE_HEAD]):
            yield from mail.finished(shard)
            mail = _Mail(line.position)
            mail.begun = True
        if stream.damage and not line.ended:
            mail.problem = stream.damage
        mail.add(line.data, line.too_long, max_row_bytes)
        blank = not line.data.strip()
    yield from mail.finished(shard)


class _Mail:
    """The lines of one mail so far, separator included."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.begun = False
        self.problem: Problem | None = None
        self._lines: list[bytes] = []
        self._bytes = 0

    def add(self, line: bytes, too_long: bool, limit: int) -> None:
        self._bytes += len(line) + 1
        if too_long or self._bytes > limit:
            detail = f"a mail is longer than max_row_bytes={limit}"
            self.problem = self.problem or Problem("row_too_large", detail)
            self._lines = [b"\n".join([*self._lines, line])[:EXCERPT_BYTES]]
        elif self.problem is None:
            self._lines.append(line)

    def finished(self, shard: Shard) -> Iterator[Row | Reject]:
        raw = b"\n".join(self._lines)
        row = Row(None, self.position, raw[:EXCERPT_BYTES])
        if self.problem:
            yield ingest_reject(self.problem, shard.path, row)
        elif self.begun:
            content = _QUOTED_FROM.sub(rb"\1", raw.partition(b"\n")[2])
            yield row._replace(value={MAIL_FIELD: content})
        elif raw.strip():
            problem = Problem("not_a_mail", "lines before the first mail of the archive")
            yield ingest_reject(problem, shard.path, row)
