"""Two criteria under which the preference of a pair goes one way and the other.

    pair → criteria X and Y → under X one reply is better, under Y the other → two pairs

Each criterion stands in the system message of its pair, so that a model which ignores system
messages is right on exactly half of them.

Reference: Pitis et al., Improving Context-Aware Preference Modeling for Language Models (RPR,
arXiv 2407.14916).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from curation.feedback.safety import BY_RULES
from curation.feedback.safety_rules import rules_verdict
from curation.models.protocols import Completion, GenerationRequest, LikelihoodRequest
from curation.prompts.choice import FORMS
from curation.prompts.context_compare import CONTEXT_COMPARE
from curation.prompts.context_criteria import CONTEXT_CRITERIA, Criteria
from curation.prompts.prompt import Unparsed, dialogue
from curation.scoring.judgement import FIRST, UNPARSABLE
from curation.synthesis.origins import derived_pair, with_origin
from curation.synthesis.reply import ReplySampling
from schemas.errors import UsageError
from schemas.ids import content_id, unit_interval
from schemas.records import Drop, Message, PreferencePair

METHOD = "context_reversal"
"""`PreferencePair.method`."""
NOT_DECISIVE, UNSAFE = "context_not_decisive", "unsafe_preference"
"""Reasons: the judge does not pick the reply that a criterion was written for; a criterion asks for
less safety."""
SYSTEM = "In this conversation a reply is judged by one criterion: {criterion}"
"""The system message of a pair."""


class ContextSettings(NamedTuple):
    """How criteria are written and checked.

    Parameters: `sampling` of the writer, whose seed draws the order of the replies as well, and
    whose `keep_truncated` reads answers that were cut off; `check` whether a judge has to pick
    the right reply by each criterion, in both orders: four calls a pair; `form` in which it is
    asked, one of `curation.prompts.choice.FORMS`; `max_tokens` of such a question.
    """

    sampling: ReplySampling = ReplySampling(max_new_tokens=192, max_prompt_tokens=4096)
    check: bool = True
    form: str = "likelihood"
    max_tokens: int = 8192


class ContextDraft(NamedTuple):
    """A pair with a criterion for each of its sides."""

    pair: PreferencePair
    """The pair as it was."""
    for_chosen: str
    """Criterion by which its chosen reply is the better one."""
    for_rejected: str
    """Criterion by which its rejected reply is."""
    models: tuple[str, ...]
    """`role=name@revision` of those who wrote and judged the criteria."""
    prompts: tuple[str, ...]
    """Their prompts."""
    seed: int
    """Of the writer's request."""
    cut_messages: int


class ContextPairs(NamedTuple):
    """The two pairs that come of one."""

    pair: PreferencePair
    """The pair that they come from."""
    pairs: tuple[PreferencePair, PreferencePair]


def check_settings(settings: ContextSettings) -> None:
    """Refuse settings that make no sense. Raises: UsageError naming the setting."""
    if settings.form not in FORMS:
        raise UsageError(f"a judge asked by {settings.form!r}: expected {' or '.join(FORMS)}")


def chosen_is_first(pair: PreferencePair, settings: ContextSettings = ContextSettings()) -> bool:
    """Whether the writer sees the chosen reply as A: of half of all pairs, by seed and id."""
    drawn = content_id("context order", pair.id)
    return unit_interval(settings.sampling.seed, drawn) < 0.5


def criteria_request(
    pair: PreferencePair, settings: ContextSettings = ContextSettings()
) -> GenerationRequest:
    """Ask the writer for the two criteria.

    Input: a complete pair.
    """
    shown = [pair.chosen[0].content, pair.rejected[0].content]
    if not chosen_is_first(pair, settings):
        shown.reverse()
    parts = [*dialogue(pair.prompt), ("reply A", shown[0]), ("reply B", shown[1])]
    return settings.sampling.request(
        CONTEXT_CRITERIA.messages(parts), content_id("context", pair.id)
    )


