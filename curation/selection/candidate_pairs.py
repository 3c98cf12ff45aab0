"""Pairs and a ranking out of several scored responses to one prompt.

The responses are first put into an order of their own, so that the file's changes nothing: each
text once, none that is blank. Which of them make a pair is decided by `curation.selection.pairing`.
"""

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any, NamedTuple

from curation.selection.pairing import (
    Nothing,
    PairingSettings,
    PickedPair,
    choose,
    ranking,
    score_of,
)
from schemas.ids import pair_id
from schemas.records import (
    CandidateScores,
    CandidateSet,
    Drop,
    Message,
    NamedScore,
    PreferencePair,
    ScoredResponse,
)

METHOD = "candidates"
"""What the pairs' `method` says."""


class Constructed(NamedTuple):
    """What a candidate set gives."""

    pairs: tuple[PreferencePair, ...]
    """The pair with the largest margin first."""
    drop: Drop | None
    """Why there is none; set exactly when there is none."""
    notes: Mapping[str, int]
    """How many responses were left out or merged, by reason."""


def distinct(candidates: CandidateSet) -> tuple[CandidateSet, dict[str, int]]:
    """A candidate set without blank responses and with each text once, in the texts' order.

    Copies of a text (blanks at its ends do not count) become one response: of each score it has the
    mean of those that the copies have, and of the rest what they agree on.

    Output: the set, its id as it was, and how many responses went, by reason: `blank_response`,
    `repeated_response`.

    >>> from schemas.records import Provenance
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> said = [ScoredResponse(text, "m", (NamedScore("score", score),))
    ...         for text, score in (("Yes.", 1.0), ("No.", 3.0), ("Yes. ", 2.0), (" ", 0.0))]
    >>> found, notes = distinct(CandidateSet("c", (), said, "demo", origin))
    >>> [(r.text, r.scores[0].value) for r in found.responses]
    [('No.', 3.0), ('Yes.', 1.5)]
    >>> notes
    {'blank_response': 1, 'repeated_response': 1}
    """
    copies: dict[str, list[ScoredResponse]] = {}
    for response in candidates.responses:
        copies.setdefault(response.text.strip(), []).append(response)
    blank = len(copies.pop("", ()))
    responses = tuple(_merged(copies[text]) for text in sorted(copies))
    repeated = len(candidates.responses) - blank - len(responses)
    found = {"blank_response": blank, "repeated_response": repeated}
    return candidates._replace(responses=responses), {name: n for name, n in found.items() if n}


def construct(
    candidates: CandidateSet,
    settings: PairingSettings = PairingSettings(),
    seed: int = 0,
    vectors: Sequence[Sequence[float]] | None = None,
) -> Constructed:
    """The pairs of a candidate set.

    Input: a set out of `distinct`. Parameters: `settings`, which responses make a pair; `seed` of
    the run; `vectors` of the responses, where `curation.selection.pairing.needs_vectors`.

    Output: pairs with the scores of both sides by the measure that decided, their margin in the
    unit that was compared (of scores as they are, the difference), and in their provenance all
    candidates' scores; or the `Drop` of the set.

    >>> from schemas.records import Provenance
    >>> origin = Provenance("f", 0, "g", None, (), (), None, "")
    >>> said = [ScoredResponse(text, f"model-{text}", (NamedScore("score", float(text)),))
    ...         for text in "132"]
    >>> found = construct(CandidateSet("c", (Message("user", "3?"),), said, "demo", origin))
    >>> [(p.chosen[0].content, p.rejected[0].content, p.margin) for p in found.pairs]
    [('3', '1', 2.0)]
    >>> found.pairs[0].provenance.models
    ('chosen=model-3', 'rejected=model-1')
    """
    if len(candidates.responses) < 2:
        few = Drop(candidates.id, "too_few_responses", float(len(candidates.responses)), 2.0)
        return Constructed((), few, {})
    found = choose(candidates.responses, settings, seed, candidates.id, vectors)
    notes = {"unscored_response": found.left_out} if found.left_out else {}
    if found.nothing:
        return Constructed((), Drop(candidates.id, *found.nothing), notes)
    scores = _all_scores(candidates.responses, found.measure)
    pairs = [_pair(candidates, picked, found.measure, scores) for picked in found.pairs]
    return Constructed(tuple(pairs), None, notes)


def ranked(candidates: CandidateSet, settings: PairingSettings) -> CandidateSet | None:
    """The whole set as a ranking, the best response first; None where nothing ranks them."""
    found = ranking(candidates, settings)
    return None if isinstance(found, Nothing) else found


