"""Several responses to a prompt with their scores, in the plainest way to write them down.

    {"prompt": text or messages, "responses": [{"text": "…", "model": "…", "score": 4.0}, …]}
    {"prompt": text or messages, "responses": ["…", "…"], "scores": [4.0, 2.5]}

A response may have several `scores` by name in place of the one `score`, and its
`log_probability` in nats and number of `tokens` under the model that wrote it.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from curation.formats.candidate_sets import (
    build_set,
    check_count,
    read_log_probability,
    read_scores,
    read_text,
    read_tokens,
)
from curation.formats.completions import read_prompt
from curation.formats.context import Context
from curation.formats.conversations import with_system
from curation.formats.fields import first, label
from curation.reading.rows import Problem, Row
from schemas.records import CandidateSet, NamedScore, ScoredResponse

SCORE = "score"
"""Name of a score that has none of its own."""

_TEXT = ("text", "response", "content")


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `prompt` and `responses`.

    >>> matches({"prompt": "hi", "responses": ["a", "b"]})
    True
    """
    return "prompt" in value and "responses" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[CandidateSet] | Problem:
    """Read a prompt, with a `system` text before it where the row has one, and its responses.

    >>> value = {"prompt": "hi", "responses": ["Hello!", "No."], "scores": [2, None]}
    >>> (found,) = parse(value, Row(value, 0), Context("a.jsonl"))
    >>> [(r.text, [tuple(score) for score in r.scores]) for r in found.responses]
    [('Hello!', [('score', 2.0)]), ('No.', [])]
    """
    prompt = read_prompt(value["prompt"], context.max_turn_chars)
    if not isinstance(prompt, Problem):
        prompt = with_system(prompt, value, context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    items = _list_in(value["responses"])
    problem = check_count(items, "responses")
    if problem:
        return problem
    beside = _beside(_list_in(value.get("scores")), len(items))
    if isinstance(beside, Problem):
        return beside
    responses = []
    for index, (item, score) in enumerate(zip(items, beside, strict=True)):
        response = _read(item, score, f"responses[{index}]", context.max_turn_chars)
        if isinstance(response, Problem):
            return response
        responses.append(response)
    return build_set(prompt, responses, row, context, "candidates")


def _list_in(value: Any) -> Any:
    """A list as it is, or out of its JSON text; CSV has no other way to hold one."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _beside(scores: Any, count: int) -> list[Any] | Problem:
    """The list of scores that stands beside the responses; one None for each without it."""
    if scores is None:
        return [None] * count
    if not isinstance(scores, (list, tuple)):
        return Problem("wrong_type", f"scores: expected a list, got {type(scores).__name__}")
    if len(scores) != count:
        return Problem("wrong_length", f"scores: {len(scores):,} of {count:,} responses")
    return list(scores)


def _read(item: Any, beside: Any, where: str, max_chars: int) -> ScoredResponse | Problem:
    if isinstance(item, str):
        item, name = {"text": item}, where
    elif isinstance(item, dict):
        name = f"{where}.{next((n for n in _TEXT if item.get(n) is not None), _TEXT[0])}"
    else:
        found = type(item).__name__
        return Problem("wrong_type", f"{where}: expected text or an object, got {found}")
    text = read_text(first(item, _TEXT), name, max_chars)
    if isinstance(text, Problem):
        return text
    scores = _scores(item, beside, where)
    if isinstance(scores, Problem):
        return scores
    log_probability = read_log_probability(item, where)
    if isinstance(log_probability, Problem):
        return log_probability
    tokens = read_tokens(item, where)
    if isinstance(tokens, Problem):
        return tokens
    return ScoredResponse(text, label(item.get("model")), scores, log_probability, tokens)


def _scores(item: Mapping[str, Any], beside: Any, where: str) -> tuple[NamedScore, ...] | Problem:
    """The `score` first, then those with names in the alphabet's order, the same in every row."""
    named = item.get("scores")
    if named is not None and not isinstance(named, dict):
        found = type(named).__name__
        return Problem("wrong_type", f"{where}.scores: expected numbers by name, got {found}")
    own = beside if item.get(SCORE) is None else item[SCORE]
    more = sorted((named or {}).items(), key=lambda pair: str(pair[0]))
    plain = read_scores([(SCORE, own)], where)
    if isinstance(plain, Problem):
        return plain
    others = read_scores(more, f"{where}.scores")
    if isinstance(others, Problem):
        return others
    # A column of a table may hold both; the one that stands by itself is meant first.
    return (*plain, *(score for score in others if not plain or score.name != SCORE))
