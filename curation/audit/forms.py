"""Forms that a reply has or has not, whatever it says: lists, headings, code, how it ends."""

import re
from collections.abc import Callable

_BULLET = re.compile(r"^[ \t]{0,8}[-*•+][ \t]", re.MULTILINE)
_NUMBERED = re.compile(r"^[ \t]{0,8}\d{1,3}[.)][ \t]", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]", re.MULTILINE)
_TABLE = re.compile(r"^[ \t]{0,8}\|", re.MULTILINE)
_DIGIT = re.compile(r"\d")
_CLOSING = frozenset(".!?。！？…)]}\"'”’»`*:;）】」』")
_LETTERS = 60

FORMS: dict[str, Callable[[str], bool]] = {
    "leading_blank": lambda text: text[:1].isspace(),
    "trailing_blank": lambda text: text[-1:].isspace(),
    "no_closing_mark": lambda text: text.rstrip()[-1:] not in _CLOSING,
    "ends_asking": lambda text: text.rstrip()[-1:] in ("?", "？"),
    "ends_exclaiming": lambda text: text.rstrip()[-1:] in ("!", "！"),
    "begins_lower_case": lambda text: text.lstrip()[:1].islower(),
    "begins_with_mark": lambda text: not text.lstrip()[:1].isalnum(),
    "shouting": lambda text: text[:_LETTERS].isupper(),
    "line_breaks": lambda text: "\n" in text,
    "paragraphs": lambda text: "\n\n" in text,
    "carriage_returns": lambda text: "\r" in text,
    "double_blanks": lambda text: "  " in text,
    "bullets": lambda text: _BULLET.search(text) is not None,
    "numbered_list": lambda text: _NUMBERED.search(text) is not None,
    "headings": lambda text: _HEADING.search(text) is not None,
    "table": lambda text: _TABLE.search(text) is not None,
    "bold": lambda text: "**" in text or "__" in text,
    "code": lambda text: "`" in text,
    "code_block": lambda text: "```" in text,
    "link": lambda text: "http" in text or "](" in text,
    "question": lambda text: "?" in text or "？" in text,
    "exclamation": lambda text: "!" in text or "！" in text,
    "digits": lambda text: _DIGIT.search(text) is not None,
    "quotation": lambda text: '"' in text or "“" in text,
    "not_ascii": lambda text: not text.isascii(),
    "template_tokens": lambda text: "<|" in text or "[/INST]" in text or "</s>" in text,
}
"""Name and check of each form."""
_CHECKS = tuple(enumerate(FORMS.values()))


def form_bits(text: str) -> int:
    """The forms of a text as bits, the first of `FORMS` lowest.

    >>> names_of(form_bits("- one\\n- two "))
    ['trailing_blank', 'no_closing_mark', 'begins_with_mark', 'line_breaks', 'bullets']
    """
    return sum(1 << place for place, check in _CHECKS if check(text))


def names_of(bits: int) -> list[str]:
    """The names of the forms that bits stand for."""
    return [name for place, name in enumerate(FORMS) if bits >> place & 1]
