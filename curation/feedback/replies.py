"""What a reply itself shows of being unwelcome: a refusal, an apology, an end that is cut off.

Only both ends of a reply are looked at, so that a long one costs no more than a short one.
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from curation.feedback.phrases import PhraseTrie, spellings

HEAD = 160
"""Characters at the beginning of a reply in which it refuses or apologises."""
SAMPLE = 300
"""Characters at either end of a reply that are looked at for junk."""

_JUNK = re.compile(r'\{"|"\s{0,3}:\s{0,3}["{\[]|\\u[0-9a-f]{4}|<\|')
_ENDS = frozenset("。.!！?？…)）]】`*:：~～」』”\"'>|;")


class ReplySigns(NamedTuple):
    """What one reply shows."""

    refusal: bool
    """It says at its beginning that it cannot or will not, or that something failed."""
    apology: bool
    """It begins with an apology or admits that the user is right."""
    junk: bool
    """Pieces of JSON or escapes stand in what a user should read."""
    cut: bool
    """It ends in the middle of a sentence, without any closing sign."""


def reply_signs(reply: str, head: Sequence[str]) -> ReplySigns:
    """The signs of one reply.

    Input: the reply, and the tokens of its first `HEAD` characters.

    >>> from curation.feedback.wording import tokens
    >>> text = "You are right, I apologize. The capital is Canberra"
    >>> reply_signs(text, tokens(text))
    ReplySigns(refusal=False, apology=True, junk=False, cut=True)
    """
    found = {match.value for match in _phrases().find(head)}
    end = reply[-SAMPLE:].rstrip()[-1:]
    beginning = reply[:SAMPLE]
    ending = reply[-SAMPLE:] if len(reply) > SAMPLE else ""
    return ReplySigns(
        "refusal" in found,
        "apology" in found,
        bool(_JUNK.search(beginning) or _JUNK.search(ending)),
        end.isalpha() and end not in _ENDS,
    )


def ideograph_share(words: Sequence[str]) -> float:
    """Share of Chinese characters among the words of a text, 0 to 1.

    Input: tokens, of which each Chinese character is one.

    >>> ideograph_share(["你", "好", "ok", "."])
    0.6666666666666666
    """
    letters = [word for word in words if word[0].isalpha()]
    ideographs = [word for word in letters if "\u3400" <= word <= "\u9fff"]
    return len(ideographs) / len(letters) if letters else 0.0


@cache
def _phrases() -> PhraseTrie[str]:
    text = files("curation.feedback").joinpath("replies.yaml").read_text("utf-8")
    trie: PhraseTrie[str] = PhraseTrie()
    for kind, phrases in yaml.safe_load(text).items():
        for phrase in phrases:
            for spelling in spellings(phrase, {}):
                trie.add(spelling, kind)
    return trie
