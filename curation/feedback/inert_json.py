"""Where JSON stands in a text: whole, cut off at its end, or with its braces lost."""

import re

LONGEST_BRACES = 2_000
"""Longest span between matching braces that counts although it is no JSON, in characters."""

_KEYS = (
    "verdicts?|turn|satisfied|dissatisfied|satisfaction|dissatisfaction|reason|state|relation"
    "|confidence|category|polarity|label|score"
)
_START = re.compile(
    r"\{|\[(?=(?:\s|\\[nrt\"]){0,9}(?:[\[{\"\]']|-?\d|(?:true|false|null)\b))"
    rf"|[\"'](?:{_KEYS})\\?[\"']\s{{0,9}}:",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"\s+|[{}\[\],:]|\\+[nrt]?|\"(?:[^\"\\\n]|\\.)*\"?|'[^'\n]*'?|-?\d[\d.eE+-]*"
    r"|(?:true|false|null|True|False|None)\b"
)
_BRACE = re.compile(r"[{}]")


def json_spans(text: str) -> list[tuple[int, int]]:
    """Spans of JSON objects and arrays, and of what braces enclose.

    A document that is cut off ends with its last bracket or string. Linear in the length.

    >>> [text[a:b] for text in ['So {"turn": 3, "dis'] for a, b in json_spans(text)]
    ['{"turn": 3, "dis']
    >>> json_spans("see [below] and (3)")
    []
    """
    matching = _matching_braces(text)
    spans: list[tuple[int, int]] = []
    start = _START.search(text)
    while start:
        begin = start.start()
        end = max(_document_end(text, begin), begin + 1)
        closing = matching.get(begin, 0)
        if end < closing <= begin + LONGEST_BRACES:
            end = closing
        spans.append((begin, end))
        start = _START.search(text, end)
    return spans


def _document_end(text: str, begin: int) -> int:
    depth, end, position = 0, begin, begin
    while token := _TOKEN.match(text, position):
        position = token.end()
        first = token[0][0]
        if first in "{[":
            depth += 1
        elif first in "}]":
            depth -= 1
        if first in "{}[]\"'":
            end = position
        if depth <= 0 and first in "}]":
            break
    return end


def _matching_braces(text: str) -> dict[int, int]:
    """For each opening brace that is closed, where what it encloses ends."""
    ends, stack = {}, []
    for brace in _BRACE.finditer(text):
        if brace[0] == "{":
            stack.append(brace.start())
        elif stack:
            ends[stack.pop()] = brace.end()
    return ends
