"""Posts of Stack Exchange's data dump: rows of Posts.xml, or of a table with its columns.

Reference: "Database schema documentation for the public data dump and SEDE",
meta.stackexchange.com/questions/2677.
"""

import re
from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.documents import (
    Post,
    build_document,
    folder_of,
    native_id,
    read_html,
    tag_names,
)
from curation.formats.fields import label, seconds
from curation.reading.rows import Problem, Row
from schemas.records import Document

_KINDS = {"1": "question", "2": "answer"}
_SITE = re.compile(
    r"(?:[a-z0-9-]{1,40}\.){0,3}(?:stackexchange|stackoverflow|serverfault|superuser|askubuntu"
    r"|mathoverflow|stackapps)\.(?:com|net)"
)


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has the id, the type and the body of a post, in whatever case.

    >>> matches({"Id": "1", "PostTypeId": "1", "Body": ""}), matches({"Id": "1", "Text": "hi"})
    (True, False)
    """
    return "PostTypeId" in value or "posttypeid" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Document] | Problem:
    """Read a question or an answer; other types of posts are a `not_a_post`.

    The community is the name of the file's folder; where that is a site, `url` names the post.

    >>> value = {"Id": "4", "PostTypeId": "2", "ParentId": "1", "Score": "13",
    ...          "Body": "<p>Citra is a hop.</p>", "OwnerUserId": "12"}
    >>> found = parse(value, Row(value, 0), Context("beer/Posts.xml"))[0]
    >>> found.text, found.votes, found.parent_id, found.community
    ('Citra is a hop.', 13, '1', 'beer')
    """
    fields = {str(name).lower(): item for name, item in value.items()}
    own_id = native_id(fields.get("id"))
    if own_id is None:
        return Problem("wrong_type", "Id: is missing")
    kind = _KINDS.get(native_id(fields.get("posttypeid")) or "")
    if kind is None:
        type_id = str(fields.get("posttypeid"))[:60]
        return Problem("not_a_post", f"PostTypeId={type_id}: neither a question nor an answer")
    body = fields.get("body")
    if body is not None and not isinstance(body, str):
        return Problem("wrong_type", f"Body: expected text, got {type(body).__name__}")
    text = read_html(body or "", context)
    if isinstance(text, Problem):
        return text
    parent = native_id(fields.get("parentid")) if kind == "answer" else None
    community = folder_of(context.file)
    site = community if _SITE.fullmatch(community) else None
    accepted = native_id(fields.get("acceptedanswerid")) if kind == "question" else None
    post = Post(
        kind,
        text,
        title=fields.get("title"),
        community=community,
        votes=fields.get("score"),
        native_id=own_id,
        parent_id=parent,
        root_id=parent,
        scope=context.file,
        timestamp=seconds(fields.get("creationdate")),
        author=native_id(fields.get("owneruserid")) or fields.get("ownerdisplayname"),
        more={
            "accepted_id": accepted,
            "tags": tag_names(fields.get("tags")),
            "url": f"https://{site}/{kind[0]}/{own_id}" if site else None,
            "license": label(fields.get("contentlicense")),
        },
    )
    return build_document(post, row, context, "stackexchange")