def one_pair(
    texts: Sequence[str],
    measures: Sequence[CandidateScores],
    settings: PairingSettings,
    seed: int,
    identity: str,
) -> PickedPair | Nothing:
    """The two of several texts that make the first pair, by the first of their measures.

    Input: different texts, and their scores in the same order. Parameters: `settings`, of which
    `score` does not count; `seed` of the run; `identity` of what the texts answer. Output: their
    places, or why there is none.

    As long as nothing else is asked for, they are the best and the worst as floats, of equal ones
    the first: texts that a model wrote have an order of their own.

    >>> scored = [CandidateScores("judge", (2.0, 4.5, 1.25, 4.0))]
    >>> one_pair(["a", "b", "c", "d"], scored, PairingSettings(), 0, "id")
    PickedPair(chosen=1, rejected=2, margin=3.25)
    >>> one_pair(["a", "b", "c", "d"], scored, PairingSettings("sweet_spot", k=0.5), 0, "id")
    PickedPair(chosen=1, rejected=0, margin=2.5)
    """
    first = measures[0]
    if settings._replace(score=None, max_pairs=None) == PairingSettings():
        best, worst = max(first.values), min(first.values)
        if best == worst:
            return Nothing("tied_scores", 0.0, 0.0)
        return PickedPair(first.values.index(best), first.values.index(worst), best - worst)
    responses = [
        ScoredResponse(text, None, (NamedScore(first.name, value),))
        for text, value in zip(texts, first.values, strict=True)
    ]
    found = choose(responses, settings._replace(score=first.name), seed, identity)
    return found.nothing or found.pairs[0]


def _merged(copies: list[ScoredResponse]) -> ScoredResponse:
    if len(copies) == 1:
        return copies[0]
    # The fullest copy says in which order the scores stand, whichever came first in the file.
    copies = sorted(copies, key=lambda copy: (-len(copy.scores), tuple(copy.scores), copy.text))
    values: dict[str, list[float]] = {}
    for copy in copies:
        for name in dict.fromkeys(score.name for score in copy.scores):
            value = score_of(copy, name)
            values.setdefault(name, []).extend([] if value is None else [value])
    return ScoredResponse(
        min(copy.text for copy in copies),
        _agreed([copy.model for copy in copies]),
        tuple(
            NamedScore(name, fsum(found) / len(found)) for name, found in values.items() if found
        ),
        _agreed([copy.log_probability for copy in copies]),
        _agreed([copy.tokens for copy in copies]),
    )


def _agreed(values: Sequence[Any]) -> Any:
    """What all say who say something; None where they differ."""
    said = {value for value in values if value is not None}
    return said.pop() if len(said) == 1 else None


def _all_scores(
    responses: Sequence[ScoredResponse], measure: str | None
) -> tuple[CandidateScores, ...]:
    """Scores of the candidates that the measure compares, by each measure that all of them have."""
    compared = [r for r in responses if measure is None or score_of(r, measure) is not None]
    names = dict.fromkeys([*([measure] if measure else []), *(s.name for s in compared[0].scores)])
    found = {name: [score_of(response, name) for response in compared] for name in names}
    return tuple(
        CandidateScores(name, tuple(value for value in values if value is not None))
        for name, values in found.items()
        if None not in values
    )


def _pair(
    candidates: CandidateSet,
    picked: PickedPair,
    measure: str | None,
    scores: tuple[CandidateScores, ...],
) -> PreferencePair:
    prompt = tuple(candidates.prompt)
    chosen, rejected = (candidates.responses[at] for at in (picked.chosen, picked.rejected))
    sides = [(Message("assistant", response.text),) for response in (chosen, rejected)]
    writers = {"chosen": chosen.model, "rejected": rejected.model}
    models = [f"{side}={model}" for side, model in writers.items() if model]
    values = [score_of(r, measure) if measure else None for r in (chosen, rejected)]
    return PreferencePair(
        id=pair_id(prompt, *sides),
        prompt=prompt,
        chosen=sides[0],
        rejected=sides[1],
        margin=picked.margin,
        chosen_score=values[0],
        rejected_score=values[1],
        ches=None,
        ln_ches=None,
        uncertainty=None,
        method=METHOD,
        source=candidates.source,
        conversation_id=candidates.provenance.group,
        rationale=None,
        rubric=None,
        provenance=candidates.provenance._replace(models=tuple(models), scores=scores),
        split="",
    )
