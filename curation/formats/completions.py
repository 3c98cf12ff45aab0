"""Prompts and completions as pair files write them: plain text, messages or transcripts."""

from collections.abc import Mapping
from typing import Any

from curation.formats.hh import is_transcript, read_transcript
from curation.formats.pairs import Dialogue
from curation.formats.turns import check_text, listed, read_turn, read_turns
from curation.reading.rows import Problem
from schemas.records import Message


def read_prompt(value: Any, max_chars: int) -> Dialogue | Problem:
    """A prompt: text of the user, a transcript that may end in "Assistant:", or messages.

    >>> read_prompt("hi", 100)
    (Message(role='user', content='hi'),)
    >>> read_prompt("\\n\\nHuman: hi\\n\\nAssistant:", 100)
    (Message(role='user', content='hi'),)
    """
    prompt: Dialogue | Problem
    if is_transcript(value):
        prompt = read_transcript(value, "prompt", max_chars)
        if not isinstance(prompt, Problem) and prompt[-1] == ("assistant", ""):
            prompt = prompt[:-1]
    else:
        prompt = _read("user", value, "prompt", max_chars)
    if not isinstance(prompt, Problem) and (not prompt or prompt[-1].role != "user"):
        return Problem("no_user_turn", "prompt: must end with a turn of the user")
    return prompt


def read_side(value: Any, field: str, max_chars: int) -> Dialogue | Problem:
    """A completion: text of the assistant, messages, or one message.

    >>> read_side({"from": "gpt", "value": "hello"}, "chosen", 100)
    (Message(role='assistant', content='hello'),)
    """
    if isinstance(value, dict):
        turn = read_turn(value, max_chars)
        if isinstance(turn, Problem):
            return turn._replace(detail=field + turn.detail)
        return (turn,)
    return () if value is None else _read("assistant", value, field, max_chars)


def _read(role: str, value: Any, field: str, max_chars: int) -> Dialogue | Problem:
    turns = listed(value)
    if isinstance(turns, str):
        problem = check_text(turns, max_chars)
        return (
            problem._replace(detail=f"{field}: {problem.detail}")
            if problem
            else (Message(role, turns),)
        )
    if isinstance(turns, (list, tuple)):
        return read_turns(turns, field, max_chars)
    found = type(value).__name__
    return Problem("wrong_type", f"{field}: expected text or a list of messages, got {found}")


def read_sides(
    value: Mapping[str, Any], prompt: Dialogue, max_chars: int
) -> tuple[Dialogue, Dialogue] | Problem:
    """Both sides as whole dialogues, whether or not they repeat the prompt."""
    chosen = read_side(value["chosen"], "chosen", max_chars)
    rejected = read_side(value["rejected"], "rejected", max_chars)
    if isinstance(chosen, Problem):
        return chosen
    if isinstance(rejected, Problem):
        return rejected
    return _whole(prompt, chosen), _whole(prompt, rejected)


def _whole(prompt: Dialogue, side: Dialogue) -> Dialogue:
    return side if side[: len(prompt)] == prompt else prompt + side
