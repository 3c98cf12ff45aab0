"""From a post as a source writes it to a `Document`: identity, thread, where it came from."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from curation.documents.html import html_text
from curation.formats.context import Context
from curation.formats.fields import label, number, user_hash
from curation.formats.turns import check_text
from curation.reading.rows import Problem, Row, storable
from schemas.ids import content_id
from schemas.records import Document

TITLE_CHARS = 1_000
"""Longest title that is kept."""
DOCUMENT_KINDS = ("question", "answer", "submission", "comment", "mail", "text", "post")
"""What a document may be, in `metadata["kind"]`."""
TITLED = ("question", "submission")
"""Kinds that ask by their title: it belongs to their identity, and they need no text."""
_MARKUP = 4
"""HTML may be so many times longer than the text that is wanted of it."""


class Post(NamedTuple):
    """What a source says of one document, checked and cut to size by `build_document`."""

    kind: str
    """One of `DOCUMENT_KINDS`."""
    text: str
    """The body, plain text."""
    title: Any = None
    community: Any = None
    votes: Any = None
    native_id: str | None = None
    """Id in the source's own naming."""
    parent_id: str | None = None
    """Id of what it answers, in the same naming."""
    root_id: str | None = None
    """Id of what its thread began with; None for what answers nothing."""
    scope: str = ""
    """Within what ids are unique."""
    timestamp: float | None = None
    author: Any = None
    """Name, id or address of who wrote it; only its salted hash is kept."""
    more: Mapping[str, str | None] = {}
    """Further metadata; what is None or empty is left out."""


def build_document(post: Post, row: Row, context: Context, format: str) -> list[Document] | Problem:
    """Make the document of a post.

    Its id is the hash of kind and text; of a question and a submission also of the title, for
    many of them have no other text. Its thread is the hash of the root's id in its scope: equal
    for all documents of one thread, and there for those without one.

    Output: one document, or a `Problem`: `empty_document`, `document_too_long`, `nul_byte`,
    `lone_surrogate`.

    >>> post = Post("answer", "Cold.", native_id="2", parent_id="1", root_id="1", scope="a.xml")
    >>> found = build_document(post, Row({}, 0), Context("a.xml"), "stackexchange")[0]
    >>> sorted(found.metadata)
    ['file', 'format', 'kind', 'native_id', 'position', 'thread']
    """
    title = storable(post.title.strip(), TITLE_CHARS) if isinstance(post.title, str) else None
    text = post.text.strip("\r\n")
    problem = check_document(text, context)
    if problem:
        return problem
    titled = post.kind in TITLED
    if not text.strip() and not (titled and title):
        return Problem("empty_document", f"the {post.kind} has no text")
    own_id = post.native_id or f"at {row.position}"
    around = {
        "file": context.file,
        "position": str(row.position),
        "format": format,
        "native_id": post.native_id,
        "thread": content_id("thread", post.scope, post.root_id or own_id),
        "kind": post.kind,
        "author": user_hash(post.author, context.user_salt),
        **post.more,
    }
    return [
        Document(
            id=content_id("document", post.kind, *([title or ""] if titled else []), text),
            text=text,
            title=title or None,
            community=label(post.community),
            votes=whole_number(post.votes),
            parent_id=post.parent_id,
            source=context.source or format,
            timestamp=post.timestamp,
            metadata={name: value for name, value in around.items() if value},
        )
    ]


def check_document(text: str, context: Context) -> Problem | None:
    """What is wrong with the text of a document, if anything."""
    if len(text) > context.max_turn_chars:
        detail = f"{len(text):,} characters, more than max_turn_chars={context.max_turn_chars:,}"
        return Problem("document_too_long", detail)
    return check_text(text, context.max_turn_chars)


def read_html(html: str, context: Context) -> str | Problem:
    """The text of HTML; a `Problem` where it is too long to be looked at, or no Unicode.

    >>> read_html("<p>Cold.</p>", Context("a"))
    'Cold.'
    """
    most = _MARKUP * context.max_turn_chars
    if len(html) > most:
        detail = f"{len(html):,} characters of HTML, more than {_MARKUP} * max_turn_chars"
        return Problem("document_too_long", detail)
    return check_text(html.replace("\0", "\ufffd"), most) or html_text(html)


def native_id(value: Any) -> str | None:
    """An id as text; a whole number that a table holds as a float is one again.

    >>> native_id(7.0), native_id("t3_x"), native_id(None), native_id(True)
    ('7', 't3_x', None, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return label(value)


def whole_number(value: Any) -> int | None:
    """A score as a source writes it; None for what is no whole number.

    >>> whole_number("-3"), whole_number(4.0), whole_number(0.5), whole_number("many")
    (-3, 4, None, None)
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 2**63 else None
    found = number(value)
    return int(found) if found is not None and found.is_integer() and abs(found) < 2**53 else None


def tag_names(value: Any) -> str | None:
    """Tags as one text with commas, out of a list or of Stack Exchange's spellings.

    >>> tag_names(["a", "b"]), tag_names("<hops><ale>"), tag_names("|hops|ale|")
    ('a,b', 'hops,ale', 'hops,ale')
    """
    if isinstance(value, str):
        value = value.replace("><", "|").strip("<>|").split("|")
    if not isinstance(value, (list, tuple)):
        return None
    return label(",".join(part for part in value if isinstance(part, str)))


def folder_of(path: str) -> str:
    """Name of the folder that a file lies in; empty where the path has none.

    >>> folder_of("dumps/beer.stackexchange.com/Posts.xml"), folder_of("Posts.xml")
    ('beer.stackexchange.com', '')
    """
    return path.rpartition("/")[0].rpartition("/")[2]
