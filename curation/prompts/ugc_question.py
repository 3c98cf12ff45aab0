"""The question of a reader that a piece of user-generated content answers."""

import re
import unicodedata

from curation.prompts.prompt import Prompt, Unparsed

SHORTEST, LONGEST = 10, 300
"""Characters that a question may have."""
MARKS = ("?", "？", "؟", "\u037e", "՞", "፧")
"""Question marks: Latin, full-width, Arabic, Greek, Armenian, Ethiopic."""
ECHO = "echo"
"""Kind of failure: the question is one of the prompt's own, or a piece of it."""

_HASH = re.compile("[0-9a-f]{16}")
_LABEL = "Question:"
_INTRODUCTION = re.compile(r"[^:?]{0,60}\b(?:question|text)\b[^:?]{0,30}:", re.IGNORECASE)


class UgcQuestion(Prompt[str]):
    """Asks for one question; the text comes as a part, and its title where it has one.

    Reference: Tan et al., PUGC (arXiv 2506.04463), the step that makes prompts of content.

    >>> UGC_QUESTION.read("What is a citra hop?")
    'What is a citra hop?'
    >>> UGC_QUESTION.read("Here is a question:\\nWhat is a citra hop?").kind
    'off_grammar'
    """

    name = "ugc_question"
    version = 1
    grammar = (
        f"['{_LABEL}'] one line of {SHORTEST} to {LONGEST} characters that ends with a question "
        "mark, without an introduction, control characters and the mark of a frame"
    )

    def read(self, text: str) -> str | Unparsed:
        """The question without its label; one of several lines or with an introduction is none."""
        text = text.removeprefix(_LABEL).lstrip(" ")
        if not SHORTEST <= len(text) <= LONGEST or not text.endswith(MARKS):
            return self.unparsed()
        if any(map(_is_control, text)) or not any(map(str.isalpha, text)):
            return self.unparsed()
        if _HASH.search(text) or _INTRODUCTION.match(text):
            return self.unparsed()
        return text

    @property
    def own_words(self) -> str:
        """What the prompt says without any text: no question is a piece of it."""
        return " ".join(message.content for message in self.messages([]))


def _is_control(character: str) -> bool:
    """Line breaks of all kinds, tabs, invisible and half characters, control codes."""
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


UGC_QUESTION = UgcQuestion()
"""The prompt."""
