"""Whether a form, such as a list or a blank at the end, tells chosen from rejected."""

import numpy as np

from curation.audit.figure import Figure
from curation.audit.forms import FORMS
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure


def forms(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """For each form the share of pairs, of those with it on one side, that have it on the chosen.

    The forms share one rate of false alarms.
    """
    figures = []
    for place, name in enumerate(FORMS):
        chosen, rejected = (
            (facts[side] >> np.uint32(place) & np.uint32(1)).astype(np.int8)
            for side in ("chosen_forms", "rejected_forms")
        )
        words = name.replace("_", " ")
        meaning = f"Of the replies with the form '{words}' on one side, how many are chosen."
        figures.append(
            share_figure(
                Sided(chosen - rejected, facts["prompt"], facts["id"]),
                Share(f"form.{name}", meaning, settings.one_sided),
                settings.false_alarm_rate,
                settings.examples,
                len(FORMS),
            )
        )
    return figures
