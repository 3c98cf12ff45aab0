"""Which instructions do not go together, and which go against what a user has asked already.

Instructions of one topic are never combined, nor are those of two topics that `CONFLICTS` names.
A topic that the conversation's user or system speaks of (`CUES`) is left alone altogether: "in
at most 50 words" would go against "write a long essay". The cues are English, with the words that
other languages share; they rather leave out a topic than contradict.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from curation.instructions.catalogue import KINDS
from curation.instructions.characters import CHARACTERS
from schemas.records import Message

TOPICS: tuple[str, ...] = tuple(dict.fromkeys(kind.topic for kind in KINDS))
"""Everything that instructions speak of."""

_CHARACTERS = [kind.topic for kind in CHARACTERS]
_ANY_BUT_LENGTH = [t for t in TOPICS if t not in ("json", "length", "keywords")]
CONFLICTS: Mapping[str, Sequence[str]] = {
    # JSON has its own punctuation, no Markdown, and neither title nor postscript around it.
    "json": _ANY_BUT_LENGTH,
    # A phrase to end with, or a word to begin with, has characters that may be forbidden.
    "ending": [*_CHARACTERS, "postscript", "quotes", "table", "code", "list"],
    "beginning": ["case", "title", "headings", "quotes", "list", "table", "code"],
    # The quotation marks are the first and the last characters.
    "quotes": ["title", "headings", "postscript", "code", "table", "list"],
    # "P.S." has capitals, and is prose.
    "postscript": ["case", "table", "code"],
    # Numbered points have digits; so has code, as a rule, beside every punctuation mark.
    "digits": ["list", "code", "table"],
    "code": ["case", "commas", "parentheses", "questions", "exclamations"],
    # Ten points, a table or three headings do not fit into twenty words or one paragraph.
    "length": ["list", "table", "headings", "code"],
    "case": ["keywords"],
    "title": ["headings"],
    "placeholders": ["case", "code"],
}
"""Topics that a topic is never combined with; each conflict is named once and holds both ways."""

_SIZES = (
    r"words?|sentences?|paragraphs?|characters?|letters?|pages?|lines?|short(?:er|en|ly)?"
    r"|brief(?:ly)?|concise(?:ly)?|long(?:er|est)?|lengthy|length|detail(?:s|ed)?"
    r"|summar\w{1,8}|essays?|elaborate|expand|in full|one-liners?|tl;?dr|step[- ]by[- ]step"
    r"|limit|minimum|maximum"
    r"|wörter[n]?|kurz(?:e|er)?|lang|ausführlich|mots|phrases|court|bref|palabras|corto|breve"
)
_LISTS = (
    r"lists?|listing|bullet(?:s|ed)?|points?|items?|numbered|steps?|enumerate|outline|top \d+"
    r"|agenda|recipes?|ingredients|instructions|options|examples|ideas|ways|tips|reasons"
    r"|liste|lista"
)
_CODE = (
    r"code|coding|scripts?|functions?|program(?:s|ming|me)?|python|java|javascript|typescript|c\+\+"
    r"|sql|html|css|bash|shell|regex|api|markdown|latex|json|yaml|xml|implement(?:ation)?|snippets?"
)
CUES: Mapping[str, str] = {
    "length": _SIZES,
    "list": _LISTS,
    "headings": r"headings?|headers?|headlines?|sections?|chapters?|titles?|markdown"
    r"|format(?:ted|ting)?",
    "title": r"titles?|headings?|headlines?|names? for|call it",
    "json": r"json|yaml|xml|csv|format(?:ted)?|markdown|tables?|lists?|poems?|story|letter|email",
    "code": _CODE,
    "table": r"tables?|columns?|rows?|csv|spreadsheets?|excel|markdown|tabelle|tableau|tabla",
    "bold": r"bold|markdown|format(?:ted|ting)?|highlight|plain text|fett|gras|negrita",
    "placeholders": r"brackets?|placeholders?|templates?|fill in|blanks?|latex",
    "case": r"(?:lower|upper|title)[- ]?case|capital(?:s|ize|ise|ized)?|caps|spell(?:ing)?|names?"
    r"|acronyms?|abbreviat\w{1,12}",
    "commas": r"commas?|punctuat\w{1,6}|csv|lists?|json",
    "questions": r"questions?|quiz|ask|interview|riddles?|faq|trivia|punctuat\w{1,6}|dialog(?:ue)?",
    "exclamations": r"exclamations?|punctuat\w{1,6}|excited(?:ly)?|slogans?|enthusias\w{1,6}",
    "digits": r"numbers?|digits?|numerals?|how (?:many|much|old|long|far|tall|often)|when"
    r"|calculat\w{1,6}|math\w{0,10}|sum|percent\w{0,6}|years?|dates?|time|price|cost|count|score|average|phone|\w{0,9}\d",
    "emoji": r"emojis?|emoticons?|smil(?:ey|eys|ies)|symbols?|text message|tweets?",
    "parentheses": r"parenthes\w{1,5}|brackets?|punctuat\w{1,6}|equations?|formulas?|functions?",
    "dashes": r"dash(?:es)?|hyphens?|punctuat\w{1,6}",
    "beginning": r"begin(?:s|ning)?|start(?:s|ing)?|first|open(?:s|ing)?|yes or no|true or false",
    "ending": r"end(?:s|ing)?|finish(?:es)?|last|conclu\w{1,6}|clos(?:e|es|ing)|sign(?:ed|ature)?",
    "quotes": r"quot\w{1,8}|dialog(?:ue)?|said|says|citations?|cite",
    "postscript": r"p\.?s\.?|postscript|letters?|e-?mails?",
    "keywords": r"keywords?|the words?|mention(?:s|ing)?|avoid|without (?:using|saying)|include"
    r"|rhym\w{1,4}|vocabulary|synonyms?|replace|rewrite|rephrase|paraphrase|translat\w{1,6}",
    "language": r"translat\w{1,6}|languages?|english|french|german|spanish|italian|portuguese|dutch"
    r"|polish|russian|chinese|mandarin|japanese|korean|arabic|turkish|deutsch|auf englisch|español"
    r"|français|по-русски|中文|英文|日本語",
}  # fmt: skip
"""Words by which a request speaks of a topic, as patterns of whole words."""

_CUES = {
    topic: re.compile(rf"(?<!\w)(?:{cue})(?!\w)", re.IGNORECASE) for topic, cue in CUES.items()
}


_ENDS = 4000  # Of a longer message, what it asks for stands at one of its ends.


def are_compatible(one: str, other: str) -> bool:
    """Whether instructions of two topics may stand together.

    >>> are_compatible("length", "emoji"), are_compatible("list", "length")
    (True, False)
    """
    return (
        one != other and other not in CONFLICTS.get(one, ()) and one not in CONFLICTS.get(other, ())
    )


def open_topics(prompt: Iterable[Message]) -> list[str]:
    """The topics that a conversation leaves open: neither its user nor its system speaks of them.

    >>> "length" in open_topics([Message("user", "Write a long poem about Rome.")])
    False
    >>> "length" in open_topics([Message("user", "What is Rome like?")])
    True
    """
    asked = [
        text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[-_ENDS:]}"
        for text in (m.content for m in prompt if m.role in ("user", "system"))
    ]
    return [topic for topic in TOPICS if not any(_CUES[topic].search(content) for content in asked)]
