"""The part of a user turn that is the user's own wording, and that wording as tokens.

Code, quoted lines and quoted passages are what the user talks about, not what they say, so
a cue in them is none. Of a very long turn only both ends are looked at: what stands in the
middle of a pasted document is not feedback.
"""

import re
import unicodedata
from functools import lru_cache

HEAD = 600
"""Characters looked at from the beginning of a turn."""
TAIL = 300
"""Characters looked at from the end of a longer turn."""
PAUSES = frozenset({".", "?", ","})
"""The tokens that stand for punctuation and line breaks: a phrase never runs across one."""

# Every pattern is linear: no two neighbouring repetitions can match the same character.
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]{1,300}`", re.DOTALL)
_QUOTED_LINE = re.compile(r"^[ \t]{0,8}>[^\n]*", re.MULTILINE)
_QUOTATION = re.compile(
    r'"[^"]{1,5000}"|“[^“”]{1,5000}”|„[^„“”]{1,5000}[“”]|«[^«»]{1,5000}»'
    r"|「[^「」]{1,5000}」|『[^『』]{1,5000}』"
)
_APOSTROPHES = re.compile("['’‘ʼ´]")
_ACCENTS = re.compile("[\u0300-\u036f]")
_MARKS = frozenset(".!?。\n,;:、–—")
_IDEOGRAPHS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(
    rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+|[.!?。\n]+|[,;:、–—]+|[\u2600-\u27bf\U0001f300-\U0001faff]"
)


def own_words(text: str) -> str:
    """What the user says in their own words, at most `HEAD + TAIL` characters and a gap.

    >>> own_words('This fails:\\n```\\nraise "wrong"\\n```\\nWhat does "bad request" mean?')
    'This fails:\\n \\nWhat does   mean?'
    """
    if "`" in text:
        text = _CODE.sub(" ", text)
    if ">" in text:
        text = _QUOTED_LINE.sub(" ", text)
    if '"' in text or not text.isascii():
        text = _QUOTATION.sub(" ", text)
    text = text.strip()
    if len(text) <= HEAD + TAIL:
        return text
    return f"{text[:HEAD]}\n{text[-TAIL:]}"


def tokens(text: str) -> list[str]:
    """Text as comparable tokens.

    Output: words in alphabetic scripts and single characters in Chinese and Japanese, NFKC,
    case folded, without accents and apostrophes (users leave out both); punctuation and line
    breaks as the three `PAUSES`; emoji one by one.

    >>> tokens("Ça ne marche pas… That’s WRONG！不对")
    ['ca', 'ne', 'marche', 'pas', '.', 'thats', 'wrong', '.', '不', '对']
    """
    if text.isascii():
        text = text.replace("'", "")
    else:
        text = _APOSTROPHES.sub("", text)
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text)))
        text = unicodedata.normalize("NFC", text)
    return [
        token if token[0] not in _MARKS else _pause(token)
        for token in _TOKEN.findall(text.casefold())
    ]


@lru_cache(maxsize=64)
def own_tokens(text: str) -> tuple[str, ...]:
    """The tokens of a turn's `own_words`; those of the last few turns are kept.

    >>> own_tokens("No, wrong!")
    ('no', ',', 'wrong', '.')
    """
    return tuple(tokens(own_words(text)))


def _pause(mark: str) -> str:
    if mark[0] in ",;:、–—":
        return ","
    return "?" if "?" in mark else "."
