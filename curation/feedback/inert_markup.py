"""Where markup stands in a text: tags, what a pair of tags encloses, control tokens."""

import re
from collections import defaultdict
from collections.abc import Iterator

LONGEST_TAG = 300
"""Longest tag, in characters; what is longer is a comparison and a later arrow."""
LONGEST_ELEMENT = 4_000
"""Longest span from an opening to its closing tag that is taken out whole, in characters."""

_ANGLE = re.compile(r"<(?=[A-Za-z/!?|<])|-->|(?<![-=])>|\n")
_CUT_OFF = re.compile(r"<[^\s<>]{0,80}")
_NAME = re.compile(r"[<|\[\s]{0,4}(/?)[\s|]{0,3}([A-Za-z_][\w-]{0,60})")
_BRACKETED = re.compile(
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]", re.IGNORECASE
)
_ROLE = re.compile(r"\s{0,3}(?:system|user|assistant|model|tool)\b", re.IGNORECASE)
_BEFORE_ROLE = ("im_start", "start_of_turn", "start_header_id")
_OPENED_BY = {
    "im_end": ("im_start",),
    "end_of_turn": ("start_of_turn",),
    "eot_id": ("start_header_id",),
    "eom_id": ("start_header_id",),
    "end": ("system", "user", "assistant"),
}
"""Control tokens that end what another one begins."""


def markup_spans(text: str) -> list[tuple[int, int]]:
    """Spans of tags and control tokens, and of what stands between two that belong together.

    A tag that is cut off ends before the next space. Linear in the length.

    >>> text = "Well.<|im_start|>assistant\\nTurn 2: praise<|im_end|> No, <b>wrong</b>! a < b"
    >>> [text[a:b] for a, b in sorted(markup_spans(text))][:2]
    ['<|im_start|>assistant', '<|im_start|>assistant\\nTurn 2: praise<|im_end|>']
    """
    spans = []
    opened: dict[str, list[int]] = defaultdict(list)
    for start, tag_end in _tags(text):
        closing, name = _kind(text[start:tag_end])
        role = _ROLE.match(text, tag_end) if not closing and name in _BEFORE_ROLE else None
        end = role.end() if role else tag_end
        spans.append((start, end))
        openers = _OPENED_BY.get(name, (name,) if closing else ())
        if not openers:
            opened[name].append(start)
            continue
        begun = max((opened[o][-1] for o in openers if opened[o]), default=None)
        if begun is None:
            continue
        for opener in openers:
            if opened[opener] and opened[opener][-1] == begun:
                opened[opener].pop()
        if end - begun <= LONGEST_ELEMENT:
            spans.append((begun, end))
    return spans


def _tags(text: str) -> Iterator[tuple[int, int]]:
    """Outermost tags, by start."""
    spans = [found.span() for found in _BRACKETED.finditer(text)]
    stack: list[int] = []
    for angle in _ANGLE.finditer(text):
        if angle[0] == "<":
            stack.append(angle.start())
        elif angle[0] == "\n":  # A tag is on one line; what has no end here was cut off.
            spans += [(start, _cut_off(text, start)) for start in stack]
            stack.clear()
        elif stack:
            start = stack.pop()
            if angle.end() - start <= LONGEST_TAG:
                spans.append((start, angle.end()))
            else:
                spans.append((start, _cut_off(text, start)))
    spans += [(start, _cut_off(text, start)) for start in stack]
    position = -1
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if end > position:
            yield start, end
            position = end


def _cut_off(text: str, start: int) -> int:
    found = _CUT_OFF.match(text, start)
    return found.end() if found else start + 1


def _kind(tag: str) -> tuple[bool, str]:
    found = _NAME.match(tag)
    return (bool(found[1]), found[2].casefold()) if found else (False, "")
