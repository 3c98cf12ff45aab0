"""What decides whether a pair is worth a human's time, as features that are there or not.

Everything is read off the texts, without a model, and says the same with the replies exchanged:
the features of a pair do not tell which reply was chosen. Lengths and likenesses are put into bins
with fixed bounds (the paper takes ranks within its data, which do not carry over to other data).

Reference: Miranda et al., Hybrid Preferences (arXiv 2410.19133), section 3.2 and its appendix: tags
and lexical features of instances. Its tags by a language model (subject, expertise) have no
counterpart here.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import isfinite

from curation.feedback.alignment import edit_distance
from curation.models.sentence_encoder import SentenceEncoder
from curation.selection.words import words
from schemas.records import Message, PreferencePair

READ_CHARS = 8_000
"""Characters of the prompt, and of each reply, that are read."""
COMPARED_WORDS = 1_000
"""Words of each reply whose edit distance is computed."""

_LENGTHS = (10, 30, 100, 300)
_DIFFERENCES = (10, 50, 200)
_THIRDS = (1 / 3, 2 / 3)
_COSINES = (0.5, 0.7, 0.9)
_TURNS = (2, 4)
_ENTROPIES = (0.5, 1.0, 2.0)
_KINDS = {
    "code": re.compile(r"```|^(?:    |\t)\S.*[;{}()=]\s*$|</\w{1,20}>", re.MULTILINE),
    "list": re.compile(r"^[ \t]{0,8}(?:[-*•]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE),
    "number": re.compile(r"\d"),
}


def routing_features(
    pair: PreferencePair, encoder: SentenceEncoder | None = None
) -> tuple[str, ...]:
    """The features that a pair has, sorted.

    Output: names such as `prompt_words:10-29`, `word_overlap:0.33-0.67`, `code:one` (of the
    replies), `language:en`. `entropy` is there where the pair has a predictive_entropy.

    Parameters: `encoder`, for the cosine of the replies' sentence vectors, `cosine:…`; without it
    they have no such feature.

    >>> from schemas.records import Provenance
    >>> sides = (Message("user", "Is 7 prime?"),), (Message("assistant", "Yes."),), (
    ...     Message("assistant", "No, it is not."),)
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> pair = PreferencePair("id", *sides, *[None] * 6, "m", "s", "c", None, None, origin, "")
    >>> routing_features(pair)[-4:]
    ('turns:1', 'unigram_f1:0-0.33', 'word_overlap:0-0.33', 'words_apart:0-9')
    """
    prompt = "\n".join(message.content for message in pair.prompt)[:READ_CHARS]
    replies = [_text(side)[:READ_CHARS] for side in (pair.chosen, pair.rejected)]
    said = [words(reply) for reply in replies]
    shorter, longer = sorted(map(len, said))
    turns = sum(message.role == "user" for message in pair.prompt)
    features = [
        f"prompt_words:{_bin(len(words(prompt)), _LENGTHS)}",
        f"shorter_words:{_bin(shorter, _LENGTHS)}",
        f"longer_words:{_bin(longer, _LENGTHS)}",
        f"words_apart:{_bin(longer - shorter, _DIFFERENCES)}",
        f"turns:{_bin(turns, _TURNS, first=1)}",
        f"word_overlap:{_bin(_overlap(*said), _THIRDS)}",
        f"unigram_f1:{_bin(_unigram_f1(*said), _THIRDS)}",
        f"edit_similarity:{_bin(_edit_similarity(*said), _THIRDS)}",
        f"language:{pair.language or 'unknown'}",
    ]
    for kind, pattern in _KINDS.items():
        having = sum(bool(pattern.search(reply)) for reply in replies)
        features += [f"{kind}:prompt"] * bool(pattern.search(prompt))
        features += [f"{kind}:{('none', 'one', 'both')[having]}"] * (having > 0)
    entropy = pair.predictive_entropy
    if entropy is not None and isfinite(entropy):
        features.append(f"entropy:{_bin(entropy, _ENTROPIES)}")
    if encoder is not None:
        one, other = encoder.encode(replies).astype("float64")
        # The last bits of a cosine depend on what is encoded beside it.
        features.append(f"cosine:{_bin(round(float(one @ other), 4), _COSINES)}")
    return tuple(sorted(features))


def feature_counts(instances: Iterable[Sequence[str]]) -> Mapping[str, int]:
    """How many of some pairs have each feature, by the feature's name.

    >>> feature_counts([("turns:1", "code:one"), ("turns:1",)])
    {'code:one': 1, 'turns:1': 2}
    """
    return dict(sorted(Counter(f for features in instances for f in features).items()))


def _bin(value: float, bounds: Sequence[float], first: int = 0) -> str:
    """The bin of a value: from one bound up to the next, that one not included."""
    edges = [first, *bounds]
    at = max(0, bisect_right(edges, value) - 1)
    if at == len(edges) - 1:
        return f"{edges[at]:.2g}+" if isinstance(edges[at], float) else f"{edges[at]}+"
    low, high = list(pairwise(edges))[at]
    if isinstance(high, float):
        return f"{low:.2g}-{high:.2g}"
    return f"{low}-{high - 1}" if high - 1 > low else f"{low}"


def _overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Share of the different words of both that both have."""
    first, second = set(one), set(other)
    return len(first & second) / len(first | second) if first or second else 1.0


def _unigram_f1(one: Sequence[str], other: Sequence[str]) -> float:
    """ROUGE-1 as F1: twice the words in common by the words of both."""
    common = (Counter(one) & Counter(other)).total()
    return 2 * common / (len(one) + len(other)) if one or other else 1.0


def _edit_similarity(one: Sequence[str], other: Sequence[str]) -> float:
    first, second = one[:COMPARED_WORDS], other[:COMPARED_WORDS]
    return 1 - edit_distance(first, second) / max(1, len(first), len(second))


def _text(side: Sequence[Message]) -> str:
    return "\n".join(message.content for message in side)
