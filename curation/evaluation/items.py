"""What is evaluated on: a prompt, and what its user asked of a reply.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), user-guided evaluation.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from schemas.errors import InputError, SchemaError
from schemas.ids import content_id, conversation_id
from schemas.records import Message, PreferencePair
from schemas.validate import validate

TEXT_CHARS = 500
"""Characters of the request, and of the checklist, that an item is placed by."""


class Item(NamedTuple):
    """One prompt of a test set."""

    id: str
    """Content hash of prompt and checklist."""
    prompt: Sequence[Message]
    """History that ends with a user turn."""
    checklist: str
    """The preference or checklist that the user's feedback was distilled into."""
    group: str
    """The conversation that it comes from: items of one group are not independent."""


class Items(NamedTuple):
    """What was read, and what was left out."""

    items: list[Item]
    """Sorted by id."""
    without_checklist: int
    """Prompts for which nobody knows what the user wanted."""
    repeated: int
    """Further items with a prompt that is there already; the one with the lowest id stays."""


def make_item(prompt: Sequence[Message], checklist: str, group: str = "") -> Item:
    """An item with the id of its content.

    Parameters: `group` by default is the id of the prompt.

    >>> item = make_item([Message("user", "Name a colour.")], "One word.")
    >>> item.group == make_item([Message("user", "Name a colour.")], "In French.").group
    True
    """
    messages = tuple(Message(*message) for message in prompt)
    identity = content_id("evaluation item", messages, checklist)
    return Item(identity, messages, checklist, group or conversation_id(messages))


def items_of_pairs(pairs: Iterable[PreferencePair]) -> Items:
    """The items of a dataset: the prompt and the rubric of each pair.

    Output: the same for any order of the pairs.
    """
    made = (
        make_item(pair.prompt, (pair.rubric or "").strip(), pair.provenance.group) for pair in pairs
    )
    return distinct(made)


def item_of_row(row: Any) -> Item:
    """The item of a JSON object.

    Input: `prompt`, a list of messages or one user message as text; `rubric` or `checklist`;
    `group`, optional. Other keys are not read.

    Raises: InputError that says what is wrong.

    >>> item_of_row({"prompt": "Name a colour.", "rubric": "One word."}).checklist
    'One word.'
    >>> item_of_row({"prompt": []})
    Traceback (most recent call last):
    schemas.errors.InputError: prompt: ...
    """
    if not isinstance(row, Mapping):
        raise InputError(f"expected an object, got {type(row).__name__}")
    prompt = messages_of(row.get("prompt"))
    texts = {key: row.get(key) or "" for key in ("rubric", "checklist", "group")}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise InputError(f"{key}: expected text, got {type(text).__name__}")
    checklist = texts["rubric"] or texts["checklist"]
    return make_item(prompt, checklist.strip(), texts["group"])


def messages_of(value: Any) -> tuple[Message, ...]:
    """The prompt that a JSON value holds.

    Raises: InputError for what is no history that ends with a user turn.

    >>> messages_of("Hi")
    (Message(role='user', content='Hi'),)
    """
    rows = [{"role": "user", "content": value}] if isinstance(value, str) else value
    if not isinstance(rows, list) or not rows:
        raise InputError("prompt: expected text or a list of messages")
    try:
        messages = tuple(validate(Message(row["role"], row["content"])) for row in rows)
    except (SchemaError, KeyError, TypeError) as error:
        raise InputError(f"prompt: no list of messages: {error}") from None
    if messages[-1].role != "user":
        raise InputError("prompt: must end with a user message")
    return messages


def row_of_item(item: Item) -> dict[str, Any]:
    """An item as a JSON object, which `item_of_row` reads back.

    >>> item = make_item([Message("user", "Name a colour.")], "One word.")
    >>> item_of_row(row_of_item(item)) == item
    True
    """
    prompt = [message._asdict() for message in item.prompt]
    return {"id": item.id, "prompt": prompt, "rubric": item.checklist, "group": item.group}


def distinct(items: Iterable[Item]) -> Items:
    """One item of each prompt, in the order of the ids; prompts without a checklist are left out.

    >>> asked = [Message("user", "Name a colour.")]
    >>> distinct([make_item(asked, text) for text in ("One word.", "", "In French.")])[1:]
    (1, 1)
    """
    kept: dict[str, Item] = {}
    without = repeated = 0
    for item in items:
        if not item.checklist:
            without += 1
            continue
        key = conversation_id(item.prompt)
        other = kept.get(key)
        repeated += other is not None
        # The group, too: equal items of two conversations must not depend on who came first.
        if other is None or (item.id, item.group) < (other.id, other.group):
            kept[key] = item
    return Items(sorted(kept.values()), without, repeated)


def placing_text(item: Item) -> str:
    """What an item is placed by: its last user turn and its checklist, the beginnings of both.

    >>> placing_text(make_item([Message("user", "Name a colour.")], "One word."))
    'Name a colour.\\nOne word.'
    """
    return f"{item.prompt[-1].content[:TEXT_CHARS]}\n{item.checklist[:TEXT_CHARS]}"
