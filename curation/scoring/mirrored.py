"""Pairs whose label depends on the system prompt alone, and how often a judge gets them right.

The same two responses are compared under two system prompts, with the opposite label: a
judge that does not read the system prompt is right exactly half of the time.

Reference: Configurable Preference Tuning (arXiv 2506.11702); Reasonable Preference Reversal
(arXiv 2407.14916).
"""

from collections.abc import Callable, Iterable, Sequence

from curation.scoring.judge_prompt import Comparison
from schemas.records import Message


def mirrored(
    prompt: Sequence[Message], systems: tuple[str, str], responses: tuple[str, str]
) -> tuple[Comparison, Comparison]:
    """Two comparisons, the better response first in both.

    Input: a prompt without a system message; two system prompts, and the response that is the
    better one under each.

    >>> one, other = mirrored([Message("user", "Hi")], ("Be brief.", "Be warm."), ("Hi.", "Dear!"))
    >>> one.prompt[0].content, one.first, other.prompt[0].content, other.first
    ('Be brief.', 'Hi.', 'Be warm.', 'Dear!')
    """
    first, second = responses
    return (
        Comparison([Message("system", systems[0]), *prompt], first, second),
        Comparison([Message("system", systems[1]), *prompt], second, first),
    )


def accuracy(comparisons: Iterable[Comparison], judge: Callable[[Comparison], float]) -> float:
    """Share of comparisons whose first response a judge prefers; a tie counts half.

    Parameters: `judge` gives the probability that the first response is better.

    Raises: ValueError without any comparison.
    """
    marks = [(p > 0.5) + 0.5 * (p == 0.5) for p in map(judge, comparisons)]
    if not marks:
        raise ValueError("there is nothing to compare")
    return sum(marks) / len(marks)
