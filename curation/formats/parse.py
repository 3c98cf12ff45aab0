"""One row to records, whatever its format."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.detection import DOCUMENT_FORMATS, FORMATS, detect
from curation.formats.trees import TreeMessage
from curation.reading.rows import Problem, Row, ingest_reject
from schemas.records import Conversation, Document, PreferencePair, Reject

Records = list[Conversation] | list[PreferencePair] | list[TreeMessage] | list[Document]
"""What one row gives: records of one kind, at least one."""


def parse_row(row: Row, context: Context) -> Records | Reject:
    """Read one row into records of one kind.

    Input: a `Row`, and the `Context` of its file. Output: conversations, pairs or messages
    of a tree, or where `context.kind` is `documents` a document; or the one `Reject` of the row.
    With `context.format` named, a row of another format is a `wrong_format`.

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
        format = (FORMATS if context.kind == "records" else DOCUMENT_FORMATS)[context.format]
        if not format.matches(value):
            return Problem("wrong_format", f"not {context.format}; the fields are: {_keys(value)}")
    return format.parse(value, row, context)


def _unknown(value: Mapping[str, Any], context: Context) -> Problem:
    if context.kind == "documents" and detect(value):
        detail = f"a conversation or a pair in a source of documents: {_keys(value)}"
        return Problem("wrong_kind", detail)
    return Problem("unknown_format", f"no known format has these fields: {_keys(value)}")


def _keys(value: Mapping[str, Any]) -> str:
    return ", ".join(str(key)[:60] for key in list(value)[:20])
