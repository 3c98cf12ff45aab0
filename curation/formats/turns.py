"""Messages as sources write them, to `Message`s: roles, parts, tool calls, and their checks."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from curation.reading.rows import Problem
from schemas.records import Message

_NAMES = {
    "system": "system developer",
    "user": "user human prompter",
    "assistant": "assistant gpt chatgpt bing bard claude gemini model bot chatbot ai agent",
    "tool": "tool function observation ipython tool_response function_response",
}
ROLE_OF = {name: role for role, names in _NAMES.items() for name in names.split()}
"""Our role for each role that sources write, in lower case."""


def read_turns(value: Any, field: str, max_chars: int) -> tuple[Message, ...] | Problem:
    """Read a list of messages.

    Input: dictionaries with `role` and `content` or with `from` and `value`, as a list or as
    its JSON text; `field` names it in messages. Output: `Message`s, or the first `Problem`:
    `wrong_type`, `unknown_role`, `unsupported_part`, `turn_too_long`, `nul_byte`,
    `lone_surrogate`.

    >>> read_turns([{"from": "human", "value": "hi"}], "conversations", 100)
    (Message(role='user', content='hi'),)
    >>> read_turns([{"role": "user", "content": 1}], "messages", 100).detail
    'messages[0].content: expected text, got int'
    """
    turns = listed(value)
    if not isinstance(turns, (list, tuple)):
        return Problem("wrong_type", f"{field}: expected a list, got {type(value).__name__}")
    messages = []
    for index, turn in enumerate(turns):
        message = read_turn(turn, max_chars)
        if isinstance(message, Problem):
            return message._replace(detail=f"{field}[{index}]{message.detail}")
        messages.append(message)
    return tuple(messages)


def listed(value: Any) -> Any:
    """A list as it is, or out of its JSON text; CSV has no other way to hold one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        if isinstance(found, list) and found and all(isinstance(item, dict) for item in found):
            return found
    return value


def read_turn(turn: Any, max_chars: int) -> Message | Problem:
    """Read one message; the detail of a `Problem` begins with the field inside of it."""
    if not isinstance(turn, dict):
        return Problem("wrong_type", f": expected an object, got {type(turn).__name__}")
    name = turn.get("role")
    if name is None:
        name = turn.get("from")
    role = ROLE_OF.get(name) if isinstance(name, str) else None
    if role is None:
        role = ROLE_OF.get(name.strip().lower()) if isinstance(name, str) else None
        if role is None:
            return unknown_role(name)
    content = turn.get("content")
    if content is None:
        content = turn.get("value")
    if type(content) is not str or "tool_calls" in turn or "function_call" in turn:
        content = _unusual(content, turn)
        if isinstance(content, Problem):
            return content
    problem = check_text(content, max_chars)
    if problem:
        return problem._replace(detail=f".content: {problem.detail}")
    return Message(role, content)


def unknown_role(name: Any) -> Problem:
    """The `Problem` of a role that is in no list."""
    if not isinstance(name, str):
        return Problem("wrong_type", f".role: expected text, got {type(name).__name__}")
    return Problem("unknown_role", f".role: {name[:60]!r} is none of {', '.join(ROLE_OF)}")


def _unusual(content: Any, turn: Mapping[str, Any]) -> str | Problem:
    """Content in parts, absent content, and tool calls as the JSON text of the calls."""
    calls = turn.get("tool_calls") or turn.get("function_call")
    if not calls and "content" not in turn and "value" not in turn:
        return Problem("wrong_type", ".content: is missing")
    if isinstance(content, (list, tuple)):
        content = _join_parts(content)
        if isinstance(content, Problem):
            return content
    elif content is not None and not isinstance(content, str):
        return Problem("wrong_type", f".content: expected text, got {type(content).__name__}")
    texts = [content or ""]
    if calls:
        try:
            texts.append(orjson.dumps(calls).decode())
        except TypeError:
            return Problem("wrong_type", ".tool_calls: not JSON")
    return "\n".join(filter(None, texts)) if calls else texts[0]


def _join_parts(parts: Iterable[Any]) -> str | Problem:
    texts = []
    for index, part in enumerate(parts):
        text = part.get("text") if isinstance(part, dict) else part
        if not isinstance(text, str):
            kind = part.get("type") if isinstance(part, dict) else type(part).__name__
            detail = f".content[{index}]: only text can be kept, not {str(kind)[:60]!r}"
            return Problem("unsupported_part", detail)
        texts.append(text)
    return "\n".join(texts)


def check_text(text: str, max_chars: int) -> Problem | None:
    """What is wrong with the text of a turn, if anything.

    >>> check_text("a\\x00b", 10).reason
    'nul_byte'
    """
    if len(text) > max_chars:
        detail = f"{len(text):,} characters, more than max_turn_chars={max_chars:,}"
        return Problem("turn_too_long", detail)
    if "\0" in text:
        return Problem("nul_byte", f"a NUL character at {text.index(chr(0))}")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            return Problem("lone_surrogate", f"half of a surrogate pair at {error.start}")
    return None
