"""One row to records, whatever its format."""

from curation.formats.context import Context
from curation.formats.detection import FORMATS, detect
from curation.formats.trees import TreeMessage
from curation.reading.rows import Problem, Row, ingest_reject
from schemas.records import Conversation, PreferencePair, Reject

Records = list[Conversation] | list[PreferencePair] | list[TreeMessage]
"""What one row gives: records of one kind, at least one."""


def parse_row(row: Row, context: Context) -> Records | Reject:
    """Read one row into records of one kind.

    Input: a `Row`, and the `Context` of its file. Output: conversations, pairs or messages
    of a tree; or the one `Reject` of the row. With `context.format` named, a row of another
    format is a `wrong_format`.

    >>> parse_row(Row({"messages": [{"role": "user", "content": "hi"}]}, 0), Context("a"))[0].source
    'openai'
    >>> parse_row(Row({"title": "hi"}, 0), Context("a")).detail
    'no known format has these fields: title'
    """
    found = _parse(row, context)
    return ingest_reject(found, context.file, row) if isinstance(found, Problem) else found


def _parse(row: Row, context: Context) -> Records | Problem:
    value = row.value
    if not isinstance(value, dict):
        return Problem("unknown_format", f"expected an object, got {type(value).__name__}")
    keys = ", ".join(str(key)[:60] for key in list(value)[:20])
    if context.format == "auto":
        format = detect(value)
        if format is None:
            return Problem("unknown_format", f"no known format has these fields: {keys}")
    else:
        format = FORMATS[context.format]
        if not format.matches(value):
            return Problem("wrong_format", f"not {context.format}; the fields are: {keys}")
    return format.parse(value, row, context)
