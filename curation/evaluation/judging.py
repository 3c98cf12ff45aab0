"""Who wins an item: both replies before a judge who knows the user's checklist, in both orders.

Replies that are equal are a tie, and nobody is asked. What cannot be judged, because a reply is
missing, a model failed or an answer is not in form, is counted by its reason and is no tie.
"""

from typing import Any, NamedTuple

from curation.evaluation.answers import Answer
from curation.evaluation.items import Item
from curation.models.isolation import Failure
from curation.models.tasks import GENERATION, LIKELIHOOD, Task, several
from curation.prompts.judge import CHECKLIST_JUDGE, CHECKLIST_VERDICT_JUDGE, JudgePrompt
from curation.scoring.judge import logit_judgement, logit_requests
from curation.scoring.judge_prompt import Comparison
from curation.scoring.judge_verbalised import verbalised_judgement, verdict_requests
from curation.scoring.judgement import FIRST, SECOND, TIE, UNPARSABLE, Judgement

WIN, LOSS, FAILED, MISSING = "win", "loss", "failed", "missing"
"""Results of an item from the side of A, with `TIE` and `UNPARSABLE` of the judges."""
DECIDED = (WIN, TIE, LOSS)
"""Results that rates are computed of."""
_RESULTS = {FIRST: WIN, SECOND: LOSS, TIE: TIE, UNPARSABLE: UNPARSABLE}


class Judging(NamedTuple):
    """How a judge is asked.

    Parameters: `model`, its name; `in_words` asks for a verdict that the model writes, held to the
    closed list, else the likelihoods of the two labels are compared, which needs a model that
    tells them. `max_tokens` bounds the conversation, the checklist, both replies and the template
    together.
    """

    model: str
    in_words: bool = False
    max_tokens: int = 8192
    seed: int = 0
    max_new_tokens: int = 64
    """Of a written verdict, which is shorter; some servers' models think before they write."""

    @property
    def template(self) -> JudgePrompt:
        """What the judge is told."""
        return CHECKLIST_VERDICT_JUDGE if self.in_words else CHECKLIST_JUDGE

    @property
    def task(self) -> Task:
        """What the judge's model is asked: both orders of an item at once."""
        return several(GENERATION if self.in_words else LIKELIHOOD)


class Outcome(NamedTuple):
    """How an item was decided, from the side of A."""

    result: str
    """One of `DECIDED`, `unparsable`, `failed` or `missing`."""
    judgement: Judgement | None = None
    """What the judge said; A is the first. None where it was not asked, or failed."""
    reason: str = ""
    """Of a tie without a judge `identical`; of `failed` and `missing`, what went wrong."""


def settled(a: Answer | Failure | None, b: Answer | Failure | None) -> Outcome | None:
    """The outcome that needs no judge; None where the judge is to be asked.

    >>> settled(Answer("Red."), Answer("Red."))
    Outcome(result='tie', judgement=None, reason='identical')
    >>> settled(Answer("Red."), None).reason
    'no answer of b'
    >>> settled(Answer("Red."), Answer("Green.")) is None
    True
    """
    reasons = []
    for side, answer in (("a", a), ("b", b)):
        if answer is None:
            reasons.append(f"no answer of {side}")
        elif isinstance(answer, Failure):
            reasons.append(f"{side}: {answer.reason}")
    if reasons:
        failed = isinstance(a, Failure) or isinstance(b, Failure)
        return Outcome(FAILED if failed else MISSING, None, ", ".join(reasons))
    equal = isinstance(a, Answer) and isinstance(b, Answer) and a.text == b.text
    return Outcome(TIE, None, "identical") if equal else None


def judge_requests(item: Item, a: Answer, b: Answer, judging: Judging) -> list[Any]:
    """What the judge's model is asked, for `Judging.task`: the two orders of an item.

    With A and B exchanged these are the same two requests, exchanged.
    """
    comparison = Comparison(item.prompt, a.text, b.text, item.checklist)
    if not judging.in_words:
        return list(logit_requests(comparison, judging.template, judging.max_tokens))
    return list(
        verdict_requests(
            comparison,
            seed=judging.seed,
            guided=True,
            max_new_tokens=judging.max_new_tokens,
            max_prompt_tokens=judging.max_tokens,
            prompt=judging.template,
        )
    )


def read_outcome(answers: Any, judging: Judging) -> Outcome:
    """The outcome of an item, from what the judge's model has answered to `judge_requests`.

    Input: the answers to both, or the `Failure` to answer.

    >>> from curation.models.protocols import Completion
    >>> said = [[Completion("[[A]]", "stop", 90, 4)], [Completion("[[B]]", "stop", 90, 4)]]
    >>> read_outcome(said, Judging("m", in_words=True)).result
    'win'
    >>> read_outcome(Failure("prompt_too_long", "5000 tokens"), Judging("m")).reason
    'judge: prompt_too_long'
    """
    if isinstance(answers, Failure):
        return Outcome(FAILED, None, f"judge: {answers.reason}")
    if judging.in_words:
        said = [completions[0] for completions in answers]
        judged = verbalised_judgement(said, judging.template)
    else:
        judged = logit_judgement(answers)
    return Outcome(_RESULTS[judged.verdict], judged)
