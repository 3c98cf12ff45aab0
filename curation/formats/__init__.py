"""Rows to records: one module for each format, `parse_row` for all of them."""

from curation.formats.context import KINDS, MAX_TURN_CHARS, Context
from curation.formats.detection import DOCUMENT_FORMATS, FORMATS
from curation.formats.oasst_message import join_messages
from curation.formats.parse import Records, parse_row
from curation.formats.trees import TreeMessage

__all__ = [
    "DOCUMENT_FORMATS",
    "FORMATS",
    "KINDS",
    "MAX_TURN_CHARS",
    "Context",
    "Records",
    "TreeMessage",
    "join_messages",
    "parse_row",
]
