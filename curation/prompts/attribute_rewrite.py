"""A reply rewritten to a level of an attribute; its meaning stays.

Reference: Li et al., PrefPalette (arXiv 2507.13541), section 3, counterfactual synthesis.
"""

import re

from curation.prompts.prompt import OFF_GRAMMAR, Prompt, Unparsed
from curation.prompts.visible import visible

MAX_TEXT = 20_000
"""Longest rewritten reply, in characters."""
PREAMBLE, FRAME = "preamble", "frame"
"""Kinds of failure: it begins by announcing itself; it repeats the marks of the frame."""

_FRAME_MARK = re.compile(r"^##[0-9a-f]{16}\b", re.MULTILINE)
_ANNOUNCED = re.compile(
    r"(?:sure|certainly|of course|okay|here)\b[^\n:]{0,120}:[*_ ]{0,3}\n"
    r"|[^\n:]{0,60}\b(?:rewritten|rewrite|rewriting|rephrased|level [1-5])\b[^\n:]{0,60}:",
    re.IGNORECASE,
)


class AttributeRewrite(Prompt[str]):
    """Asks for a text alone.

    >>> ATTRIBUTE_REWRITE.read("Whales are mammals, sir.")
    'Whales are mammals, sir.'
    >>> ATTRIBUTE_REWRITE.read("Here is the rewritten reply:\\n\\nWhales are mammals, sir.").kind
    'preamble'
    """

    name = "attribute_rewrite"
    version = 1
    grammar = (
        f"text, 1 to {MAX_TEXT} characters; its first line is no announcement that ends with a "
        "colon (sure, here is, rewritten, level 4), and no line begins with a mark of the frame"
    )

    def read(self, text: str) -> str | Unparsed:
        """The text without control characters; no part of it is cut away to make it fit."""
        if len(text) > MAX_TEXT:
            return self.unparsed(OFF_GRAMMAR)
        shown = visible(text)
        if not any(c.isalnum() for c in shown):
            return self.unparsed(OFF_GRAMMAR)
        if _FRAME_MARK.search(shown):
            return self.unparsed(FRAME)
        return self.unparsed(PREAMBLE) if _ANNOUNCED.match(shown) else shown


ATTRIBUTE_REWRITE = AttributeRewrite()
"""The prompt."""
