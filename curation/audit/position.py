"""Whether the place of a reply says that it is the chosen one."""

from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure

_WHERE = {
    "position": (
        "position.chosen_first",
        "How often the chosen reply is the first one in the file, where the file says it.",
    ),
    "shown": (
        "position.shown_first",
        "How often the model that gave a pair's rationales was shown the chosen reply first.",
    ),
}


def positions(facts: Facts, settings: AuditSettings) -> list[Figure]:
    """Share of pairs with the chosen reply first: in the file, and as shown for rationales."""
    return [
        share_figure(
            Sided(facts[column], facts["prompt"], facts["id"]),
            Share(name, meaning, settings.first),
            settings.false_alarm_rate,
            settings.examples,
        )
        for column, (name, meaning) in _WHERE.items()
    ]
