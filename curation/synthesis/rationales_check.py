"""The consistency check of rationales: what was written for a reply has to argue for that reply.

A judge that is not told which reply is preferred reads the rationale beside both replies, in both
orders, with its "reply A" and "reply B" exchanged in the second. It has to pick the chosen reply
both times. So a rationale falls that argues for the other reply, that mixes up the two, or that
is about something else where the replies do not decide by themselves; one that calls a reply by
a bare letter contradicts itself in one of the orders, and falls as well.

The check cannot tell a good reason from a bare assertion, and a judge that agrees with the
preference anyway lets nearly everything pass. How often it agrees without any rationale is
counted beside it (`unaided:…`): what a rationale adds is the difference.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.rationale_check import CHECK
from curation.scoring.judgement import FIRST, SECOND, UNPARSABLE
from curation.synthesis.rationales import (
    Explained,
    RationaleSettings,
    in_order,
    with_rationales,
)
from schemas.records import PLACES, PreferencePair

_DEFAULT = RationaleSettings()
_UNAIDED = {FIRST: "unaided:chosen", SECOND: "unaided:rejected"}


class Checked(NamedTuple):
    """A pair after the check."""

    pair: PreferencePair
    """With the rationales that hold; as it was, without any."""
    notes: tuple[str, ...]
    """Of each rationale `consistent:KIND`, `inconsistent:KIND` or `rationale_check:off_grammar`; of
    the pair `unaided:chosen`, `unaided:rejected` or `unaided:undecided`."""


def check_requests(
    explained: Explained, settings: RationaleSettings = _DEFAULT
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask the judge about each rationale of a pair, and without any, each in both orders.

    Output: two requests a rationale, then two without; none for a pair without rationales.
    Raises: UsageError for a form that there is not.
    """
    pair, rationales, _ = explained
    asked = [(in_order(pair, r.chosen_shown), r.text) for r in rationales]
    if rationales and settings.unaided:
        asked.append((in_order(pair, PLACES[0]), ""))
    return [
        request
        for (first, second), text in asked
        for request in CHECK.about(
            pair.prompt,
            first,
            second,
            text,
            settings.form,
            seed=settings.sampling.seed,
            max_tokens=settings.max_check_tokens,
        )
    ]


def read_check(
    explained: Explained,
    answers: Sequence[Any],
    settings: RationaleSettings = _DEFAULT,
    models: Sequence[str] = (),
) -> Checked:
    """Keep the rationales from which the judge picks the chosen reply in both orders.

    Input: the pair with its rationales and the answers to its `check_requests` with the same
    settings. Parameters: `models`, writer and judge as `role=name@revision`.
    """
    pair, rationales, _ = explained
    judged = [
        CHECK.judgement(answers[i : i + 2], settings.form).verdict
        for i in range(0, len(answers), 2)
    ]
    kept, notes = [], []
    for rationale, verdict in zip(rationales, judged, strict=False):
        if verdict == UNPARSABLE:
            notes.append(CHECK.unparsed().reason)
        elif verdict == rationale.chosen_shown:
            kept.append(rationale)
            notes.append(f"consistent:{rationale.kind}")
        else:
            notes.append(f"inconsistent:{rationale.kind}")
    notes += [_UNAIDED.get(verdict, "unaided:undecided") for verdict in judged[len(rationales) :]]
    return Checked(with_rationales(pair, kept, models, [CHECK.identity]), tuple(notes))
