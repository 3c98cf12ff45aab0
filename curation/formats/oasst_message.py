"""OpenAssistant messages, one in each row, and how they are joined to trees again."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from curation.formats.context import Context
from curation.formats.fields import label
from curation.formats.trees import TreeMessage, read_message, tree_conversations
from curation.reading.rows import Problem, Row, ingest_reject
from schemas.records import Conversation, Reject


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row is one message that names its parent, by either spelling."""
    return "text" in value and (
        ("message_id" in value and "parent_id" in value)
        or ("user_message_id" in value and "parent_message_id" in value)
    )


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[TreeMessage] | Problem:
    """Read a row such as `{"message_id": "b", "parent_id": "a", "text": …, "role": …}`.

    >>> value = {"message_id": "a", "parent_id": None, "text": "hi", "role": "prompter"}
    >>> parse(value, Row(value, 0), Context("a.jsonl"))[0].role
    'user'
    """
    tree_id = label(value.get("message_tree_id"))
    message = read_message(value, tree_id, context, row.position)
    return message if isinstance(message, Problem) else [message]


def join_messages(
    messages: Iterable[TreeMessage], source: str | None = None
) -> tuple[list[Conversation], list[Reject]]:
    """Join the messages of one tree, or those of a file whose rows name no tree.

    Output: the conversations, and a `Reject` for every message that is in none of them:
    `deleted_message` (also what follows a deleted one), `duplicate_message`, `broken_tree`.
    With a tree id one broken branch refuses the whole tree; without one only the messages
    that lead to no root.

    >>> from curation.formats.context import Context
    >>> rows = [{"message_id": "a", "parent_id": None, "text": "hi", "role": "prompter"},
    ...         {"message_id": "b", "parent_id": "a", "text": "Hello!", "role": "assistant"}]
    >>> parsed = [parse(r, Row(r, i), Context("a.jsonl"))[0] for i, r in enumerate(rows)]
    >>> [len(c.messages) for c in join_messages(parsed)[0]]
    [2]
    """
    tree: list[TreeMessage] = []
    index: dict[str, int] = {}
    rejects: list[Reject] = []
    for message in sorted(messages, key=lambda m: (m.position, m.message_id)):
        if message.message_id in index:
            problem = Problem("duplicate_message", f"{message.message_id} was there before")
            rejects.append(_reject(message, problem))
        else:
            index[message.message_id] = len(tree)
            tree.append(message)
    roots = [i for i, m in enumerate(tree) if m.parent_id is None]
    replies: dict[int, list[int]] = {}
    for i, m in enumerate(tree):
        if m.parent_id in index:
            replies.setdefault(index[m.parent_id], []).append(i)
    below = {root: _below(root, replies) for root in roots}
    lost = sorted(set(range(len(tree))).difference(*below.values()))
    broken = _broken(tree, roots, lost)
    if broken:
        refused = range(len(tree)) if tree[0].tree_id else lost
        rejects += [_reject(tree[i], broken) for i in refused]
        below = {} if tree[0].tree_id else below
    conversations: list[Conversation] = []
    for root, members in below.items():
        found = tree_conversations(tree, replies, root, "oasst_message", source)
        if isinstance(found, Problem):
            rejects += [_reject(tree[i], found) for i in members]
            continue
        conversations += found
        rejects += [_reject(tree[i], _DELETED) for i in _deleted(members, tree, replies)]
    return conversations, rejects


_DELETED = Problem("deleted_message", "deleted, or it follows a deleted message")


def _below(root: int, replies: Mapping[int, Sequence[int]]) -> list[int]:
    members = [root]
    for member in members:
        members += replies.get(member, ())
    return members


def _deleted(
    members: Sequence[int], tree: Sequence[TreeMessage], replies: Mapping[int, Sequence[int]]
) -> list[int]:
    # Members come parents first, so one pass carries deletion down the tree.
    gone: set[int] = set()
    for member in members:
        if tree[member].deleted:
            gone.add(member)
        if member in gone:
            gone.update(replies.get(member, ()))
    return sorted(gone)


def _broken(
    tree: Sequence[TreeMessage], roots: Sequence[int], lost: Sequence[int]
) -> Problem | None:
    if lost:
        message = tree[lost[0]]
        detail = f"{message.message_id} leads to no root; its parent is {message.parent_id}"
        return Problem("broken_tree", detail)
    if len(roots) > 1 and tree[0].tree_id:
        return Problem("broken_tree", f"{len(roots)} messages of one tree have no parent")
    return None


def _reject(message: TreeMessage, problem: Problem) -> Reject:
    shown = {
        "message_id": message.message_id,
        "parent_id": message.parent_id,
        "role": message.role,
        "text": message.content,
    }
    row = Row(None, message.position, orjson.dumps(shown))
    return ingest_reject(problem, message.file, row)
