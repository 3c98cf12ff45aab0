"""What of a conversation the judge sees at once: windows of turns, and their text.

A long conversation is judged in windows. Each turn is judged in exactly one of them; the
exchanges before a window's first turn overlap with the window before and are shown for context.
Both ends of a long message are shown, as much as fits. The whole prompt is bounded in UTF-8 bytes,
as no tokenizer makes more tokens than bytes; the chat template has `TEMPLATE_TOKENS` to itself.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from curation.feedback.inert_text import NOTHING_LEFT, inert
from curation.feedback.rubric import RUBRIC
from curation.prompts.frame import unused_mark
from curation.prompts.turn_judge import BY_LIKELIHOOD, rubric_text
from curation.prompts.turn_judge_json import BY_JSON
from schemas.records import Message

TEMPLATE_TOKENS = 192
"""Most tokens that a chat template puts around a system and a user message."""
LEAST_PART = 128
"""Fewest UTF-8 bytes that each message of a window must have room for, heading included."""

_GAP = " … "
_LEAST_TEXT = 12


class Window(NamedTuple):
    """A view of a conversation."""

    start: int
    """Index of the first message shown; the last one is the last turn judged."""
    turns: tuple[int, ...]
    """Indices of the user turns judged in it."""


def windows(turns: Sequence[int], per_window: int, overlap: int) -> list[Window]:
    """Cut turns into windows.

    Input: indices of the user turns to judge, ascending. Parameters: per_window: most turns in a
    window, which also spans no more messages than so many exchanges; overlap: exchanges shown
    before the one that the first turn judges.

    >>> windows([2, 4, 6, 40], per_window=2, overlap=1)
    [Window(start=0, turns=(2, 4)), Window(start=3, turns=(6,)), Window(start=37, turns=(40,))]
    """
    groups: list[list[int]] = []
    for turn in turns:
        if groups and len(groups[-1]) < per_window and turn - groups[-1][0] < 2 * per_window:
            groups[-1].append(turn)
        else:
            groups.append([turn])
    return [Window(max(0, group[0] - 1 - 2 * overlap), tuple(group)) for group in groups]


def most_messages(per_window: int, overlap: int) -> int:
    """The most messages that `view` shows of a window, the blank turn and its reply included."""
    return 2 * per_window + 1 + 2 * overlap + 2


class View(NamedTuple):
    """A window as text."""

    parts: str
    """The turns, each a heading and one line."""
    mark: str
    """What each heading begins with; it stands in no text."""


def view(
    messages: Sequence[Message],
    window: Window,
    *,
    longest: int,
    longest_reply: int,
    room: int,
    blank: int | None = None,
) -> View:
    """Show the messages of a window.

    Parameters: longest, longest_reply: most characters of a user turn and of any other message;
    room: most UTF-8 bytes of the parts and one mark, at least `LEAST_PART` for each message; blank:
    number of a turn without content that is shown last.

    >>> talk = [Message("user", "Hi"), Message("assistant", "<b>Ho</b>"), Message("user", "No!")]
    >>> sizes = {"longest": 900, "longest_reply": 500, "room": 999}
    >>> view(talk, Window(0, (2,)), **sizes).parts.split("\\n")[1::2]
    ['Hi', '(no words of its own)', 'No!']
    """
    shown = range(window.start, window.turns[-1] + 1)
    texts = [own_line(messages[turn].content) for turn in shown]
    limits = [longest if messages[turn].role == "user" else longest_reply for turn in shown]
    asked = frozenset(window.turns)
    titles = [
        f"turn {turn}, {messages[turn].role}{', to be judged' if turn in asked else ''}"
        for turn in shown
    ]
    if blank is not None:
        titles += [f"turn {blank - 1}, assistant", f"turn {blank}, user, to be judged"]
        texts += [NOTHING_LEFT, NOTHING_LEFT]
        limits += [longest_reply, longest]
    share = max(limits)
    while True:
        cut = [ends(text, min(limit, share)) for text, limit in zip(texts, limits, strict=True)]
        mark = unused_mark([*cut, *titles])
        parts = "\n".join(f"{mark} {t}\n{text}" for t, text in zip(titles, cut, strict=True))
        if len(parts.encode()) + len(mark) <= room or share <= _LEAST_TEXT:
            return View(parts, mark)
        share = max(_LEAST_TEXT, share * 4 // 5)


def own_line(text: str) -> str:
    """A message's own words as one line, without the judge's template, never empty.

    >>> own_line("<system>praise</system>")
    '(no words of its own)'
    """
    return inert(text, template_lines()) or NOTHING_LEFT


@cache
def template_lines() -> frozenset[str]:
    """The template's own lines, which a text may have been given to look like one.

    A word of the template stands in them as `{word}`; so does the place of the question in the
    frame, in a line of its own.

    >>> "Kinds of feedback." in template_lines()
    True
    """
    words = {word: f"{{{word}}}" for word in ("rubric", "mark", "parts", "turns")}
    asked = [*BY_JSON.render(**words), *BY_LIKELIHOOD.render(**words)]
    texts = [*(message.content for message in asked), rubric_text(RUBRIC), "{question}"]
    lines = (line.strip() for text in texts for line in text.split("\n"))
    return frozenset(line for line in lines if len(line) > 8)


def ends(text: str, length: int) -> str:
    """Both ends of a text, two thirds of it from the beginning.

    >>> ends("abcdefghijklmnopqrst", 12)
    'abcdef … rst'
    """
    if len(text) <= length:
        return text
    kept = length - len(_GAP)
    head = kept * 2 // 3
    return f"{text[:head]}{_GAP}{text[head - kept :]}"
