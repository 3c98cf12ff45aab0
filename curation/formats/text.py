"""A plain text file: one document."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from curation.formats.context import Context
from curation.formats.documents import Post, build_document
from curation.reading.documentfiles import TEXT_FIELD, decompressed_name
from curation.reading.rows import Problem, Row
from schemas.records import Document


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row is the bytes of a text file; no row of JSON or CSV is."""
    return isinstance(value.get(TEXT_FIELD), bytes)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Document] | Problem:
    """Read a file in UTF-8 as it is; its title is its name without the extension.

    >>> value = {TEXT_FIELD: b"Hops are flowers."}
    >>> found = parse(value, Row(value, 0, b""), Context("notes/hops.txt"))[0]
    >>> found.title, found.text
    ('hops', 'Hops are flowers.')
    """
    try:
        text = value[TEXT_FIELD].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Problem("invalid_utf8", f"byte {error.start} of the file is not UTF-8")
    name = PurePosixPath(decompressed_name(context.file))
    post = Post("text", text.replace("\r\n", "\n"), title=name.stem, scope=context.file)
    return build_document(post, row, context, "text")
