"""Numbers in a worked solution: which ones are arithmetic, what they are worth, how they look.

Dates, times, ratios with a colon, versions, list numbers and labels ("Step 2"), ordinals,
citations, phone numbers, links and code are no arithmetic.
"""

import re
from bisect import bisect_right
from fractions import Fraction
from typing import NamedTuple

MAX_DIGITS = 15
"""Most digits of a number that is read."""
MONTHS = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)[a-z]{0,6}\.?"

_NOT_ARITHMETIC = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"`[^`\n]*`",
        r"(?:https?://|www\.)\S+",
        r"\b[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}\b",
        r"\b[0-9]{1,2}[/.-][0-9]{1,2}[/.-](?:[0-9]{4}|[0-9]{2})\b",
        rf"\b{MONTHS}[ ][0-9]{{1,2}}(?:st|nd|rd|th)?\b(?:,?[ ][0-9]{{4}}\b)?",
        rf"\b[0-9]{{1,2}}(?:st|nd|rd|th)?[ ](?:of[ ])?{MONTHS}(?:,?[ ][0-9]{{4}}\b)?",
        rf"\b{MONTHS}[ ][0-9]{{4}}\b",
        r"\b[0-9]{1,6}(?::[0-9]{1,6}){1,2}\b",
        r"\b[0-9]{1,2} ?[AaPp]\.?[Mm]\b",
        r"\b[0-9]{1,2} o'clock\b",
        r"\b[vV]?[0-9]{1,6}(?:\.[0-9]{1,6}){2,}\b",
        r"\b[vV][0-9]{1,6}(?:\.[0-9]{1,6})*\b",
        r"\b[0-9]{1,9}(?:st|nd|rd|th)\b",
        r"\[[0-9]{1,3}(?:, ?[0-9]{1,3}){0,20}\](?!\()",
        r"\b[0-9]{3}-[0-9]{3,4}-[0-9]{4}\b",
        r"\b[0-9]{1,9}(?:\{,\}[0-9]{1,9})+",
        r"(?i:\b(?:step|question|problem|exercise|example|case|part|figure|table|section|chapter"
        r"|equation|page|line|note|method|option|rule|version|python|release|phase)"
        r"[ ]#?[0-9]{1,6}(?:\.[0-9]{1,6})*\b)",
        r"^[ \t>*#_]*\(?[0-9]{1,3}[.)](?=[ \t*])",
        r"^[ \t>]*[-*+•](?=[ \t])",
    )
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


