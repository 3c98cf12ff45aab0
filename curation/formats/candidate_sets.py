"""From a prompt and its responses to a `CandidateSet`: identity, scores and their checks."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curation.formats.context import Context
from curation.formats.fields import label, number
from curation.formats.pairs import Dialogue
from curation.formats.turns import check_text
from curation.reading.rows import Problem, Row
from schemas.ids import content_id, conversation_id
from schemas.records import CandidateSet, NamedScore, Provenance, ScoredResponse

MAX_RESPONSES = 1_000
"""Most responses to one prompt; every pair made of them holds the scores of all."""
MAX_SCORES = 100
"""Most scores of one response."""
MAX_TOKENS = 2**31 - 1
"""Most tokens that a response may be said to have."""

_MISSING = ("", "n/a", "na", "nan", "none", "null")


def build_set(
    prompt: Dialogue,
    responses: Sequence[ScoredResponse],
    row: Row,
    context: Context,
    format: str,
) -> list[CandidateSet] | Problem:
    """Make a candidate set of a prompt and the responses to it.

    The id is of the prompt and the texts, in whatever order the texts stand.

    Output: one set, or the `Problem` `empty_prompt`.

    >>> from schemas.records import Message
    >>> asked, said = (Message("user", "hi"),), [ScoredResponse(t, None, ()) for t in ("a", "b")]
    >>> one, other = (build_set(asked, texts, Row({}, 0), Context("f"), "candidates")[0]
    ...               for texts in (said, said[::-1]))
    >>> one.id == other.id, one == other
    (True, False)
    """
    if not any(content.strip() for _, content in prompt):
        return Problem("empty_prompt", "the prompt has no text")
    group = conversation_id(prompt)
    return [
        CandidateSet(
            id=content_id("candidates", prompt, sorted(response.text for response in responses)),
            prompt=prompt,
            responses=tuple(responses),
            source=context.source or format,
            provenance=Provenance(context.file, row.position, group, None, (), (), None, ""),
        )
    ]


def check_count(responses: Any, field: str) -> Problem | None:
    """Whether something is a list of so many responses that one can be better than another.

    Output: the `Problem` `wrong_type`, `too_few_responses` or `too_many_responses`.

    >>> check_count(["a"], "responses").detail
    'responses: 1 of at least 2'
    """
    if not isinstance(responses, (list, tuple)):
        found = type(responses).__name__
        return Problem("wrong_type", f"{field}: expected a list, got {found}")
    if len(responses) < 2:
        return Problem("too_few_responses", f"{field}: {len(responses)} of at least 2")
    if len(responses) > MAX_RESPONSES:
        detail = f"{field}: {len(responses):,}, more than {MAX_RESPONSES:,}"
        return Problem("too_many_responses", detail)
    return None


def read_text(value: Any, where: str, max_chars: int) -> str | Problem:
    """The text of a response; `where` begins the detail of a `Problem`."""
    if not isinstance(value, str):
        return Problem("wrong_type", f"{where}: expected text, got {type(value).__name__}")
    problem = check_text(value, max_chars)
    return problem._replace(detail=f"{where}: {problem.detail}") if problem else value


def read_score(value: Any, where: str) -> float | Problem | None:
    """A score, also out of text.

    Output: None where there is none: null, NaN (which is how tables write it), blank text,
    `N/A`, `none`, `null`. The `Problem` `wrong_value` for what is no finite number: such a row says
    something else than it seems to.

    >>> read_score("4", "score"), read_score("N/A", "score"), read_score(float("nan"), "score")
    (4.0, None, None)
    >>> read_score(float("-inf"), "responses[1].score").detail
    'responses[1].score: expected a finite number, got -inf'
    """
    if value is None or (isinstance(value, str) and value.strip().lower() in _MISSING):
        return None
    if isinstance(value, float) and math.isnan(value):
        return None
    found = number(value)
    if found is None:
        said = f"{value:.60}" if isinstance(value, str) else f"{value!r:.60}"
        return Problem("wrong_value", f"{where}: expected a finite number, got {said}")
    return found


def read_scores(values: Iterable[tuple[Any, Any]], where: str) -> tuple[NamedScore, ...] | Problem:
    """Scores by name, without those that are missing.

    Input: names and values in the order that the scores are to have.

    >>> read_scores([("helpful", 4), ("honest", "N/A")], "scores")
    (NamedScore(name='helpful', value=4.0),)
    """
    found: dict[str, float] = {}
    for name, value in values:
        known = label(name) if isinstance(name, str) else None
        if known is None or known != name:
            detail = f"{where}: the name of a score is short text, not {name!r:.60}"
            return Problem("wrong_value", detail)
        score = read_score(value, f"{where}.{name[:60]}")
        if isinstance(score, Problem):
            return score
        if score is not None:
            found[known] = score
    if len(found) > MAX_SCORES:
        return Problem("too_many_scores", f"{where}: {len(found):,}, more than {MAX_SCORES:,}")
    return tuple(NamedScore(name, score) for name, score in found.items())


def read_log_probability(value: Mapping[str, Any], where: str) -> float | Problem | None:
    """The log-probability of a response, in nats; None where there is none."""
    found = read_score(value.get("log_probability"), f"{where}.log_probability")
    if isinstance(found, float) and found > 0:
        return Problem("wrong_value", f"{where}.log_probability: expected 0 or less, got {found}")
    return found


def read_tokens(value: Mapping[str, Any], where: str) -> int | Problem | None:
    """How many tokens a response has; None where nobody counted."""
    found = read_score(value.get("tokens"), f"{where}.tokens")
    if not isinstance(found, float):
        return found
    if not found.is_integer() or not 0 <= found <= MAX_TOKENS:
        detail = f"{where}.tokens: expected a whole number from 0 to {MAX_TOKENS:,}, got {found:g}"
        return Problem("wrong_value", detail)
    return int(found)
