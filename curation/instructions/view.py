"""A text as the checkers see it: what is a line, a word, a paragraph, a list item, a heading.

Normal form: Unicode NFC; Windows and old Mac line ends are line ends; blanks and zero-width
characters at both ends are left out.

- character: a code point of the normal form.
- word: a run between blanks, em dashes and ellipses that holds a letter or a digit. `e.g.`,
  `don't`, `well-known`, `3.14`, `and/or` are one word each; the number before a list item is none.
- term: a run of letters, digits, combining marks and underscores; what keywords are matched with,
  regardless of case. `river's` holds the term `river`, `rivers` does not.
- fence: a line that begins with three or more backticks or tildes. What stands between two, or
  after the last, is code: it has no lists, headings, tables or bold text.
- list item: a line that begins with `-`, `*`, `+`, `•`, `‣`, `◦`, `▪`, `●` and a blank (a bullet),
  or with one to three digits, `.` or `)` and a blank (a number), and has something after it; at
  every level of indentation. `---` and `* * *` are rules, not items.
- heading: up to three blanks, one to six `#`, a blank, something visible.
- table: a line with `|`, and below it a line of `|`, `-`, `:` with at least one `-` and one `|`.
- paragraph: lines between empty lines, unless they are rules; a fenced block is never cut.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from itertools import pairwise

from curation.instructions.emoji import count_emoji, has_unsure_symbols
from curation.instructions.scripts import is_spaced, letters, marks

BLANKS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff"
BLANKS += "\u200b\u200c\u200d\u200e\u200f\u2060" + "".join(map(chr, range(0x2000, 0x200B)))
"""What does not count as visible at the ends of a text or a line."""

_FENCE = re.compile(r"[ \t]*(?:(`{3,})[^`]*|(~{3,}).*)\Z")
_BULLET = re.compile(r"[ \t]*[-*+•‣◦▪●][ \t]+(?=\S)")
_NUMBER = re.compile(r"[ \t]*\d{1,3}[.)][ \t]+(?=\S)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+[^\s#]")
_DELIMITER = re.compile(r"[ \t|:-]+")
_BOLD = re.compile(r"\*\*(?=[^\s*])[^*\n]{1,500}(?<!\s)\*\*")
_BETWEEN_WORDS = re.compile(r"\s+|—|…|\.{3}")


class View:
    """One text, and everything that is counted in it, each once and only when asked for.

    >>> view = View("# Colours\\r\\n\\r\\n- red\\r\\n- blue, e.g. like the sky")
    >>> len(view.words), view.bullets, view.headings, view.paragraphs
    (7, 2, 1, 2)
    """

    def __init__(self, text: str) -> None:
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        self.text = unicodedata.normalize("NFC", lines).strip(BLANKS)
        """The normal form."""

    @cached_property
    def lines(self) -> list[str]:
        """All lines."""
        return self.text.split("\n")

    @cached_property
    def _marked(self) -> list[tuple[str, int]]:
        """The lines, each with the number of the fenced block that it belongs to, or 0."""
        marked, number, fence = [], 0, ""
        for line in self.lines:
            found = _FENCE.match(line)
            mark = (found[1] or found[2]) if found else ""
            if fence:
                marked.append((line, number))
                if mark.startswith(fence) and not line.strip().strip(fence[0]):
                    fence = ""
                continue
            fence, number = mark, number + bool(mark)
            marked.append((line, number if mark else 0))
        return marked

    @cached_property
    def outside(self) -> list[str]:
        """The lines that are no code; empty ones stand for those that are."""
        return ["" if block else line for line, block in self._marked]

    @cached_property
    def fences(self) -> int:
        """Fenced blocks."""
        return max(block for _, block in self._marked)

    @cached_property
    def _bullet_lines(self) -> list[str]:
        return [line for line in self.outside if _BULLET.match(line) and not is_rule(line)]

    @cached_property
    def _number_lines(self) -> list[str]:
        return [line for line in self.outside if _NUMBER.match(line)]

    @property
    def bullets(self) -> int:
        """List items with a bullet, at every level."""
        return len(self._bullet_lines)

    @property
    def numbered(self) -> int:
        """List items with a number, at every level."""
        return len(self._number_lines)

    @cached_property
    def is_nested(self) -> bool:
        """Whether list items are indented in more than one way."""
        items = self._bullet_lines + self._number_lines
        return len({len(line) - len(line.lstrip(" \t")) for line in items}) > 1

    @cached_property
    def headings(self) -> int:
        """Headings with `#`."""
        return sum(_HEADING.match(line) is not None for line in self.outside)

    @cached_property
    def tables(self) -> int:
        """Tables with `|` and a line of dashes."""
        lines = self.outside
        return sum(
            "|" in head and "|" in line and "-" in line and _DELIMITER.fullmatch(line) is not None
            for head, line in pairwise(lines)
        )

    @cached_property
    def bold(self) -> int:
        """Stretches between double asterisks on one line."""
        return sum(len(_BOLD.findall(line)) for line in self.outside if "**" in line)

    @cached_property
    def is_plain(self) -> bool:
        """Whether a text is prose alone: no list, heading, table or code."""
        return not (self.bullets or self.numbered or self.headings or self.tables or self.fences)

    @cached_property
    def paragraphs(self) -> int:
        """Paragraphs."""
        count, inside = 0, False
        for line, block in self._marked:
            if not block and not line.strip(BLANKS):
                inside = False
            elif not inside and (block or not is_rule(line)):
                count, inside = count + 1, True
        return count

    @cached_property
    def words(self) -> list[str]:
        """Words, as they stand."""
        text = self.text
        if self._number_lines:
            text = "\n".join(_NUMBER.sub("", line, count=1) for line in self.lines)
        return [run for run in _BETWEEN_WORDS.split(text) if any(map(str.isalnum, run))]

    @cached_property
    def terms(self) -> Mapping[str, int]:
        """How often each term stands in the text, by its case-folded form."""
        return Counter(term.casefold() for term in _term_pattern().findall(self.text))

    @cached_property
    def folded(self) -> str:
        """The text, case-folded."""
        return self.text.casefold()

    @cached_property
    def is_spaced(self) -> bool:
        """Whether words can be told apart by spaces."""
        return is_spaced(self.text)

    @cached_property
    def letters(self) -> int:
        """Letters."""
        return letters(self.text)

    @cached_property
    def sentences(self) -> int:
        """Sentences, see `curation.instructions.sentences`."""
        from curation.instructions.sentences import count_sentences

        return count_sentences(self.outside)

    @cached_property
    def emoji(self) -> int:
        """Emoji, see `curation.instructions.emoji`."""
        return count_emoji(self.text)

    @cached_property
    def has_unsure_symbols(self) -> bool:
        """Whether there are symbols that some readers take for emoji."""
        return has_unsure_symbols(self.text)

    @cached_property
    def first_line(self) -> str:
        """The first line, without blanks around it."""
        return self.lines[0].strip(BLANKS)


def is_rule(line: str) -> bool:
    """Whether a line is a horizontal rule: three or more of one of `-`, `*`, `_`.

    >>> is_rule(" * * *"), is_rule("--"), is_rule("- - x")
    (True, False, False)
    """
    run = "".join(line.split())
    return len(run) >= 3 and run[0] in "-*_" and not run.strip(run[0])


def without_item_mark(line: str) -> tuple[str, bool]:
    """A line without bullet, number or heading mark, and whether it had one."""
    for pattern in (_BULLET, _NUMBER):
        if found := pattern.match(line):
            return line[found.end() :], True
    return line, False


def is_heading(line: str) -> bool:
    """Whether a line is a heading with `#`."""
    return _HEADING.match(line) is not None


def _term_pattern() -> re.Pattern[str]:
    # The module re keeps compiled patterns.
    return re.compile(rf"[\w{marks()}]+")
