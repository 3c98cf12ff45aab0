"""OpenAssistant's conversation trees (arXiv 2304.07327): messages to root-to-leaf paths.

A tree is a list of `TreeMessage`s and the indexes of each one's replies. Nested rows and
flat rows become such lists first, so that both give the same conversations.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from curation.formats.context import Context
from curation.formats.conversations import check_messages
from curation.formats.fields import first, label, number, seconds, truth, user_hash
from curation.formats.turns import ROLE_OF, check_text, unknown_role
from curation.reading.rows import Problem
from schemas.ids import content_id, conversation_id
from schemas.records import Conversation, Message

MAX_DEPTH = 1_000
"""Longest path of a tree, in messages; deeper ones would make paths without end."""
SOURCE = "oasst"
"""Name of the source in the records."""

Replies = Mapping[int, Sequence[int]]
"""Indexes of the replies to a message, by its own index, in order."""


class TreeMessage(NamedTuple):
    """One message of a conversation tree."""

    tree_id: str | None
    """Id of the tree, which is that of its root; None where rows do not say it."""
    message_id: str
    parent_id: str | None
    role: str
    content: str
    rank: float | None
    """Place among its siblings, by human ranking; 0 is the best."""
    deleted: bool
    model: str | None
    language: str | None
    user: str | None
    """Salted hash."""
    timestamp: float | None
    file: str
    position: int
    """Of its row."""


def read_message(
    value: Mapping[str, Any], tree_id: str | None, context: Context, position: int
) -> TreeMessage | Problem:
    """Read one message, flat or nested, without its replies.

    Input: `message_id`, `parent_id`, `text`, `role` and what else the export has; or the
    spelling of the seed data, `user_message_id` and `parent_message_id`.
    """
    message_id = label(first(value, ("message_id", "user_message_id")))
    if message_id is None:
        return Problem("wrong_type", "message_id: is missing")
    name, text = value.get("role"), value.get("text")
    role = ROLE_OF.get(name.lower()) if isinstance(name, str) else None
    if role is None:
        problem = unknown_role(name)
        return problem._replace(detail=problem.detail[1:])
    deleted = truth(value.get("deleted"))
    if text is None and deleted:
        text = ""
    if not isinstance(text, str):
        return Problem("wrong_type", f"text: expected text, got {type(text).__name__}")
    bad_text = check_text(text, context.max_turn_chars)
    if bad_text:
        return bad_text._replace(detail=f"text: {bad_text.detail}")
    return TreeMessage(
        tree_id=tree_id,
        message_id=message_id,
        parent_id=label(first(value, ("parent_id", "parent_message_id"))),
        role=role,
        content=text,
        rank=number(value.get("rank")),
        deleted=deleted,
        model=label(value.get("model_name")),
        language=label(value.get("lang")),
        user=user_hash(value.get("user_id"), context.user_salt),
        timestamp=seconds(value.get("created_date")),
        file=context.file,
        position=position,
    )


def tree_conversations(
    tree: Sequence[TreeMessage], replies: Replies, root: int, format: str, source: str | None
) -> list[Conversation] | Problem:
    """Every root-to-leaf path of one tree, once, in tree order.

    Deleted messages are left out together with all that follows them. `new_from` in the
    metadata is the index of the first message that no earlier path has, absent when 0;
    `rankings` lists the ranked siblings of the turns that are new in this path.
    """
    tree_id = tree[root].tree_id or tree[root].message_id
    conversations = []
    for path, new_from in _paths(tree, replies, root):
        if len(path) > MAX_DEPTH:
            return Problem("tree_too_deep", f"a path has more than {MAX_DEPTH} messages")
        messages = tuple(Message(tree[i].role, tree[i].content) for i in path)
        problem = check_messages(messages)
        if problem:
            return problem
        rankings = _rankings(tree, replies, path, new_from)
        top, leaf = tree[root], tree[path[-1]]
        models = {tree[i].model for i in path if tree[i].role == "assistant"}
        metadata = {
            "file": leaf.file,
            "position": str(leaf.position),
            "format": format,
            "group": content_id("group", SOURCE, tree_id),
            "native_id": leaf.message_id,
            **({"new_from": str(new_from)} if new_from else {}),
            **({"rankings": json.dumps(rankings, ensure_ascii=False)} if rankings else {}),
        }
        conversations.append(
            Conversation(
                id=conversation_id(messages),
                messages=messages,
                source=source or SOURCE,
                user=top.user,
                model=models.pop() if len(models) == 1 else None,
                language=top.language,
                timestamp=top.timestamp,
                metadata=metadata,
            )
        )
    return conversations


def _paths(
    tree: Sequence[TreeMessage], replies: Replies, root: int
) -> Iterator[tuple[list[int], int]]:
    """Each path as indexes into the tree, and where it parts from the one before it."""
    path: list[int] = []
    new_from = 0
    pending = [(root, 0)] if not tree[root].deleted else []
    while pending:
        node, depth = pending.pop()
        del path[depth:]
        path.append(node)
        new_from = min(new_from, depth)
        kept = [child for child in replies.get(node, ()) if not tree[child].deleted]
        # One step over the limit is enough for the caller to refuse the tree.
        if not kept or depth >= MAX_DEPTH:
            yield list(path), new_from
            new_from = depth + 1
        pending += [(child, depth + 1) for child in reversed(kept)]


def _rankings(
    tree: Sequence[TreeMessage], replies: Replies, path: Sequence[int], new_from: int
) -> list[dict[str, Any]]:
    # A turn's siblings are listed where the first of them is new; the message at a branch
    # (index `new_from` of a later path) is never the first.
    found = []
    for turn in range(new_from + 1, len(path)):
        ranked = [
            (tree[i].rank, tree[i].content)
            for i in replies[path[turn - 1]]
            if tree[i].role == "assistant" and not tree[i].deleted and tree[i].rank is not None
        ]
        if tree[path[turn]].role == "assistant" and 1 < len(ranked) == len({r for r, _ in ranked}):
            places = enumerate(content for _, content in sorted(ranked))
            texts = [{"content": content, "rank": place} for place, content in places]
            found.append({"turn": turn, "replies": texts})
    return found
