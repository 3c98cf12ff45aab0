"""What a format needs to know besides the row."""

from typing import NamedTuple

MAX_TURN_CHARS = 100_000
"""Default bound on one turn, in characters; a longer one is a `Reject`."""
KINDS = ("records", "documents", "candidates")
"""What a source holds: conversations and preference pairs, documents, or prompts with several
scored responses."""


class Context(NamedTuple):
    """Where rows come from and how they are to be read; one for each file.

    Parameters: `format` is a name of `curation.formats.FORMATS_OF[kind]` or `auto`; `source`
    replaces the format's name in the records; `max_turn_chars` is in characters, for the text of a
    document and of a response as well; `user_salt` goes into the hash of user names; `kind` is one
    of `KINDS`.
    """

    file: str
    format: str = "auto"
    source: str | None = None
    max_turn_chars: int = MAX_TURN_CHARS
    user_salt: str = ""
    kind: str = "records"
