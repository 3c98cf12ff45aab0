"""Any row with a text in a field that says so: documents of corpora and exports."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.documents import (
    DOCUMENT_KINDS,
    Post,
    build_document,
    native_id,
    read_html,
    tag_names,
)
from curation.formats.fields import first, label, seconds
from curation.reading.rows import Problem, Row
from schemas.records import Document

TEXTS = ("text", "body", "content", "selftext", "body_text")
"""Fields that may hold the text; the first that holds one counts."""
HTMLS = ("body_html", "html")
"""Fields that may hold it as HTML, where none of `TEXTS` does."""
_NATIVE_ID = ("id", "_id", "post_id", "doc_id", "document_id", "uuid")
_TITLE = ("title", "subject", "headline")
_VOTES = ("score", "votes", "upvotes", "likes", "points")
_PARENT = ("parent_id", "parent", "in_reply_to", "reply_to")
_THREAD = ("thread_id", "root_id", "topic_id")
_COMMUNITY = ("community", "subreddit", "forum", "site")
_TIMESTAMP = ("timestamp", "created", "created_at", "created_utc", "published", "date")
_AUTHOR = ("author", "user_id", "user", "username")
_URL = ("url", "permalink", "link")


def matches(value: Mapping[str, Any]) -> bool:
    """Whether one of the `TEXTS` or `HTMLS` holds text.

    >>> matches({"text": "Cold."}), matches({"text": 7}), matches({"name": "Cold."})
    (True, False, False)
    """
    return _text_field(value) is not None


def _text_field(value: Mapping[str, Any]) -> str | None:
    return next((name for name in (*TEXTS, *HTMLS) if isinstance(value.get(name), str)), None)


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Document] | Problem:
    """Read a row such as `{"text": …, "title": …, "score": 3, "parent_id": …, "thread_id": …}`.

    Ids are unique within the file. A row without a thread is in that of its parent. Votes are
    whole numbers; a `score` between them measures something else. `kind` may be one of the kinds
    of documents, `accepted_id` the id of a question's accepted answer.

    >>> value = {"html": "<p>Cold.</p>", "id": 2, "parent_id": 1, "likes": 3}
    >>> found = parse(value, Row(value, 0), Context("a.jsonl"))[0]
    >>> found.text, found.parent_id, found.votes, found.metadata["kind"]
    ('Cold.', '1', 3, 'post')
    """
    field = _text_field(value) or ""
    text: str | Problem = value[field]
    if field in HTMLS:
        text = read_html(value[field], context)
    if isinstance(text, Problem):
        return text
    parent = native_id(first(value, _PARENT))
    kind, url = label(value.get("kind")), first(value, _URL)
    post = Post(
        kind if kind in DOCUMENT_KINDS else "post",
        text,
        title=first(value, _TITLE),
        community=first(value, _COMMUNITY),
        votes=first(value, _VOTES),
        native_id=native_id(first(value, _NATIVE_ID)),
        parent_id=parent,
        root_id=native_id(first(value, _THREAD)) or parent,
        scope=context.file,
        timestamp=seconds(first(value, _TIMESTAMP)),
        author=first(value, _AUTHOR),
        more={
            "accepted_id": native_id(first(value, ("accepted_id", "accepted_answer_id"))),
            "tags": tag_names(value.get("tags")),
            "url": label(url) if isinstance(url, str) else None,
            "license": label(first(value, ("license", "licence"))),
        },
    )
    return build_document(post, row, context, "document")
