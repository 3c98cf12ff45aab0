"""What a model wrote while it learned a rubric, read strictly: one thing on each line, in form."""

import re
from collections.abc import Iterable

from curation.feedback.rubric import MAX_DEFINITION, MAX_NAME, RESERVED, RubricItem
from curation.models.protocols import Completion

MAX_REASONS = 3
"""Most reasons taken from one conversation."""

_REASON = re.compile(r"\s{0,4}(?:-|[1-9]\d?[.)])\s{1,4}(\S.*)")
_ITEM = re.compile(r"\s{0,4}(?:-|[1-9]\d?[.)])\s{1,4}([^:|]{2,80}):([^|]+)(?:\|([^|]+))?")
_WORD = re.compile(r"[a-z0-9]+")
_MARK = re.compile(r"##[0-9a-f]{8}")
_LEAST = 8  # Characters of a reason or definition; less says nothing.


def parse_reasons(answer: Completion) -> tuple[list[str], int]:
    """The reasons in an answer, at most `MAX_REASONS`, and how many lines are in no form.

    A last line that was cut off by the answer's length does not count, nor does a line that only
    repeats the form, or a mark of the prompt.

    >>> text = "Reasons:\\n- The user thanks.\\n- The user thanks.\\n2. They adopt the plan.\\n"
    >>> parse_reasons(Completion(text, "stop", 9, 9))
    (['The user thanks.', 'They adopt the plan.'], 1)
    """
    lines = _lines(answer)
    found = [_REASON.fullmatch(line) for line in lines]
    reasons = [_plain(match[1]) for match in found if match]
    kept = [reason for reason in reasons if _says_something(reason)]
    return list(dict.fromkeys(kept))[:MAX_REASONS], len(lines) - len(kept)


def parse_items(answer: Completion, polarity: str) -> tuple[list[RubricItem], int]:
    """The items in an answer, and how many lines are in no form.

    A line is `- name: definition`, for dissatisfaction `- name: definition | instruction`.

    >>> text = "- Too long: The user wants less text. | Be brief.\\n- Wrong: It is wrong.\\nDone."
    >>> items, dropped = parse_items(Completion(text, "stop", 9, 9), "dissatisfaction")
    >>> [(item.name, item.instruction) for item in items], dropped
    ([('too_long', 'Be brief.')], 2)
    """
    items, lines = [], _lines(answer)
    for line in lines:
        match = _ITEM.fullmatch(line)
        if not match:
            continue
        name, definition, instruction = (_plain(part or "") for part in match.groups())
        if not definition or bool(instruction) != (polarity == "dissatisfaction"):
            continue
        name = snake_case(name)
        if name and all(map(_says_something, filter(None, (definition, instruction)))):
            items.append(RubricItem(name, polarity, definition, instruction))
    return items, len(lines) - len(items)


def snake_case(name: str) -> str:
    """A name for a rubric item; empty when nothing of it is left.

    >>> snake_case("**Too Long!**"), snake_case("不")
    ('too_long', '')
    """
    name = "_".join(_WORD.findall(name.casefold())).lstrip("_0123456789")
    return name[:MAX_NAME].rstrip("_") if len(name) > 2 and name not in RESERVED else ""


def unique_items(
    items: Iterable[RubricItem], polarity: str, most: int, taken: Iterable[str] = ()
) -> list[RubricItem]:
    """The first items that say something new under a name of their own.

    Parameters: taken: names that are gone; an item with one of them is given another.
    """
    names, definitions = set(taken), set()
    kept: list[RubricItem] = []
    for item in items:
        said = " ".join(_WORD.findall(item.definition.casefold())) or item.definition
        if item.polarity != polarity or said in definitions or len(kept) == most:
            continue
        name, number = item.name, 2
        while name in names:
            name = f"{item.name[: MAX_NAME - 4]}_{number}"
            number += 1
        names.add(name)
        definitions.add(said)
        kept.append(item._replace(name=name))
    return kept


def _lines(answer: Completion) -> list[str]:
    """Lines that are not empty; without the last one where the answer was cut off in it."""
    lines = answer.text.splitlines()
    if answer.finish_reason != "stop":
        lines = lines[:-1]
    return [line for line in lines if line.strip()]


def _plain(text: str) -> str:
    visible = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(visible.replace("**", "").split()).strip("\"'`*_ ")


def _says_something(text: str) -> bool:
    blank = "..." in text or "…" in text or _MARK.search(text)
    return not blank and _LEAST <= len(text) <= MAX_DEFINITION
