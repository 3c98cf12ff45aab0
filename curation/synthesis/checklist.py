"""The checklist filter: a pair stays when a judge that holds the user's checklist agrees.

The judge sees the user's preference as the checklist (`PreferencePair.rubric`) and both replies,
and is asked in both orders. A pair whose chosen side does not win in both is dropped.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3, checklist-guided filter.
"""

from collections.abc import Sequence
from typing import Any

from curation.models.protocols import GenerationRequest, LikelihoodRequest
from curation.prompts.judge import CHECKLIST_JUDGE, CHECKLIST_VERDICT_JUDGE, JudgePrompt
from curation.scoring.judge import logit_judgement, logit_requests
from curation.scoring.judge_prompt import compared
from curation.scoring.judge_verbalised import verbalised_judgement, verdict_requests
from curation.scoring.judgement import FIRST, UNPARSABLE
from schemas.errors import UsageError
from schemas.records import Drop, PreferencePair

FORMS = ("likelihood", "words")
"""How the judge may be asked: for the likelihood of the two labels, or for a verdict in words that
the backend holds to its form."""
THRESHOLD = 0.5
"""Probability above which a reply is the better one."""
MAX_TOKENS = 8192
"""Bound on the conversation, the checklist, both replies and the template together."""


def checklist_requests(
    pair: PreferencePair, form: str = "likelihood", seed: int = 0
) -> list[LikelihoodRequest] | list[GenerationRequest]:
    """Ask which side does what the user's checklist states, in both orders.

    Input: a complete pair with its `rubric`. Parameters: `form`, one of `FORMS`; `seed` of the
    run, for `words`. Raises: UsageError for another form.
    """
    comparison = compared(pair)._replace(checklist=pair.rubric or "")
    if form == "likelihood":
        return list(logit_requests(comparison, CHECKLIST_JUDGE, MAX_TOKENS))
    _check(form)
    requests = verdict_requests(
        comparison,
        seed=seed,
        guided=True,
        max_new_tokens=16,
        max_prompt_tokens=MAX_TOKENS,
        prompt=CHECKLIST_VERDICT_JUDGE,
    )
    return list(requests)


def checklist_verdict(
    pair: PreferencePair, answers: Sequence[Any], form: str = "likelihood", model: str = ""
) -> PreferencePair | Drop:
    """Keep a pair if its chosen side wins in both orders.

    Input: the pair and the answers to its `checklist_requests` of the same form: two
    `LikelihoodResult`s, or two lists with a `Completion`. Parameters: `model`, the judge as
    `name@revision`. Output: the pair with the judge in its provenance, or a `Drop`:
    `checklist_judge`, with the probability that chosen is the better one, or
    `checklist_verdict_judge:off_grammar`. Raises: UsageError for another form.
    """
    template: JudgePrompt
    if form == "likelihood":
        template = CHECKLIST_JUDGE
        judged = logit_judgement(answers)
    else:
        _check(form)
        template = CHECKLIST_VERDICT_JUDGE
        judged = verbalised_judgement([a[0] for a in answers], template)
    if judged.verdict == UNPARSABLE:
        return template.unparsed().drop(pair.id)
    if judged.verdict != FIRST:
        return Drop(pair.id, "checklist_judge", judged.probability, THRESHOLD)
    origin = pair.provenance
    return pair._replace(
        provenance=origin._replace(
            models=(*origin.models, f"judge={model}") if model else origin.models,
            prompts=(*origin.prompts, template.identity),
        )
    )


def _check(form: str) -> None:
    if form not in FORMS:
        raise UsageError(f"a judge asked by {form!r}: expected {' or '.join(FORMS)}")
