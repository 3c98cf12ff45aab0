"""Learning a rubric: why a user is satisfied, and what is common; one thing on each line.

Both answers are read line by line: what is not in form is counted and not used, and a last line
that was cut off by the answer's length does not count.

Reference: Lin et al., SPUR (arXiv 2403.12388), sections 3.1 (supervised extraction) and 3.2
(rubric summarisation).
"""

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

from curation.feedback.rubric import MAX_DEFINITION, MAX_NAME, RESERVED, RubricItem
from curation.models.protocols import Completion
from curation.prompts.prompt import EMPTY, TRUNCATED, Prompt, Unparsed
from schemas.records import Message

MAX_REASONS = 3
"""Most reasons taken from one conversation."""

_FEELINGS = {"satisfaction": "satisfied", "dissatisfaction": "dissatisfied"}
_REASON = re.compile(r"\s{0,4}(?:-|[1-9]\d?[.)])\s{1,4}(\S.*)")
_ITEM = re.compile(r"\s{0,4}(?:-|[1-9]\d?[.)])\s{1,4}([^:|]{2,80}):([^|]+)(?:\|([^|]+))?")
_WORD = re.compile(r"[a-z0-9]+")
_MARK = re.compile(r"##[0-9a-f]{8}")
_LEAST = 8  # Characters of a reason or definition; less says nothing.

T = TypeVar("T")


class LinesPrompt(Prompt[tuple[list[T], int]]):
    """What is read is a list, never empty, and how many lines of the answer are in no form."""

    def about(self, parts: str, mark: str, polarity: str, most: int) -> list[Message]:
        """Render the prompt.

        Parameters: parts: the texts, each a line after the mark (with a heading, or without);
        polarity, one of `schemas.records.POLARITIES`; most: reasons or items.
        """
        return self.render(parts=parts, mark=mark, feeling=_FEELINGS[polarity], most=most)

    def parse_lines(self, answer: Completion) -> tuple[list[T], int] | Unparsed:
        """Read an answer, without its last line where it was cut off in it."""
        if answer.finish_reason == "stop":
            return self.read(answer.text)
        read = self.read("\n".join(answer.text.splitlines()[:-1]))
        return self.unparsed(TRUNCATED) if isinstance(read, Unparsed) else read

    def read(self, text: str) -> tuple[list[T], int] | Unparsed:
        """What the lines say; those without a visible character do not count."""
        lines = [line for line in text.splitlines() if line.strip()]
        kept = list(self.kept(lines))
        found = self.chosen(kept)
        if not found:
            return self.unparsed() if lines else self.unparsed(EMPTY)
        return found, len(lines) - len(kept)

    def kept(self, lines: Sequence[str]) -> Iterator[T]:
        """What the lines say that are in form."""
        raise NotImplementedError  # protocol

    def chosen(self, kept: list[T]) -> list[T]:
        """Those of them that are taken."""
        return kept


class ReasonsPrompt(LinesPrompt[str]):
    """Asks why a user is satisfied or dissatisfied.

    A line that only repeats the form, or a mark of the prompt, says nothing.

    >>> text = "Reasons:\\n- The user thanks.\\n- The user thanks.\\n2. They adopt the plan.\\n"
    >>> REASONS.parse_lines(Completion(text, "stop", 9, 9))
    (['The user thanks.', 'They adopt the plan.'], 1)
    """

    name = "rubric_learning_reasons"
    version = 1
    grammar = (
        f'lines "- " TEXT or NUMBER "." TEXT, of which the first {MAX_REASONS} different ones '
        f"count; a TEXT of {_LEAST} to {MAX_DEFINITION} characters"
    )

    def kept(self, lines: Sequence[str]) -> Iterator[str]:
        """The reasons that say something."""
        found = filter(None, map(_REASON.fullmatch, lines))
        return filter(_says_something, (_plain(match[1]) for match in found))

    def chosen(self, kept: list[str]) -> list[str]:
        """The first different ones."""
        return list(dict.fromkeys(kept))[:MAX_REASONS]


class ItemsPrompt(LinesPrompt[RubricItem]):
    """Asks for criteria that merge reasons.

    An item with an instruction is one of dissatisfaction, any other one of satisfaction.
    """

    name = "rubric_learning_items"
    version = 1
    grammar = (
        'satisfaction: lines "- " NAME ": " TEXT; dissatisfaction: lines "- " NAME ": " TEXT '
        f'" | " TEXT; a NAME of words that becomes snake_case of at most {MAX_NAME} characters, a '
        f"TEXT of {_LEAST} to {MAX_DEFINITION} characters"
    )

    def kept(self, lines: Sequence[str]) -> Iterator[RubricItem]:
        """The items that say something and have a name."""
        for match in filter(None, map(_ITEM.fullmatch, lines)):
            name, definition, instruction = (_plain(part or "") for part in match.groups())
            name = snake_case(name)
            if name and all(map(_says_something, (definition, instruction or definition))):
                polarity = "dissatisfaction" if instruction else "satisfaction"
                yield RubricItem(name, polarity, definition, instruction)

    def parse_for(
        self, answer: Completion, polarity: str
    ) -> tuple[list[RubricItem], int] | Unparsed:
        """Read an answer about one polarity; items of the other one are in no form.

        >>> text = "- Too long: The user wants less text. | Be brief.\\n- Wrong: It is wrong."
        >>> items, dropped = ITEMS.parse_for(Completion(text, "stop", 9, 9), "dissatisfaction")
        >>> [(item.name, item.instruction) for item in items], dropped
        ([('too_long', 'Be brief.')], 1)
        """
        read = self.parse_lines(answer)
        if isinstance(read, Unparsed):
            return read
        items, dropped = read
        own = [item for item in items if item.polarity == polarity]
        return (own, dropped + len(items) - len(own)) if own else self.unparsed()


def snake_case(name: str) -> str:
    """A name for a rubric item; empty when nothing of it is left.

    >>> snake_case("**Too Long!**"), snake_case("不")
    ('too_long', '')
    """
    name = "_".join(_WORD.findall(name.casefold())).lstrip("_0123456789")
    return name[:MAX_NAME].rstrip("_") if len(name) > 2 and name not in RESERVED else ""


def _plain(text: str) -> str:
    visible = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(visible.replace("**", "").split()).strip("\"'`*_ ")


def _says_something(text: str) -> bool:
    blank = "..." in text or "…" in text or _MARK.search(text)
    return not blank and _LEAST <= len(text) <= MAX_DEFINITION


REASONS = ReasonsPrompt()
"""The prompt of the extraction."""
ITEMS = ItemsPrompt()
"""The prompt of the summarisation."""
