"""One row to records, whatever its format."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.detection import FORMATS_OF, detect
from curation.formats.trees import TreeMessage
from curation.reading.rows import Problem, Row, ingest_reject
from schemas.records import CandidateSet, Conversation, Document, PreferencePair, Reject

Records = (
    list[Conversation]
    | list[PreferencePair]
    | list[TreeMessage]
    | list[Document]
    | list[CandidateSet]
)
"""What one row gives: records of one kind, at least one."""


def parse_row(row: Row, context: Context) -> Records | Reject:
    """Read one row into records of one kind.

    Input: a `Row`, and the `Context` of its file. Output: conversations, pairs or messages
    of a tree, or where `context.kind` says so a document or a candidate set; or the one `Reject` of
    the row. With `context.format` named, a row of another format is a `wrong_format`; a row of
    another kind is a `wrong_kind`, which says where it belongs.

    >>> parse_row(Row({"messages": [{"role": "user", "content": "hi"}]}, 0), Context("a"))[0].source
    'openai'
    >>> parse_row(Row({"title": "hi"}, 0), Context("a")).detail
    'no known format has these fields: title'
    >>> parse_row(Row({"title": "hi", "text": "Ho"}, 0), Context("a", kind="documents"))[0].text
    'Ho'
    """
    found = _parse(row, context)
    if not isinstance(found, Problem):
        return found
    if found.reason in _NO_MISTAKES and row.raw:
        row = row._replace(raw=row.raw[:_SHORT_BYTES])
    return ingest_reject(found, context.file, row)


_RECORDS = ("records", "a conversation or a pair", "sources.conversations or sources.pairs")
_CANDIDATES = ("candidates", "several responses to a prompt", "sources.candidates")
_DOCUMENTS = ("documents", "a document", "sources.documents")
# What has a text is not enough of a document to send it away from the chats.
_ELSEWHERE = {
    "records": (_CANDIDATES,),
    "documents": (_RECORDS, _CANDIDATES),
    "candidates": (_RECORDS, _DOCUMENTS),
}
# A dump of any site has thousands of them, and runners hold rejects: a glimpse is enough.
_NO_MISTAKES = ("not_a_post",)
_SHORT_BYTES = 200


def _parse(row: Row, context: Context) -> Records | Problem:
    value = row.value
    if not isinstance(value, dict):
        return Problem("unknown_format", f"expected an object, got {type(value).__name__}")
    if context.format == "auto":
        format = detect(value, context.kind)
        if format is None:
            return _unknown(value, context)
    else:
        format = FORMATS_OF[context.kind][context.format]
        if not format.matches(value):
            return Problem("wrong_format", f"not {context.format}; the fields are: {_keys(value)}")
    return format.parse(value, row, context)


def _unknown(value: Mapping[str, Any], context: Context) -> Problem:
    for kind, what, place in _ELSEWHERE[context.kind]:
        if detect(value, kind):
            detail = f"{what} in a source of {context.kind}, which belongs into {place}"
            return Problem("wrong_kind", f"{detail}; the fields are: {_keys(value)}")
    return Problem("unknown_format", f"no known format has these fields: {_keys(value)}")


def _keys(value: Mapping[str, Any]) -> str:
    return ", ".join(str(key)[:60] for key in list(value)[:20])
