"""A mail's own words: without what it quotes, and without its signature."""

import re

SIGNATURE = "-- "
"""The line before a signature (RFC 3676, section 4.3)."""
_WHEN = re.compile(r"\b\d{1,2}[:.]\d{2}\b|\b(?:19|20)\d{2}\b")
_INTRODUCTION_CHARS = 300


def own_text(body: str) -> str:
    """Take quoted lines and the signature out of a mail's text.

    Input: plain text. Output: the text up to the first line `-- `, without the lines that begin
    with `>`, and without the one or two lines that introduce a quotation by naming a time or an
    address (`On 3 May 2021, Ann wrote:`); no more than one blank line in a row.

    >>> own_text("On 3 May 2021, Ann wrote:\\n> Is it good?\\n\\nVery good.\\n-- \\nBen")
    'Very good.'
    """
    kept: list[str] = []
    quoting = False
    for line in body.replace("\r\n", "\n").split("\n"):
        if line == SIGNATURE:
            break
        if line.lstrip(" ").startswith(">"):
            if not quoting:
                _drop_introduction(kept)
            quoting = True
            continue
        quoting = quoting and not line.strip()
        if line.strip() or (kept and kept[-1].strip()):
            kept.append(line.rstrip())
    return "\n".join(kept).strip("\n")


def _drop_introduction(kept: list[str]) -> None:
    """Take off the line that does nothing but introduce a quotation.

    "On Mon, 3 May 2021 at 10:12, Ann <ann@example.org> wrote:", in whatever language, ends with a
    colon and has a time of day, a year or an address in it. Mailers break it before the address.
    """
    end = len(kept)
    while end and not kept[end - 1].strip():
        end -= 1
    last = kept[end - 1] if end else ""
    if not last.endswith(":") or len(last) > _INTRODUCTION_CHARS:
        return
    before = kept[end - 2][:_INTRODUCTION_CHARS] if end > 1 else ""
    if _WHEN.search(last):
        del kept[end - 1 :]
    elif "@" in last:
        del kept[end - (2 if _WHEN.search(before) else 1) :]
