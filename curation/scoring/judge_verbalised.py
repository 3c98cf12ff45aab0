"""The verbalised judge: it writes its reasons, and a verdict in a form that cannot be missed.

An answer is in form when the model ended it, its last line is a verdict and nothing else, and
no other verdict stands in it. Whatever else it wrote is `unparsable`: a value, never a guess.
"""

from collections.abc import Sequence

from curation.models.protocols import Completion, GenerationRequest, Generator, Guide
from curation.prompts.judge import REASONED_JUDGE, VERDICT_JUDGE, JudgePrompt
from curation.prompts.prompt import Unparsed
from curation.scoring.judge_prompt import Comparison
from curation.scoring.judgement import (
    FIRST,
    SECOND,
    TIE,
    UNPARSABLE,
    Judgement,
    combine_orders,
)
from schemas.ids import content_id, seed_from

_VOTES = {FIRST: 1.0, SECOND: 0.0, TIE: 0.5, UNPARSABLE: None}


def verdict_requests(
    comparison: Comparison,
    *,
    seed: int = 0,
    guided: bool = False,
    temperature: float = 0.0,
    max_new_tokens: int = 512,
    max_prompt_tokens: int = 4096,
    prompt: JudgePrompt | None = None,
) -> tuple[GenerationRequest, GenerationRequest]:
    """Ask for a verdict in both orders.

    Parameters: `seed` of the run, from which each order's own is derived; `guided` holds the
    answer to a bare verdict, on backends that can; lengths in tokens; `prompt`, another than
    `VERDICT_JUDGE` (guided) or `REASONED_JUDGE` (not).

    >>> from schemas.records import Message
    >>> question = Comparison([Message("user", "2 + 2?")], "4", "5")
    >>> verdict_requests(question, guided=True)[0].guide.choices
    ('[[A]]', '[[B]]', '[[C]]')
    """
    template = prompt or (VERDICT_JUDGE if guided else REASONED_JUDGE)
    guide = Guide(choices=tuple(template.answers)) if guided else None
    one, other = (
        GenerationRequest(
            messages,
            seed_from(seed, content_id("judge", messages)),
            max_new_tokens,
            temperature,
            max_prompt_tokens=max_prompt_tokens,
            guide=guide,
        )
        for messages in template.orders(comparison)
    )
    return one, other


def parse_verdict(answer: Completion, prompt: JudgePrompt = REASONED_JUDGE) -> str:
    """What an answer says of the reply shown as A: `first`, `second`, `tie` or `unparsable`.

    Parameters: `prompt`, what was asked.

    >>> parse_verdict(Completion("A is right, B is not.\\n[[A]]", "stop", 90, 12))
    'first'
    >>> parse_verdict(Completion("It says [[B]], but it is wrong.\\n[[A]]", "stop", 90, 15))
    'unparsable'
    >>> parse_verdict(Completion("The better one is A.", "stop", 90, 7))
    'unparsable'
    """
    said = prompt.parse(answer)
    return UNPARSABLE if isinstance(said, Unparsed) else said


def verbalised_judgement(
    answers: Sequence[Completion], prompt: JudgePrompt = REASONED_JUDGE
) -> Judgement:
    """Read the answers to the two `verdict_requests` of one comparison.

    Parameters: `prompt`, what was asked.

    >>> said = [Completion("[[A]]", "stop", 90, 4), Completion("[[B]]", "stop", 90, 4)]
    >>> verbalised_judgement(said).verdict
    'first'
    """
    first_as_a, first_as_b = (_VOTES[parse_verdict(answer, prompt)] for answer in answers)
    return combine_orders(first_as_a, None if first_as_b is None else 1 - first_as_b)


def judge_in_words(
    comparisons: Sequence[Comparison], model: Generator, seed: int = 0, guided: bool = False
) -> list[Judgement]:
    """Judge comparisons by what the model writes, each in both orders."""
    requests = [r for c in comparisons for r in verdict_requests(c, seed=seed, guided=guided)]
    answers = [completions[0] for completions in model.generate(requests)]
    prompt = VERDICT_JUDGE if guided else REASONED_JUDGE
    return [verbalised_judgement(answers[i : i + 2], prompt) for i in range(0, len(answers), 2)]
