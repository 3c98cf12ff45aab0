"""Submissions and comments of Reddit, as Pushshift archived them (arXiv 2001.08435)."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.documents import Post, build_document, native_id
from curation.formats.fields import label, seconds
from curation.reading.rows import Problem, Row
from schemas.records import Document

_GONE = ("[deleted]", "[removed]")
_SUBMISSION, _COMMENT = "t3_", "t1_"


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row is a submission with its own text, or a comment that names its submission.

    >>> matches({"id": "a", "title": "Hops?", "selftext": "", "subreddit": "beer"})
    True
    >>> matches({"id": "b", "body": "Cold.", "link_id": "t3_a"}), matches({"body": "Cold."})
    (True, False)
    """
    return "id" in value and (("selftext" in value and "title" in value) or _is_comment(value))


def _is_comment(value: Mapping[str, Any]) -> bool:
    link = value.get("link_id")
    return "body" in value and isinstance(link, str) and link.startswith(_SUBMISSION)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Document] | Problem:
    """Read a submission or a comment; what its author or a moderator took back is `deleted_post`.

    Ids are full names, as parents are named: `t3_` and the id of a submission, `t1_` and that of
    a comment. The text is the Markdown as it was written.

    >>> value = {"id": "b", "body": "Cold &amp; clear.", "link_id": "t3_a", "parent_id": "t3_a",
    ...          "subreddit": "beer", "score": 5, "created_utc": 1390336000}
    >>> found = parse(value, Row(value, 0), Context("RC_2014-01.zst"))[0]
    >>> found.text, found.metadata["native_id"], found.parent_id, found.votes
    ('Cold & clear.', 't1_b', 't3_a', 5)
    """
    comment = _is_comment(value)
    kind, field = ("comment", "body") if comment else ("submission", "selftext")
    own_id, text = native_id(value["id"]), value[field]
    if own_id is None:
        return Problem("wrong_type", "id: is missing")
    if text is None and not comment:
        text = ""
    if not isinstance(text, str):
        return Problem("wrong_type", f"{field}: expected text, got {type(text).__name__}")
    if text.strip() in _GONE:
        return Problem("deleted_post", f"{field}: {text.strip()}")
    author, title = label(value.get("author")), value.get("title")
    permalink = label(value.get("permalink"))
    parent = native_id(value.get("parent_id")) if comment else None
    root = value["link_id"] if comment else None
    if parent is None or not parent.startswith((_SUBMISSION, _COMMENT)):
        parent = root
    prefix = _COMMENT if comment else _SUBMISSION
    post = Post(
        kind,
        _unescape(text),
        title=_unescape(title) if isinstance(title, str) else None,
        community=value.get("subreddit"),
        votes=value.get("score"),
        native_id=prefix + own_id.removeprefix(prefix),
        parent_id=label(parent),
        root_id=label(root),
        scope="reddit",
        timestamp=seconds(value.get("created_utc")),
        author=None if author in _GONE else author,
        more={
            "tags": label(value.get("link_flair_text")),
            "url": f"https://www.reddit.com{permalink}"
            if permalink and permalink.startswith("/r/")
            else None,
        },
    )
    return build_document(post, row, context, "reddit")


def _unescape(text: str) -> str:
    """Undo the three references that Reddit's API writes into texts that are no HTML."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
