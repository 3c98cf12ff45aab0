"""Stack Exchange's data dumps: XML with one `<row …/>` in each line, read in any number of shards.

Each row is parsed alone by expat, without any declaration of the document's: no entities but
XML's own five exist, nothing outside the file is ever looked at.
"""

import re
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from curation.reading.jsonl import own_lines
from curation.reading.rows import Problem, Row, Shard, ingest_reject
from curation.reading.streams import ByteStream
from schemas.records import Reject

_ROW = re.compile(rb"\s*<row[\s/>]")
_NO_ROW = re.compile(rb"(?:\s++|<\?[^<>]*+>|(?><!--.*?-->)|</?posts(?:\s[^<>]*+)?>)*+")
_BEGINNING = re.compile(rb"(?:\s++|<\?[^<>]*+>|(?><!--.*?-->))*+<([A-Za-z]+)[\s/>]", re.DOTALL)
_OTHER_DUMPS = (
    *("badges", "comments", "posthistory", "postlinks", "tags", "users", "votes"),
    *("posttags", "tagsynonyms"),
)


def xml_layout(body: bytes) -> str | Problem | None:
    """Whether a file is a dump of posts, judged by its first element.

    Output: `xml`; a `Problem` for a dump of something else; None for any other file.

    >>> xml_layout(b'<?xml version="1.0" encoding="utf-8"?>\\n<posts>\\n  <row Id="1" />')
    'xml'
    >>> xml_layout(b"<users>").reason
    'unsupported_file'
    """
    found = _BEGINNING.match(body[:10_000])
    name = found.group(1).decode().lower() if found else ""
    if name in _OTHER_DUMPS:
        detail = f"a dump of {name}: of Stack Exchange's dumps only Posts.xml has documents"
        return Problem("unsupported_file", detail)
    return "xml" if name in ("posts", "row") else None


def read_xml(stream: ByteStream, shard: Shard, max_row_bytes: int) -> Iterator[Row | Reject]:
    """Rows of the lines that begin inside a shard, as dictionaries of their attributes.

    Lines of nothing but the declaration, `<posts>`, `</posts>` and comments are no rows. A row
    that is not well formed is a `not_xml`; one that does not end in its line is a `split_row`,
    and so is every further line of it.
    """
    for line in own_lines(stream, shard, max_row_bytes):
        if isinstance(line, Reject):
            yield line
        elif not _NO_ROW.fullmatch(line.data):
            value = parse_row_element(line.data)
            if isinstance(value, Problem):
                where = "" if line.ended else " (the file ends in this line)"
                problem = Problem(value.reason, value.detail + where)
                yield ingest_reject(problem, shard.path, Row(None, line.position, line.data))
            else:
                yield Row(value, line.position, line.data)


def parse_row_element(raw: bytes) -> dict[str, Any] | Problem:
    """The attributes of one `<row …/>`, or why there are none: `not_xml`, `split_row`, …

    >>> parse_row_element(b'<row Id="1" Title="Hops &amp; malt" />')
    {'Id': '1', 'Title': 'Hops & malt'}
    >>> parse_row_element(b'<row Id="1"').reason, parse_row_element(b'<row A="&x;"/>').reason
    ('split_row', 'not_xml')
    """
    if not _ROW.match(raw):
        detail = "neither a row nor the beginning or the end of the posts; a row is one line"
        return Problem("split_row", detail)
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda name, attributes: found.append(attributes)
    try:
        parser.Parse(raw.strip(), True)
    except expat.ExpatError as error:
        return _diagnose(raw, error)
    if len(found) != 1:
        return Problem("not_xml", "the row has elements inside of it")
    return found[0]


def _diagnose(raw: bytes, error: expat.ExpatError) -> Problem:
    try:
        raw.decode()
    except UnicodeDecodeError as where:
        return Problem("invalid_utf8", f"byte {where.start} of the row is not UTF-8")
    if error.code in _UNFINISHED:
        return Problem("split_row", f"the row does not end in its line: {error}")
    return Problem("not_xml", str(error))


_UNFINISHED = {
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_NO_ELEMENTS)
}
