"""Writing the missing chosen side of a mined pair: the policy answers again, better told.

The policy model sees the user's distilled preference in its system prompt; the pair keeps
the prompt without it, so that what is trained on is (x, chosen, rejected).

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3.
"""

from typing import NamedTuple

from curation.feedback.preference import hinted_messages
from curation.models.protocols import Completion, GenerationRequest
from schemas.ids import pair_id, seed_from
from schemas.records import Drop, Message, PairDraft, PreferencePair


class ReplySampling(NamedTuple):
    """How the policy samples.

    Parameters: `seed` of the run; `max_new_tokens`, `temperature`, `top_p`,
    `max_prompt_tokens` as in `GenerationRequest`; `keep_truncated` keeps replies that were cut
    at `max_new_tokens`.
    """

    seed: int = 0
    max_new_tokens: int = 128
    temperature: float = 0.7
    top_p: float = 0.9
    max_prompt_tokens: int = 1024
    keep_truncated: bool = False


def reply_request(draft: PairDraft, sampling: ReplySampling) -> GenerationRequest:
    """What the policy is asked for a draft; the seed comes from the draft's own id."""
    return GenerationRequest(
        hinted_messages(draft.pair.prompt, draft.hint or ""),
        seed_from(sampling.seed, draft.pair.id),
        sampling.max_new_tokens,
        sampling.temperature,
        sampling.top_p,
        max_prompt_tokens=sampling.max_prompt_tokens,
    )


def complete_draft(
    draft: PairDraft, completion: Completion, sampling: ReplySampling, model: str
) -> PreferencePair | Drop:
    """Put a completion into a draft.

    Input: the draft, the policy's completion, the sampling it was made with, the model as
    `name@revision`. Output: the finished pair, or the `Drop` that says why there is none:
    `empty_reply`, `truncated_reply`, `identical_sides`.
    """
    pair, text = draft.pair, completion.text.strip()
    if not text:
        return Drop(pair.id, "empty_reply", None, None)
    if completion.finish_reason == "length" and not sampling.keep_truncated:
        return Drop(
            pair.id,
            "truncated_reply",
            float(completion.new_tokens),
            float(sampling.max_new_tokens),
        )
    chosen = (Message("assistant", text),)
    if text == pair.rejected[0].content.strip():
        return Drop(pair.id, "identical_sides", None, None)
    provenance = pair.provenance._replace(
        models=(*pair.provenance.models, f"policy={model}"),
        seed=seed_from(sampling.seed, pair.id),
    )
    return pair._replace(
        id=pair_id(pair.prompt, chosen, pair.rejected),
        chosen=chosen,
        provenance=provenance,
        cut_messages=completion.cut_messages,
    )
