"""Which attributes of replies win: directions of meaning, named by pairs and words that show them.

The directions are learnt on differences of embeddings that point from one reply to the other in an
order that has nothing to do with the label, so that what they say of the label can be tested.

Reference: Movva et al., What's In My Human Feedback (arXiv 2510.26202).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.audit.chance import vote_test, votes
from curation.audit.dictionary import codes, learn
from curation.audit.figure import Figure
from curation.audit.grams import Grams
from curation.audit.reading import SampledPair
from curation.audit.settings import AuditSettings

_NAME = "attributes.leader"
_WORDS = 6
_LEAST_PAIRS = 3

Floats = NDArray[np.float64]


def attribute_leaders(
    sample: Sequence[SampledPair],
    chosen: Floats,
    rejected: Floats,
    grams: Grams,
    settings: AuditSettings,
) -> Figure:
    """The attribute that most surely wins, and all of them by how surely they do.

    Input: the pairs, the vectors of their replies, and their n-grams, by which attributes are
    named. Value: of the prompts whose pairs have that attribute, the share in which the side with
    more of it is the chosen one. An attribute is turned so that it wins; its examples are the pairs
    with most of it, its words those that go with it.
    """
    meaning = (
        "The attribute of meaning that most surely wins: share of the prompts that have it in "
        f"which the reply with more of it is chosen. Warns from {settings.one_sided:g}."
    )
    order = np.array([1.0 if pair.chosen <= pair.rejected else -1.0 for pair in sample])
    differences = chosen - rejected
    # The same vector whichever side is the chosen one.
    directions = learn(
        differences * order[:, None], settings.attributes, settings.active, settings.seed
    )
    found = codes(differences, directions, settings.active)
    prompts = np.array([pair.prompt for pair in sample], np.uint64)
    about: dict[str, Any] = {
        "sample": sample,
        "prompts": prompts,
        "grams": grams,
        "settings": settings,
    }
    rows = [row for j in range(len(directions)) if (row := _attribute(j, found[:, j], **about))]
    if not rows:
        return Figure(_NAME, None, settings.one_sided, False, meaning, len(sample))
    for row in rows:
        row["p_value"] = min(1.0, row["p_value"] * len(directions))
        row["flagged"] = (
            row["p_value"] <= settings.false_alarm_rate and row["share"] >= settings.one_sided
        )
    rows.sort(key=lambda row: (not row["flagged"], row["p_value"], -row["share"], row["attribute"]))
    best = rows[0]
    return Figure(
        _NAME,
        best["share"],
        settings.one_sided,
        best["flagged"],
        meaning,
        len(sample),
        best["p_value"],
        settings.false_alarm_rate,
        best["examples"],
        rows,
    )


def _attribute(
    number: int,
    code: Floats,
    *,
    sample: Sequence[SampledPair],
    prompts: NDArray[np.uint64],
    grams: Grams,
    settings: AuditSettings,
) -> dict[str, Any] | None:
    active = np.flatnonzero(code)
    if len(active) < _LEAST_PAIRS:
        return None
    signs = np.sign(code[active])
    cast = votes(prompts[active], signs)
    if not len(cast):
        return None
    turn = 1.0 if int(cast.sum()) >= 0 else -1.0
    places = active.tolist()
    longer = [np.sign(len(sample[i].chosen) - len(sample[i].rejected)) for i in places]
    strongest = sorted(places, key=lambda i: (-abs(code[i]), sample[i].id))[: settings.examples]
    return {
        "attribute": number,
        "share": int((cast == turn).sum()) / len(cast),
        "prompts": len(cast),
        "p_value": vote_test(prompts[active], signs),
        "longer": float(np.mean(np.array(longer) * signs * turn > 0)) if longer else 0.0,
        "words": _words(code * turn, grams),
        "examples": tuple(sample[i].id for i in strongest),
    }


def _words(code: Floats, grams: Grams) -> list[str]:
    """N-grams that replies with more of the attribute have and the other ones have not."""
    weight = code[grams.pair]
    together = np.bincount(grams.gram, weights=weight * grams.sign, minlength=len(grams.words))
    squares = np.bincount(grams.gram, weights=weight**2, minlength=len(grams.words))
    score = np.round(together / np.sqrt(np.where(squares > 0, squares, 1.0)), 6)
    most = np.lexsort([np.arange(len(score)), -score])[:_WORDS]
    return [" ".join(grams.words[i]) for i in most if score[i] > 0]
