"""OpenAssistant trees, one nested tree in each row."""

from collections.abc import Mapping
from typing import Any

from curation.formats.context import Context
from curation.formats.fields import label
from curation.formats.trees import MAX_DEPTH, TreeMessage, read_message, tree_conversations
from curation.reading.rows import Problem, Row
from schemas.records import Conversation


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row is a tree with its `prompt`, or a root message with its `replies`."""
    return ("message_tree_id" in value and isinstance(value.get("prompt"), dict)) or (
        "replies" in value and "message_id" in value
    )


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[Conversation] | Problem:
    """Read a row such as `{"message_tree_id": …, "prompt": {"text": …, "replies": […]}}`.

    >>> reply = {"message_id": "b", "text": "Hello!", "role": "assistant", "replies": []}
    >>> root = {"message_id": "a", "text": "hi", "role": "prompter", "replies": [reply]}
    >>> value = {"message_tree_id": "a", "prompt": root}
    >>> [len(c.messages) for c in parse(value, Row(value, 0), Context("a.jsonl"))]
    [2]
    """
    root = value["prompt"] if isinstance(value.get("prompt"), dict) else value
    if root.get("parent_id") is not None:
        return Problem("broken_tree", f"parent_id: {root['parent_id']!r:.80} is not in this row")
    tree_id = label(value.get("message_tree_id")) or label(root.get("message_id"))
    tree: list[TreeMessage] = []
    replies: dict[int, list[int]] = {}
    pending: list[tuple[Any, int | None, int, str]] = [(root, None, 0, "prompt")]
    while pending:
        node, parent, depth, where = pending.pop()
        message = (
            read_message(node, tree_id, context, row.position)
            if isinstance(node, dict)
            else Problem("wrong_type", f"expected an object, got {type(node).__name__}")
        )
        if isinstance(message, Problem):
            return message._replace(detail=f"{where}: {message.detail}")
        below = node.get("replies") or []
        if not isinstance(below, list) or depth > MAX_DEPTH:
            return Problem("wrong_type", f"{where}: replies: expected a list of messages")
        if parent is not None:
            replies.setdefault(parent, []).append(len(tree))
        within = f"reply to {message.message_id}"
        pending += [(child, len(tree), depth + 1, within) for child in reversed(below)]
        tree.append(message)
    if tree[0].deleted:
        return Problem("deleted_message", "the first message of the tree is deleted")
    return tree_conversations(tree, replies, 0, "oasst_tree", context.source)
