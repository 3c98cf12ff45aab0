"""Whether judges prefer replies of their own family."""

import numpy as np

from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure


def self_preference(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """How often the judge's own family wins, and how many pairs a family has judged by itself.

    Reference: Panickssery et al. (arXiv 2404.13076).
    """
    wins = share_figure(
        Sided(facts["own_family"], facts["prompt"], facts["id"]),
        Share(
            "judge.own_family_chosen",
            "Where one of the replies is by a model of the judge's family, how often it wins.",
            settings.own_family,
        ),
        settings.false_alarm_rate,
        settings.examples,
    )
    known = facts[facts["shared_family"] >= 0]
    same = known["shared_family"] == 1
    value = int(same.sum()) / len(known) if len(known) else None
    shared = Figure(
        "judge.shared_family",
        value,
        settings.shared_family,
        value is not None and value > settings.shared_family,
        "Share of the pairs, of those that name judge and writer, with both of one family. "
        f"Warns above {settings.shared_family:g}.",
        len(known),
        examples=tuple(key.decode() for key in np.unique(known["id"][same])[: settings.examples]),
    )
    return [wins, shared]