def read_criteria(
    pair: PreferencePair,
    answer: Sequence[Completion],
    settings: ContextSettings = ContextSettings(),
    model: str = "",
) -> ContextDraft | Drop:
    """Put the criteria to the sides that they were written for.

    Input: the pair, the answer to its `criteria_request`. Parameters: the settings it was made
    with; `model`, the writer as `name@revision`. Output: the pair with its criteria, or a `Drop`:
    `context_criteria:KIND` where the answer is of no use, `unsafe_preference` where the rules of
    `curation.feedback.safety_rules` find that a criterion asks for less safety.
    """
    completion = answer[0]
    if settings.sampling.keep_truncated:
        completion = completion._replace(finish_reason="stop")
    criteria = CONTEXT_CRITERIA.parse(completion)
    if isinstance(criteria, Unparsed):
        return criteria.drop(pair.id)
    if rules_verdict(criteria):
        return Drop(pair.id, UNSAFE, None, None)
    straight = chosen_is_first(pair, settings)
    return ContextDraft(
        pair,
        *(criteria if straight else Criteria(criteria.y, criteria.x)),
        (f"writer={model}",) if model else (),
        (CONTEXT_CRITERIA.identity,),
        criteria_request(pair, settings).seed,
        completion.cut_messages,
    )


def decisive_requests(
    draft: ContextDraft, settings: ContextSettings = ContextSettings()
) -> list[LikelihoodRequest | GenerationRequest]:
    """Ask which reply is better by the chosen side's criterion, in both orders; then by the other.

    The reply that the criterion was written for is shown first in the first and in the third.
    """
    pair = draft.pair
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    return [
        request
        for criterion, better, worse in (
            (draft.for_chosen, chosen, rejected),
            (draft.for_rejected, rejected, chosen),
        )
        for request in CONTEXT_COMPARE.both_orders(
            [*dialogue(pair.prompt), ("criterion", criterion)],
            better,
            worse,
            settings.form,
            seed=settings.sampling.seed,
            max_tokens=settings.max_tokens,
        )
    ]


def read_decisive(
    draft: ContextDraft,
    answers: Sequence[Any],
    settings: ContextSettings = ContextSettings(),
    model: str = "",
) -> ContextPairs | Drop:
    """Make both pairs if the judge picks by each criterion the reply that it was written for.

    Input: the draft, the answers to its `decisive_requests`. Parameters: the settings they were
    made with; `model`, the judge as `name@revision`. Output: the pairs, or a `Drop`:
    `context_not_decisive` with the lower of the two probabilities of the right reply,
    `context_compare:KIND` where an answer in words is off the grammar.
    """
    judged = [CONTEXT_COMPARE.judgement(answers[i : i + 2], settings.form) for i in (0, 2)]
    if any(judgement.verdict == UNPARSABLE for judgement in judged):
        weighed = (CONTEXT_COMPARE.weigh(answer, settings.form) for answer in answers)
        return next(w for w in weighed if isinstance(w, Unparsed)).drop(draft.pair.id)
    if any(judgement.verdict != FIRST for judgement in judged):
        least = min(j.probability for j in judged if j.probability is not None)
        return Drop(draft.pair.id, NOT_DECISIVE, least, 0.5)
    return both_pairs(
        draft._replace(
            models=(*draft.models, f"judge={model}") if model else draft.models,
            prompts=(*draft.prompts, CONTEXT_COMPARE.identity),
        )
    )


def both_pairs(draft: ContextDraft) -> ContextPairs:
    """The pair under the criterion of its chosen reply, and reversed under that of the other."""
    pair = draft.pair
    chosen, rejected = pair.chosen[0].content, pair.rejected[0].content
    return ContextPairs(
        pair,
        (
            _under(draft, draft.for_chosen, chosen, rejected),
            _under(draft, draft.for_rejected, rejected, chosen),
        ),
    )


def with_criterion(prompt: Sequence[Message], criterion: str) -> tuple[Message, ...]:
    """A prompt with a criterion in its system message, after what stands there already.

    >>> with_criterion([Message("system", "Be kind."), Message("user", "Hi")], "It is brief.")[0]
    Message(role='system', content='Be kind.\\n\\nIn this conversation a reply ...: It is brief.')
    """
    note = SYSTEM.format(criterion=criterion)
    if prompt and prompt[0].role == "system":
        return (Message("system", f"{prompt[0].content}\n\n{note}"), *prompt[1:])
    return (Message("system", note), *prompt)


def _under(draft: ContextDraft, criterion: str, chosen: str, rejected: str) -> PreferencePair:
    pair = draft.pair
    made = derived_pair(pair, METHOD, with_criterion(pair.prompt, criterion), chosen, rejected)
    made = with_origin(made, models=draft.models, prompts=draft.prompts, seed=draft.seed)
    cut = max(draft.cut_messages, pair.cut_messages or 0)
    return made._replace(rubric=criterion, safety=BY_RULES, cut_messages=cut)
