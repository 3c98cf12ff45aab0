"""The five things that a model can be asked, each with what is needed to keep its answers.

Four are asked of a language model, `TEXT_SIMILARITY` of a sentence encoder.
`several` makes a task of any of them that asks several requests of one record at once.

A `Task` says how a batch of requests is put to a model, and how an answer comes back out of
JSON. Its `version` is part of the key that an answer is kept under: raise it when the same
request begins to mean something else to a model (another chat frame, another order of
scoring), and every answer kept before is asked anew.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from curation.models.protocols import (
    Completion,
    HiddenResult,
    HiddenSum,
    JointResult,
    LikelihoodResult,
    Similarity,
)
from curation.scoring.text_similarity import text_similarities


class Task(NamedTuple):
    """One kind of model work; all of its parts are importable functions, so that it pickles."""

    name: str
    version: int
    ask: Callable[[Any, Sequence[Any]], Sequence[Any]]
    """`ask(model, requests)` gives an answer for each request, in order, or raises."""
    restore: Callable[[Any], Any]
    """Make an answer again from what JSON has kept of it."""
    tokens: Callable[[Any], int]
    """How many tokens an answer has cost."""


def _generate(model: Any, requests: Sequence[Any]) -> Sequence[Any]:
    return model.generate(requests)


def _score(model: Any, requests: Sequence[Any]) -> Sequence[Any]:
    return model.score(requests)


def _encode(model: Any, requests: Sequence[Any]) -> Sequence[Any]:
    return model.encode(requests)


def _measure(model: Any, requests: Sequence[Any]) -> Sequence[Any]:
    return model.measure(requests)


def _compare(model: Any, requests: Sequence[Any]) -> Sequence[Any]:
    return [text_similarities(model, request) for request in requests]


def _completions(value: Any) -> list[Completion]:
    return [Completion(*item) for item in value]


def _completion_tokens(answer: Sequence[Completion]) -> int:
    return sum(c.new_tokens for c in answer) + max((c.prompt_tokens for c in answer), default=0)


def _likelihoods(value: Any) -> LikelihoodResult:
    return LikelihoodResult(*value)


def _hidden(value: Any) -> HiddenResult:
    sums, *rest = value
    return HiddenResult([HiddenSum(*item) for item in sums], *rest)


def _joint(value: Any) -> JointResult:
    follow_ups, similarity, *rest = value
    return JointResult(follow_ups, Similarity(*similarity) if similarity else None, *rest)


def _tokens(answer: Any) -> int:
    return answer.tokens


def _no_tokens(answer: Any) -> int:
    return 0


GENERATION = Task("generate", 1, _generate, _completions, _completion_tokens)
"""`GenerationRequest` to a list of `Completion`."""
LIKELIHOOD = Task("score", 1, _score, _likelihoods, _tokens)
"""`LikelihoodRequest` to `LikelihoodResult`."""
HIDDEN = Task("encode", 1, _encode, _hidden, _tokens)
"""`HiddenRequest` to `HiddenResult`."""
JOINT = Task("measure", 1, _measure, _joint, _tokens)
"""`JointRequest` to `JointResult`."""
TEXT_SIMILARITY = Task("compare", 1, _compare, list, _no_tokens)
"""`TextSimilarityRequest` to a list of cosines; of a sentence encoder."""


def several(task: Task) -> Task:
    """The task that takes a list of requests and answers with the list of their answers.

    For a record that needs more than one answer: both orders of a judge, windows of a
    conversation. It succeeds or fails as one, and nothing has to be put together by a shuffle.

    >>> several(GENERATION).name
    'generate*'
    """
    return task._replace(
        name=f"{task.name}*",
        ask=partial(_ask_several, task),
        restore=partial(_restore_several, task),
        tokens=partial(_tokens_of_several, task),
    )


def _ask_several(task: Task, model: Any, groups: Sequence[Sequence[Any]]) -> Sequence[Any]:
    requests = [request for group in groups for request in group]
    answers = iter(task.ask(model, requests) if requests else ())
    return [list(islice(answers, len(group))) for group in groups]


def _restore_several(task: Task, value: Any) -> list[Any]:
    return [task.restore(answer) for answer in value]


def _tokens_of_several(task: Task, answers: Sequence[Any]) -> int:
    return sum(map(task.tokens, answers))
