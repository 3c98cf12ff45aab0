"""Rows to records: one module for each format, `parse_row` for all of them."""

from curation.formats.context import KINDS, MAX_TURN_CHARS, Context
from curation.formats.detection import CANDIDATE_FORMATS, DOCUMENT_FORMATS, FORMATS, FORMATS_OF
from curation.formats.oasst_message import join_messages
from curation.formats.parse import Records, parse_row
from curation.formats.trees import TreeMessage

__all__ = [
    "CANDIDATE_FORMATS",
    "DOCUMENT_FORMATS",
    "FORMATS",
    "FORMATS_OF",
    "KINDS",
    "MAX_TURN_CHARS",
    "Context",
    "Records",
    "TreeMessage",
    "join_messages",
    "parse_row",
]
