"""Pairs to columns of facts and a sample of texts: one pass, in any order, with the same result."""

import heapq
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curation.audit.audited import FACTS, AuditedPair, PairFacts, read_facts
from curation.audit.settings import AuditSettings
from schemas.ids import seed_from
from schemas.records import PreferencePair

HEAD = 3000
"""Characters at the beginning of a reply whose words are looked at."""
TAIL = 1000
"""Characters at the end of a longer reply."""
_CHUNK_ROWS = 8192

Facts = NDArray[np.void]
"""Rows of `curation.audit.audited.FACTS`."""


class SampledPair(NamedTuple):
    """A pair whose words and embeddings are looked at."""

    id: str
    """`PreferencePair.id`."""
    prompt: int
    """Hash of the normalised prompt."""
    chosen: str
    """The chosen reply, both of its ends."""
    rejected: str
    """The rejected reply."""


class ReadPairs(NamedTuple):
    """What an audit works on."""

    facts: Facts
    """All pairs, ordered by id."""
    sample: list[SampledPair]
    """Some of them, ordered by id; of equal ids one."""


def read_pairs(pairs: Iterable[PreferencePair | AuditedPair], settings: AuditSettings) -> ReadPairs:
    """Read pairs, in memory that grows by `FACTS` a pair and not with the texts.

    >>> len(read_pairs([], AuditSettings()).facts)
    0
    """
    chunks: list[Any] = []
    rows: list[tuple[object, ...]] = []
    sample = _LowestHashes(settings)
    for pair in pairs:
        facts = read_facts(pair)
        rows.append(facts.row)
        sample.add(facts)
        if len(rows) == _CHUNK_ROWS:
            chunks.append(np.array(rows, FACTS))
            rows = []
    whole = np.concatenate([*chunks, np.array(rows, FACTS)])
    # Pairs of the same id may differ in what their files say of them.
    keys = ("position", "split", "margin", "rejected_chars", "chosen_chars", "id")
    return ReadPairs(whole[np.lexsort([whole[key] for key in keys])], sample.pairs())


class _LowestHashes:
    """The pairs with the lowest hashes of their ids, whatever the order they come in."""

    def __init__(self, settings: AuditSettings) -> None:
        self._settings = settings
        self._heap: list[tuple[int, str]] = []  # the highest hash on top
        self._kept: dict[str, SampledPair] = {}

    def add(self, facts: PairFacts) -> None:
        if facts.id in self._kept:
            return
        entry = (-seed_from(self._settings.seed, facts.id), facts.id)
        if len(self._heap) < self._settings.sample_pairs:
            heapq.heappush(self._heap, entry)
        elif entry <= self._heap[0]:
            return
        else:
            del self._kept[heapq.heapreplace(self._heap, entry)[1]]
        clipped = (_clipped(facts.chosen), _clipped(facts.rejected))
        self._kept[facts.id] = SampledPair(facts.id, facts.prompt, *clipped)

    def pairs(self) -> list[SampledPair]:
        return [self._kept[key] for key in sorted(self._kept)]


def _clipped(text: str) -> str:
    return text if len(text) <= HEAD + TAIL else f"{text[:HEAD]}\n{text[-TAIL:]}"