class Spans(NamedTuple):
    """Parts of a text that do not overlap, in order."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def end_of(self, at: int) -> int | None:
        """End of the part that an index is in, None where it is in none."""
        i = bisect_right(self.starts, at) - 1
        return self.ends[i] if i >= 0 and at < self.ends[i] else None


def not_arithmetic(text: str) -> Spans:
    """Parts of a text whose digits are no numbers to calculate with.

    >>> spans = not_arithmetic("1. On May 5, 2021 at 10:30 v2.0 cost 3 + 4 = 7.")
    >>> [spans.end_of(i) is None for i in (0, 6, 21, 27, 37)]
    [False, False, False, False, True]
    """
    found = [m.span() for pattern in _NOT_ARITHMETIC for m in pattern.finditer(text)]
    fences = [m.start() for m in _FENCE.finditer(text)]
    for opening, closing in zip(fences[::2], [*fences[1::2], len(text)], strict=False):
        newline = text.find("\n", closing)
        found.append((opening, len(text) if newline < 0 else newline))
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return Spans(tuple(s for s, _ in merged), tuple(e for _, e in merged))


_DECIMALS = r"(?:[0-9]{1,2}|[0-9]{4,9})(?![0-9]|[.,][0-9])"
_COMMA_DECIMAL = re.compile(rf"(?<![0-9.,])[0-9]{{1,3}}(?:\.[0-9]{{3}})*,{_DECIMALS}")
_POINT_DECIMAL = re.compile(rf"(?<![0-9.,])[0-9]{{1,3}}(?:,[0-9]{{3}})*\.{_DECIMALS}")


def decimal_mark(text: str) -> str:
    """The decimal mark of a text: a comma where some number needs it and none needs a point.

    >>> decimal_mark("3,5 kg for 1.250 euros"), decimal_mark("1,250 or 3.5"), decimal_mark("1,250")
    (',', '.', '.')
    """
    return "," if _COMMA_DECIMAL.search(text) and not _POINT_DECIMAL.search(text) else "."


class Format(NamedTuple):
    """How a number is written."""

    mark: str
    """Decimal mark; the other one of point and comma parts thousands."""
    decimals: int
    grouped: bool
    """Whether thousands are parted."""


def read_number(digits: str, mark: str) -> tuple[Fraction, Format] | None:
    """The value of `[0-9.,]+` and how it is written; None where that is not clear.

    >>> read_number("1,250.50", ".")
    (Fraction(2501, 2), Format(mark='.', decimals=2, grouped=True))
    >>> read_number("3,5", ".") is None
    True
    """
    parter = "," if mark == "." else "."
    whole, has_mark, fraction = digits.partition(mark)
    groups = whole.split(parter)
    grouped = len(groups) > 1
    clear = (
        len(digits) <= MAX_DIGITS
        and whole.replace(parter, "").isdecimal()
        and (not has_mark or fraction.isdecimal())
        and (not grouped or (0 < len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])))
        and (len(groups[0]) == 1 or not groups[0].startswith("0"))
    )
    if not clear:
        return None
    value = Fraction(int("".join(groups) + fraction), 10 ** len(fraction))
    return value, Format(mark, len(fraction), grouped)


def write_number(value: Fraction, like: Format, decimals: int | None = None) -> str:
    """Write a value as another number is written, exactly; `decimals` more than `like` has.

    >>> write_number(Fraction(1234567, 100), Format(".", 2, True))
    '12,345.67'
    """
    places = like.decimals if decimals is None else decimals
    scaled = abs(value) * 10**places
    whole, rest = divmod(int(scaled), 10**places)
    digits = str(whole)
    # A thousand in a text that parts thousands is parted; one that did not stays as it was.
    if like.grouped:
        digits = f"{whole:,}".replace(",", "," if like.mark == "." else ".")
    sign = "-" if value < 0 else ""
    return sign + digits + (f"{like.mark}{rest:0{places}}" if places else "")


def decimals_of(value: Fraction, most: int) -> int | None:
    """The decimals that a value needs, None where it needs more than `most`.

    >>> decimals_of(Fraction(1, 4), 2), decimals_of(Fraction(1, 3), 9)
    (2, None)
    """
    for places in range(most + 1):
        if (value * 10**places).denominator == 1:
            return places
    return None


def slips(value: Fraction, like: Format) -> list[Fraction]:
    """Values that one wrong digit, or two in the wrong order, would give.

    The first digit stays above 0 and zeros at the end stay, so that the number has the same
    length and roundness.

    >>> [int(v) for v in slips(Fraction(120), Format(".", 0, False))]
    [110, 130, 140, 210, 220, 320]
    """
    digits = list(str(int(abs(value) * 10**like.decimals)).rjust(like.decimals + 1, "0"))
    significant = len("".join(digits).rstrip("0"))
    found = []
    for i in range(significant):
        digit = int(digits[i])
        # Two off would double or triple what has one digit that counts.
        far = () if significant == 1 else (digit - 2, digit + 2)
        for other in (*far, digit - 1, digit + 1):
            leading = i == 0 and len(digits) > like.decimals + (like.decimals > 0)
            if (1 if leading or i == significant - 1 else 0) <= other <= 9:
                found.append([*digits[:i], str(other), *digits[i + 1 :]])
        if i + 1 < significant and digits[i] != digits[i + 1] and digits[i + 1] != "0":
            found.append([*digits[:i], digits[i + 1], digits[i], *digits[i + 2 :]])
    sign = -1 if value < 0 else 1
    values = [Fraction(sign * int("".join(d)), 10**like.decimals) for d in found]
    return sorted({v for v in values if v not in (0, value)})
