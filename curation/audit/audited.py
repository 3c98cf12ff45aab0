"""A pair with what its file says beside the texts, and the facts of it that an audit keeps."""

import hashlib
import math
import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from curation.audit.families import judge_and_sides
from curation.audit.forms import form_bits
from curation.audit.refusing import refusals
from schemas.records import PLACES, SPLITS, Message, PreferencePair

FACTS = np.dtype(
    [
        ("id", "S32"),
        ("prompt", np.uint64),
        ("chosen", np.uint64),
        ("rejected", np.uint64),
        ("chosen_chars", np.int64),
        ("rejected_chars", np.int64),
        ("margin", np.float64),
        ("chosen_forms", np.uint32),
        ("rejected_forms", np.uint32),
        ("split", np.int8),
        ("position", np.int8),
        ("shown", np.int8),
        ("own_family", np.int8),
        ("shared_family", np.int8),
        ("chosen_refuses", np.int8),
        ("rejected_refuses", np.int8),
        ("language", "S12"),
        ("cluster", np.int64),
    ]
)
"""What is kept of each pair: about 140 bytes, whatever its length. Hashes of normalised prompt and
replies; the place of the split in `SPLITS`, -1 for none; signs as in `PairFacts`."""
NO_CLUSTER = -1
"""Stands for a cluster that is not known."""
_ONLY_ASCII = re.compile(r"[^\x20-\x7e]")


class AuditedPair(NamedTuple):
    """A pair with what its file says of it beside the texts."""

    pair: PreferencePair
    """The pair."""
    position: str | None = None
    """Where the chosen reply stood in the file: one of `PLACES`."""
    chosen_model: str | None = None
    """Model that wrote the chosen reply, as the file names it."""
    rejected_model: str | None = None
    """Model that wrote the rejected one."""
    judge: str | None = None
    """Model that decided."""


class PairFacts(NamedTuple):
    """The facts of one pair, and its replies."""

    row: tuple[object, ...]
    """Values of `FACTS`. Signs are +1 for the chosen side, -1 for the rejected one, else 0."""
    id: str
    prompt: int
    """Hash of the normalised prompt."""
    chosen: str
    rejected: str


def read_facts(pair: PreferencePair | AuditedPair) -> PairFacts:
    """What an audit keeps of a pair.

    >>> from schemas.records import Provenance
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> sides = [(Message("assistant", text),) for text in ("Yes, it is.", "no")]
    >>> scores = (None,) * 6
    >>> told = ("existing", "demo", "c", None, None, origin, "train")
    >>> pair = PreferencePair("0f", (Message("user", "Is it?"),), *sides, *scores, *told)
    >>> facts = read_facts(AuditedPair(pair, position="first"))
    >>> dict(zip(FACTS.names, facts.row))["chosen_chars"], facts.chosen
    (11, 'Yes, it is.')
    """
    told = pair if isinstance(pair, AuditedPair) else AuditedPair(pair)
    pair = told.pair
    chosen, rejected = text_of(pair.chosen), text_of(pair.rejected)
    prompt = text_hash("\0".join(part for message in pair.prompt for part in message))
    own, shared = judge_and_sides(
        told.judge, told.chosen_model, told.rejected_model, pair.provenance.models
    )
    flags = pair.flags if pair.flags or pair.chosen_chars is not None else None  # measured, or not
    refuses = refusals(flags, chosen, rejected)
    row = (
        pair.id.encode("ascii", "replace")[:32],
        prompt,
        text_hash(chosen),
        text_hash(rejected),
        len(chosen.strip()),
        len(rejected.strip()),
        _finite(pair.margin),
        form_bits(chosen),
        form_bits(rejected),
        SPLITS.index(pair.split) if pair.split in SPLITS else -1,
        _place_sign([told.position] if told.position else []),
        _place_sign([rationale.chosen_shown for rationale in pair.rationales]),
        own,
        shared,
        *refuses,
        _ONLY_ASCII.sub("?", pair.language or "").encode()[:12],
        NO_CLUSTER if pair.cluster is None else pair.cluster,
    )
    return PairFacts(row, pair.id, prompt, chosen, rejected)


def text_of(messages: Sequence[Message]) -> str:
    """A side as one text.

    >>> text_of([Message("assistant", "Hello.")])
    'Hello.'
    """
    return messages[0].content if len(messages) == 1 else "\n".join(m.content for m in messages)


def normalised(text: str) -> str:
    """A text without what only looks different: case, width, kinds and number of blanks.

    >>> normalised("  Straße\\nＡ ") == normalised("STRASSE a")
    True
    """
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return " ".join(folded.casefold().split())


def text_hash(text: str) -> int:
    """64 bits of a hash of the normalised text: the same for texts that only look different."""
    data = normalised(text).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else math.nan


def _place_sign(places: Sequence[str]) -> int:
    """+1 where the chosen reply is mostly the first one, -1 the second, 0 unknown or both."""
    first, second = (sum(place == named for place in places) for named in PLACES)
    return (first > second) - (first < second)
