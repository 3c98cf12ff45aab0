"""Which documents are worth using: length and quality gates on one document, with reasons.

Reference: Gopher's quality and repetition filters (arXiv 2112.11446, appendix A.1).
"""

import unicodedata
from collections import Counter
from typing import NamedTuple

from schemas.records import Document, Reject

_EXCERPT_CHARS = 200


class DocumentGates(NamedTuple):
    """Bounds that a document must keep to; they look at `text`, never at the title.

    Parameters: `min_chars` and `max_chars` in characters, both inclusive, without white space at
    the ends. `min_votes`: least score given by the community; with None a document needs no score
    at all, else it needs one. `min_letters_share`: letters of any script, with their marks, among
    all characters that are not white space. `max_repeated_line_share`: lines that stand in the
    document before, among its lines that are not blank (Gopher's bound is 0.3).
    """

    min_chars: int = 200
    max_chars: int = 20_000
    min_votes: int | None = None
    min_letters_share: float = 0.5
    max_repeated_line_share: float = 0.3


def refuse_document(document: Document, gates: DocumentGates) -> Reject | None:
    """Say why a document is not worth using; None when it is.

    Output: a `Reject` of stage `clean_documents` with the first reason that holds: `too_short`,
    `too_long`, `no_votes` (a score is asked for, and the document has none), `too_few_votes`,
    `too_few_letters`, `repeated_lines`. A text without anything to measure passes the last two.

    >>> document = Document("d", "Cheers!", None, None, 3, None, "demo", None, {})
    >>> refuse_document(document, DocumentGates()).reason
    'too_short'
    >>> refuse_document(document, DocumentGates(min_chars=1, min_votes=2)) is None
    True
    """
    text = document.text.strip()
    if len(text) < gates.min_chars:
        found = ("too_short", f"{len(text):,} characters < {gates.min_chars:,}")
    elif len(text) > gates.max_chars:
        found = ("too_long", f"{len(text):,} characters > {gates.max_chars:,}")
    elif gates.min_votes is not None and document.votes is None:
        found = ("no_votes", f"has no score, and min_votes={gates.min_votes}")
    elif gates.min_votes is not None and (document.votes or 0) < gates.min_votes:
        found = ("too_few_votes", f"{document.votes} < {gates.min_votes}")
    elif (letters := letters_share(text)) < gates.min_letters_share:
        found = ("too_few_letters", f"{letters:.2f} < {gates.min_letters_share}")
    elif (repeated := repeated_line_share(text)) > gates.max_repeated_line_share:
        found = ("repeated_lines", f"{repeated:.2f} > {gates.max_repeated_line_share}")
    else:
        return None
    return document_reject(document, "clean_documents", *found)


def document_reject(document: Document, stage: str, reason: str, detail: str) -> Reject:
    """The `Reject` of a document that a stage behind ingest refuses.

    >>> document = Document("d", "Hi", None, None, None, None, "demo", None, {"position": "7"})
    >>> document_reject(document, "clean_documents", "too_short", "2 < 200").position
    7
    """
    data = document.metadata
    excerpt = (document.text or document.title or "")[:_EXCERPT_CHARS]
    place = data.get("file", ""), int(data.get("position", 0))
    return Reject(stage, reason, detail, excerpt, *place)


def letters_share(text: str) -> float:
    """Share of letters, with the marks that belong to them, in all that is not white space.

    Output: 0 to 1; 1 for a text that is nothing but white space.

    >>> letters_share("ab 12"), letters_share("हिन्दी"), letters_share("")
    (0.5, 1.0, 1.0)
    """
    letters = sum(map(str.isalpha, text))
    if not text.isascii():
        letters += sum(1 for char in text if unicodedata.category(char)[0] == "M")
    total = len(text) - sum(map(str.isspace, text))
    return letters / total if total else 1.0


def repeated_line_share(text: str) -> float:
    """Share of the lines that say what a line before them has said, blank lines not counted.

    Output: 0 to 1.

    >>> repeated_line_share("buy now\\nbuy now\\n\\nbuy now\\nor not")
    0.5
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    return 1 - len(Counter(lines)) / len(lines) if lines else 0.0
