"""All figures of an audit, from one pass over the pairs."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from curation.audit.attributes import attribute_leaders
from curation.audit.audited import AuditedPair
from curation.audit.constant import constant_answers
from curation.audit.coverage import coverage
from curation.audit.embedding import STATIC, Encode, static_vectors
from curation.audit.figure import Audit, Figure
from curation.audit.form import forms
from curation.audit.grams import read_grams
from curation.audit.judges import self_preference
from curation.audit.length import longer_chosen, margin_follows_length
from curation.audit.position import positions
from curation.audit.prompts import in_both_splits
from curation.audit.reading import Facts, SampledPair, read_pairs
from curation.audit.refusal import refusing
from curation.audit.separability import FeatureSet, separability
from curation.audit.settings import AuditSettings
from curation.audit.surface import NAMES, surface_features
from curation.audit.words import one_sided_words
from schemas.records import SPLITS, PreferencePair


def audit(
    pairs: Iterable[PreferencePair | AuditedPair],
    settings: AuditSettings = AuditSettings(),
    encode: Encode = static_vectors,
    encoder: str = STATIC,
) -> Audit:
    """Look for what a set of pairs gives away, and for what is wrong with it.

    Input: pairs, in any order, with their splits where they have some. Parameters: `encode`, which
    gives vectors of replies, and its name `encoder` for the document.

    Output: the figures, the same for any order of the pairs. Memory grows by about 140 bytes a
    pair; words and embeddings are looked at on `settings.sample_pairs` pairs.

    Raises: UsageError for settings that mean nothing.

    >>> audit([]).warnings
    []
    """
    settings.check()
    facts, sample = read_pairs(pairs, settings)
    counts = {name: int((facts["split"] == place).sum()) for place, name in enumerate(SPLITS)}
    figures = [*of_all(facts, settings), *of_sample(sample, settings, encode)]
    return Audit(len(facts), len(sample), counts, encoder, settings._asdict(), figures)


def of_all(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """The figures that are counted over all pairs."""
    return [
        longer_chosen(facts, settings),
        margin_follows_length(facts, settings),
        *positions(facts, settings),
        *forms(facts, settings),
        refusing(facts, settings),
        *self_preference(facts, settings),
        *constant_answers(facts, settings),
        in_both_splits(facts, settings),
        *coverage(facts, settings),
    ]


def of_sample(
    sample: Sequence[SampledPair], settings: AuditSettings, encode: Encode
) -> list[Figure]:
    """The figures that read words and embeddings."""
    surfaces = FeatureSet(
        "surface", *_both(sample, surface_features), NAMES, "lengths, punctuation and formatting"
    )
    vectors = _both(sample, encode)
    meanings = FeatureSet("embeddings", *vectors, what="embeddings of the replies")
    grams = read_grams(sample, settings.ngram_length)
    return [
        separability(sample, surfaces, settings),
        separability(sample, meanings, settings),
        one_sided_words(sample, grams, settings),
        attribute_leaders(sample, *vectors, grams, settings),
    ]


def _both(
    sample: Sequence[SampledPair], encode: Encode
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # Each text once, in an order that does not tell the sides apart.
    texts = sorted({text for pair in sample for text in (pair.chosen, pair.rejected)})
    rows = np.asarray(encode(texts), np.float64)
    place = {text: i for i, text in enumerate(texts)}
    chosen, rejected = (
        rows[np.array([place[text] for text in side], np.intp)]
        for side in ([pair.chosen for pair in sample], [pair.rejected for pair in sample])
    )
    return chosen, rejected
