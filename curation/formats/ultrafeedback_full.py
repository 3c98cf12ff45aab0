"""UltraFeedback as it was annotated (arXiv 2310.01377): an instruction and scored completions.

    {"instruction": "…", "completions": [{"model": "gpt-4", "response": "…",
      "fine-grained_score": 4.25, "overall_score": 8.5,
      "annotations": {"honesty": {"Rating": "4", "Rationale": "…"}, …}}, …]}

`fine-grained_score`, the mean of the ratings, comes first among the scores: some of the overall
scores were written as 10 where 1 was meant. The system prompts that the completions were sampled
with differ from one to the next and are not part of the prompt.
"""

from collections.abc import Mapping
from typing import Any

from curation.formats.candidate_sets import build_set, check_count, read_scores, read_text
from curation.formats.context import Context
from curation.formats.fields import label
from curation.formats.turns import listed
from curation.reading.rows import Problem, Row
from schemas.records import CandidateSet, Message, ScoredResponse

_SCORES = ("fine-grained_score", "overall_score")


def matches(value: Mapping[str, Any]) -> bool:
    """Whether a row has `instruction` and `completions`.

    >>> matches({"instruction": "hi", "completions": []})
    True
    """
    return "instruction" in value and "completions" in value


def parse(value: Mapping[str, Any], row: Row, context: Context) -> list[CandidateSet] | Problem:
    """Read a row with all its completions.

    >>> said = [{"model": "a", "response": "Hello!", "fine-grained_score": 4.5},
    ...         {"model": "b", "response": "No.", "annotations": {"honesty": {"Rating": "N/A"}}}]
    >>> value = {"instruction": "hi", "completions": said}
    >>> (found,) = parse(value, Row(value, 0), Context("a.jsonl"))
    >>> [(r.model, [tuple(score) for score in r.scores]) for r in found.responses]
    [('a', [('fine-grained_score', 4.5)]), ('b', [])]
    """
    # It is what the models were asked, word for word, even where it looks like a transcript.
    prompt = read_text(value["instruction"], "instruction", context.max_turn_chars)
    if isinstance(prompt, Problem):
        return prompt
    completions = listed(value["completions"])
    problem = check_count(completions, "completions")
    if problem:
        return problem
    responses = []
    for index, completion in enumerate(completions):
        response = _read(completion, f"completions[{index}]", context.max_turn_chars)
        if isinstance(response, Problem):
            return response
        responses.append(response)
    return build_set((Message("user", prompt),), responses, row, context, "ultrafeedback_full")


def _read(completion: Any, where: str, max_chars: int) -> ScoredResponse | Problem:
    if not isinstance(completion, dict):
        found = type(completion).__name__
        return Problem("wrong_type", f"{where}: expected an object, got {found}")
    text = read_text(completion.get("response"), f"{where}.response", max_chars)
    if isinstance(text, Problem):
        return text
    scores = read_scores([(name, completion.get(name)) for name in _SCORES], where)
    if isinstance(scores, Problem):
        return scores
    ratings = _ratings(completion.get("annotations"), f"{where}.annotations")
    if isinstance(ratings, Problem):
        return ratings
    return ScoredResponse(text, label(completion.get("model")), (*scores, *ratings))


def _ratings(annotations: Any, where: str) -> Any:
    """The ratings by dimension, in the alphabet's order."""
    if annotations is None:
        return ()
    if not isinstance(annotations, dict):
        found = type(annotations).__name__
        return Problem("wrong_type", f"{where}: expected an object, got {found}")
    ratings = [
        (name, said.get("Rating") if isinstance(said, dict) else said)
        for name, said in sorted(annotations.items(), key=lambda item: str(item[0]))
        if name not in _SCORES
    ]
    return read_scores(ratings, where)
