"""Text of unknown origin in Markdown: what data or recipe say is shown and never obeyed."""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table in Markdown, with all that is in it escaped.

    >>> print(markdown_table(("Method", "Pairs"), [("a|b", 1000)]))
    | Method | Pairs |
    | --- | --- |
    | a\\|b | 1,000 |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(escape(cell) for cell in line) + " |" for line in lines)


def escape(value: object) -> str:
    """A value as Markdown text of one line that cannot end a table's cell or open a tag.

    >>> escape("<b>|</b>")
    '&lt;b&gt;\\\\|&lt;/b&gt;'
    """
    text = f"{value:,}" if isinstance(value, int) else str(value)
    text = html.escape(re.sub(r"\s+", " ", text), quote=False)
    return re.sub(r"([|\\\[\]])", r"\\\1", text)
