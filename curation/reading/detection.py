"""What a file is, judged by its content; the name decides only where the content leaves doubt."""

import csv
import re
from pathlib import PurePosixPath

import orjson

from curation.reading.documentfiles import decompressed_name, document_layout
from curation.reading.jsonl import BOM
from curation.reading.rows import Problem
from curation.reading.xmlrows import xml_layout

HEAD_BYTES = 2**20
"""Bytes at the beginning of a file that decide what it is."""
_SAMPLE_LINES = 50
_JSON_START = re.compile(rb'\[\s*[\[{"\]]|\{\s*["}]')
_BINARY = {
    b"PK\x03\x04": "a zip archive: unpack it and name the folder",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it and name the folder",
    b"\xfd7zXZ\x00": "compressed with xz: compress it with zstd, gzip or bz2 instead",
    b"ARROW1": "an Arrow file: write it as Parquet",
    b"\xff\xfe": "UTF-16: save it as UTF-8",
    b"\xfe\xff": "UTF-16: save it as UTF-8",
    b"version https://git-lfs": "a Git LFS pointer: fetch the file itself with `git lfs pull`",
}
_ADVICE = (
    "neither JSON, JSON Lines, Parquet nor a CSV file with a known column; "
    "name only data files, for example 'DIR/*.jsonl'"
)
KNOWN_COLUMNS = frozenset(
    (
        *("messages", "conversations", "conversation", "history", "dialogue", "turns"),
        *("prompt", "chosen", "rejected"),
        *("message_id", "user_message_id", "message_tree_id"),
    )
)
"""Columns by which the header of a CSV file is recognised."""
DOCUMENT_COLUMNS = KNOWN_COLUMNS | {
    *("text", "body", "content", "selftext", "body_text", "body_html", "html"),
}
"""The same where documents are wanted."""
WANTED = ("records", "documents", "mail", "text")
"""What is looked for: conversations and pairs, documents, nothing but mails, nothing but texts."""


def detect_layout(head: bytes, name: str, whole: bool, wanted: str = "records") -> str | Problem:
    """The layout of a file.

    Input: its first `HEAD_BYTES` uncompressed, its name, and whether these bytes are all of
    it. Parameters: `wanted` is one of `WANTED`. Output: `jsonl`, `json`, `csv`, `tsv`, `parquet`;
    where documents are wanted also `xml`, `mbox`, `mail`, `text`; or a `Problem` (`empty_file`,
    `unsupported_file`) that says what to do.

    >>> detect_layout(b'{"a": 1}\\n{"a": 2}', "rows", True)
    'jsonl'
    >>> detect_layout(b'[{"a": 1}]', "rows", True)
    'json'
    >>> detect_layout(b"# Notes", "README.md", True).reason
    'unsupported_file'
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    advice = next((text for magic, text in _BINARY.items() if head.startswith(magic)), None)
    if head[257:262] == b"ustar":
        advice = "a tar archive: unpack it and name the folder"
    if advice:
        return Problem("unsupported_file", advice)
    body = head.removeprefix(BOM).lstrip()
    if not body:
        return Problem("empty_file", "the file has no content")
    found = None if wanted == "records" else _document_layout(body, name, whole, wanted)
    columns = KNOWN_COLUMNS if wanted == "records" else DOCUMENT_COLUMNS
    extension = PurePosixPath(decompressed_name(name.lower())).suffix
    return (
        found
        or _text_layout(body, extension, whole, columns)
        or Problem("unsupported_file", "binary data" if b"\0" in head else _ADVICE)
    )


def _document_layout(body: bytes, name: str, whole: bool, wanted: str) -> str | Problem | None:
    if wanted == "text":
        return "text"
    found = document_layout(body, name)
    if wanted == "mail":
        return found if found == "mbox" else "mail"
    if found == "text" and all(map(_is_object, _sample(body, whole))):
        return "jsonl"
    return found or xml_layout(body)


def _sample(body: bytes, whole: bool) -> list[bytes]:
    """The first lines that are not blank, but for a last one that may be cut off."""
    lines = body.split(b"\n")
    if not whole and len(lines) > 1:
        lines.pop()
    return [line for line in lines if line.strip()][:_SAMPLE_LINES]


def _text_layout(body: bytes, extension: str, whole: bool, columns: frozenset[str]) -> str | None:
    first_line = body.partition(b"\n")[0].strip()
    sample = _sample(body, whole)
    half_objects = 2 * sum(map(_is_object, sample)) >= len(sample)
    named_lines = extension in (".jsonl", ".ndjson", ".jsonlines")
    # A bracket alone on the first line is pretty-printed JSON, whatever else says.
    pretty = first_line in (b"[", b"{")
    starts = body[:1] in (b"[", b"{") and (extension == ".json" or _JSON_START.match(body))
    if starts and (pretty or not (half_objects or (named_lines and body[:1] == b"{"))):
        return "json"
    if half_objects or named_lines:
        return "jsonl"
    return _table_layout(first_line, extension, columns)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def _table_layout(header: bytes, extension: str, columns: frozenset[str]) -> str | None:
    for layout, delimiter in (("tsv", "\t"), ("csv", ",")):
        try:
            names = next(csv.reader([header.decode("utf-8", "replace")], delimiter=delimiter))
        except (csv.Error, StopIteration):
            continue
        known = any(name.strip().lower() in columns for name in names)
        if known and (len(names) > 1 or extension == f".{layout}"):
            return layout
    return None
