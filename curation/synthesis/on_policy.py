"""Both sides of a pair by the policy: chosen as it answers when it knows the preference.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3, on-policy version. Whether
the first is better is for the checklist judge to say (`curation.synthesis.checklist`).
"""

from collections.abc import Sequence

from curation.feedback.preference import hinted_messages
from curation.models.protocols import Completion, GenerationRequest
from curation.synthesis.reply import ReplySampling, finished_text, with_sides
from schemas.records import Drop, PairDraft, PreferencePair


def policy_requests(draft: PairDraft, sampling: ReplySampling) -> list[GenerationRequest]:
    """What the policy is asked: the prompt with the hint, and the prompt as it is.

    Output: two requests, in this order; each has its own seed, from the draft's id.
    """
    prompt, identity = draft.pair.prompt, draft.pair.id
    return [
        sampling.request(hinted_messages(prompt, draft.hint or ""), identity),
        sampling.request(list(prompt), f"{identity} without hint"),
    ]


def complete_on_policy(
    draft: PairDraft, answers: Sequence[Completion], sampling: ReplySampling, model: str
) -> PreferencePair | Drop:
    """Put the two answers into a draft.

    Input: the draft, the completions of its `policy_requests`, in their order, the sampling they
    were made with, the policy as `name@revision`. Output: the pair, or the `Drop` that says why
    there is none: `empty_reply`, `truncated_reply`, `identical_sides`. The provenance's seed is
    that of the chosen side.
    """
    identity = draft.pair.id
    sides = []
    for completion in answers:
        text = finished_text(completion, identity, sampling)
        if isinstance(text, Drop):
            return text
        sides.append(text)
    chosen, rejected = sides
    if chosen == rejected:
        return Drop(identity, "identical_sides", None, None)
    origin = draft.pair.provenance
    origin = origin._replace(
        models=(*origin.models, f"policy={model}"), seed=policy_requests(draft, sampling)[0].seed
    )
    done = with_sides(draft, chosen, rejected, max(c.cut_messages for c in answers))
    return done._replace(provenance=origin)
