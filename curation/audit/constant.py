"""Whether a side gives the same answer to many prompts, and whether that tells it apart.

Reference: Zheng et al., Cheating Automatic LLM Benchmarks: Null Models Achieve High Win Rates
(arXiv 2410.07137).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure


def constant_answers(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """Share of each side's replies that answer several prompts, and which side they are on.

    A reply counts as constant when it, but for case, width and blanks, stands on either side of
    pairs of at least `constant_prompts` prompts.
    """
    replies = np.concatenate([facts["chosen"], facts["rejected"]])
    constant = _constant(replies, np.tile(facts["prompt"], 2), settings.constant_prompts)
    sides = {side: np.isin(facts[side], constant) for side in ("chosen", "rejected")}
    signs = sides["chosen"].astype(np.int8) - sides["rejected"].astype(np.int8)
    told = share_figure(
        Sided(signs, facts["prompt"], facts["id"]),
        Share(
            "constant.side",
            "Where one of the replies answers several prompts, how often it is the chosen one.",
            settings.one_sided,
        ),
        settings.false_alarm_rate,
        settings.examples,
    )
    return [*(_side(facts, side, has, settings) for side, has in sides.items()), told]


def _constant(
    replies: NDArray[np.uint64], prompts: NDArray[np.uint64], least: int
) -> NDArray[np.uint64]:
    order = np.lexsort([prompts, replies])
    replies, prompts = replies[order], prompts[order]
    fresh = np.ones(len(replies), np.bool_)
    fresh[1:] = (replies[1:] != replies[:-1]) | (prompts[1:] != prompts[:-1])
    texts, counts = np.unique(replies[fresh], return_counts=True)
    return texts[counts >= least]


def _side(facts: Facts, side: str, has: NDArray[Any], settings: AuditSettings) -> Figure:
    value = float(has.mean()) if len(has) else None
    texts, first, counts = np.unique(facts[side][has], return_index=True, return_counts=True)
    ids = facts["id"][has]
    order = np.lexsort([texts, -counts])[: settings.examples]
    details = [
        {"pairs": int(counts[i]), "share": int(counts[i]) / len(has), "example": ids[i_].decode()}
        for i, i_ in zip(order, first[order], strict=True)
    ]
    return Figure(
        f"constant.{side}",
        value,
        settings.constant,
        value is not None and value >= settings.constant,
        f"Share of the {side} replies that answer {settings.constant_prompts} prompts or more "
        f"word for word. Warns from {settings.constant:g}.",
        len(has),
        examples=tuple(str(row["example"]) for row in details),
        details=details,
    )
