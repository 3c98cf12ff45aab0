"""Whether the longer reply wins, and whether the margin follows the length.

Reference: Singhal et al., A Long Way to Go (arXiv 2310.03716); Dubois et al., Length-Controlled
AlpacaEval (arXiv 2404.04475).
"""

import numpy as np

from curation.audit.chance import grouped, rank_correlation, signed_ranks, symmetric_sum_test
from curation.audit.figure import Figure
from curation.audit.reading import Facts
from curation.audit.settings import AuditSettings
from curation.audit.shares import Share, Sided, share_figure


def longer_chosen(facts: Facts, settings: AuditSettings) -> Figure:
    """Share of the pairs, of those of two lengths, in which the chosen reply is the longer one."""
    signs = np.sign(facts["chosen_chars"] - facts["rejected_chars"])
    meaning = "How often the longer reply (characters) is the chosen one."
    return share_figure(
        Sided(signs, facts["prompt"], facts["id"]),
        Share("length.longer_chosen", meaning, settings.longer),
        settings.false_alarm_rate,
        settings.examples,
    )


def margin_follows_length(facts: Facts, settings: AuditSettings) -> Figure:
    """Rank correlation of the margin with the difference in length, over the pairs with a margin.

    Its test: with coins for labels, the difference in length of each prompt's pairs has a random
    sign, whatever the margins are.
    """
    name = "length.margin_correlation"
    meaning = (
        "Rank correlation of the margin with the difference in length. "
        f"Warns from {settings.correlation:g}, either sign."
    )
    known = facts[np.isfinite(facts["margin"])]
    difference = known["chosen_chars"] - known["rejected_chars"]
    value = rank_correlation(known["margin"], difference) if len(known) > 1 else None
    if value is None:
        return Figure(name, None, settings.correlation, False, meaning, 0)
    ranks = signed_ranks(known["margin"] - np.median(known["margin"])).astype(np.float64)
    terms = grouped(known["prompt"], ranks * signed_ranks(difference))
    p_value = symmetric_sum_test(terms)
    warns = abs(value) >= settings.correlation and p_value <= settings.false_alarm_rate
    return Figure(
        name,
        value,
        settings.correlation,
        warns,
        meaning,
        len(known),
        p_value,
        settings.false_alarm_rate,
    )
