"""Whether a user asks again for what they asked for before.

A request that comes back nearly unchanged says that the reply did not do (WildFeedback's
"Revision"). A variation of it does not: "now the same for Germany" keeps nearly all the
words and asks for something new. Similarity of characters alone cannot tell the two apart
(WildFeedback's pitfall: only turns that continue the previous topic count), so two things
are asked of a repetition:

1. nothing was replaced: of the content words, a few may have been added or left out, but not
   both, and no number. A word and its misspelling count as the same word;
2. the character trigrams of the two requests are alike (Dice coefficient).
"""

from collections.abc import Set
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

from curation.feedback.wording import PAUSES, tokens

MAX_LENGTH = 1_200
"""Longest request, in characters, that is compared loosely; a longer one must be repeated
exactly, since a changed word in a pasted document is easily a new document."""
MIN_WEIGHT = 15
"""Fewest characters of content words; "continue" or "next one" is not a request repeated."""
MIN_SIMILARITY = 0.6
"""Lowest Dice coefficient of the character trigrams."""
MAX_CHANGED = 0.25
"""Largest share of the content words that may have been added or left out."""
SAME_WORD = 0.8
"""Lowest `difflib` ratio of a word and its misspelling."""
SAME_SCORE = 0.8
"""Confidence in a request that came back with the same content words."""
REWORDED_SCORE = 0.6
"""Confidence in a request that came back with words added, or with words left out."""

_IDEOGRAPH_WEIGHT = 3  # one Chinese character says about as much as three letters


def repetition(text: str, earlier: str, function_words: Set[str]) -> float:
    """Confidence that a user turn repeats an earlier request.

    Input: both turns in full, code and quotations included, as these are what the request is
    about. Parameters: function_words: words that do not count as content.
    Output: 0, `REWORDED_SCORE` or `SAME_SCORE`.

    >>> words = {"please", "the", "of", "is", "what"}
    >>> request = "What is the largest lake of Norway?"
    >>> repetition("Please, what is the lagrest lake of Norway?", request, words)
    0.8
    >>> repetition("What is the largest lake of Germany?", request, words)
    0.0
    """
    if max(len(text), len(earlier)) > MAX_LENGTH:
        return SAME_SCORE if text.split() == earlier.split() else 0.0
    new, old = _tokens(text), _tokens(earlier)
    content, old_content = (new.words - function_words, old.words - function_words)
    if min(_weight(content), _weight(old_content)) < MIN_WEIGHT:
        return 0.0
    added, removed = _differences(content, old_content)
    changed = added | removed
    replaced = bool(added and removed) or any(c.isdigit() for word in changed for c in word)
    share = len(changed) / max(len(content), len(old_content))
    if (
        replaced
        or share > MAX_CHANGED
        or _dice(_trigrams(new.line), _trigrams(old.line)) < MIN_SIMILARITY
    ):
        return 0.0
    return REWORDED_SCORE if changed else SAME_SCORE


class _Tokens(NamedTuple):
    words: frozenset[str]
    line: str


@lru_cache(maxsize=64)
def _tokens(text: str) -> _Tokens:
    # A request is compared with several turns after it.
    found = tokens(text)
    return _Tokens(frozenset(found) - PAUSES, " ".join(found))


def _weight(words: Set[str]) -> int:
    return sum(
        len(word) if word.isascii() or len(word) > 1 else _IDEOGRAPH_WEIGHT for word in words
    )


def _differences(new: Set[str], old: Set[str]) -> tuple[set[str], set[str]]:
    added, removed = set(new - old), set(old - new)
    if len(added) > 5 or len(removed) > 5:
        return added, removed
    for word in sorted(added):
        twin = next((other for other in sorted(removed) if _same_word(word, other)), None)
        if twin is not None:
            added.remove(word)
            removed.remove(twin)
    return added, removed


def _same_word(one: str, other: str) -> bool:
    if len(one) < 4 or len(other) < 4 or not (one.isalpha() and other.isalpha()):
        return False
    # No more characters can match than occur in both: settles nearly all pairs without aligning.
    common = min(sum(c in other for c in one), sum(c in one for c in other))
    if 2 * common < SAME_WORD * (len(one) + len(other)):
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= SAME_WORD


def _trigrams(line: str) -> set[str]:
    return {line[i : i + 3] for i in range(len(line) - 2)}


def _dice(one: Set[str], other: Set[str]) -> float:
    return 2 * len(one & other) / max(1, len(one) + len(other))
