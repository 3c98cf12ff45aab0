"""How many replies refuse, on each side, and whether that tells the sides apart."""

from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure


def refusing(facts: Facts, settings: AuditSettings) -> Figure:
    """Share of pairs, of those with a refusal on one side, in which the chosen reply refuses.

    The shares of each side that refuse are in the details.
    """
    chosen, rejected = facts["chosen_refuses"], facts["rejected_refuses"]
    figure = share_figure(
        Sided(chosen - rejected, facts["prompt"], facts["id"]),
        Share(
            "refusals.chosen",
            "Where one of the replies refuses, how often it is the chosen one.",
            settings.refusing,
        ),
        settings.false_alarm_rate,
        settings.examples,
    )
    sides = {"chosen": chosen, "rejected": rejected}
    details = [
        {"side": side, "refusals": int(column.sum()), "share": float(column.mean())}
        for side, column in sides.items()
        if len(column)
    ]
    return figure._replace(details=details)
