"""Writing the missing chosen side of a mined pair: a stronger model answers, better told.

The model sees the user's distilled preference in its system prompt; the pair keeps the prompt
without it, so that what is trained on is (x, chosen, rejected).

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3.
"""

from typing import NamedTuple

from curation.feedback.preference import hinted_messages
from curation.models.protocols import Completion, GenerationRequest
from schemas.ids import pair_id, seed_from
from schemas.records import Drop, Message, PairDraft, PreferencePair


class ReplySampling(NamedTuple):
    """How replies are sampled.

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

    def request(self, messages: list[Message], identity: str, n: int = 1) -> GenerationRequest:
        """Ask for `n` replies to some messages, with a seed that `identity` gives."""
        return GenerationRequest(
            messages,
            seed_from(self.seed, identity),
            self.max_new_tokens,
            self.temperature,
            self.top_p,
            n=n,
            max_prompt_tokens=self.max_prompt_tokens,
        )


def reply_request(draft: PairDraft, sampling: ReplySampling) -> GenerationRequest:
    """What the model is asked for a draft; the seed comes from the draft's own id."""
    return sampling.request(hinted_messages(draft.pair.prompt, draft.hint or ""), draft.pair.id)


def finished_text(completion: Completion, pair: str, sampling: ReplySampling) -> str | Drop:
    """The text of a completion, or why it is no side of the pair with the id `pair`.

    Output: the text without blanks around it, or a `Drop`: `empty_reply`, `truncated_reply`.

    >>> finished_text(Completion(" Yes. ", "stop", 9, 3), "p", ReplySampling())
    'Yes.'
    >>> finished_text(Completion("Yes, but", "length", 9, 8), "p", ReplySampling()).filter
    'truncated_reply'
    """
    text = completion.text.strip()
    if not text:
        return Drop(pair, "empty_reply", None, None)
    if completion.finish_reason == "length" and not sampling.keep_truncated:
        used, most = float(completion.new_tokens), float(sampling.max_new_tokens)
        return Drop(pair, "truncated_reply", used, most)
    return text


def complete_draft(
    draft: PairDraft, completion: Completion, sampling: ReplySampling, model: str
) -> PreferencePair | Drop:
    """Put a completion into a draft.

    Input: the draft, the model's completion, the sampling it was made with, the model as
    `role=name@revision`. Output: the finished pair, or the `Drop` that says why there is none:
    `empty_reply`, `truncated_reply`, `identical_sides`.
    """
    pair = draft.pair
    text = finished_text(completion, pair.id, sampling)
    if isinstance(text, Drop):
        return text
    rejected = pair.rejected[0].content
    if text == rejected.strip():
        return Drop(pair.id, "identical_sides", None, None)
    origin = pair.provenance._replace(
        models=(*pair.provenance.models, model), seed=seed_from(sampling.seed, pair.id)
    )
    done = with_sides(draft, text, rejected, completion.cut_messages)
    return done._replace(provenance=origin)


def with_sides(draft: PairDraft, chosen: str, rejected: str, cut_messages: int) -> PreferencePair:
    """The draft's pair with both sides, and the id that they give it."""
    sides = [(Message("assistant", chosen),), (Message("assistant", rejected),)]
    pair = draft.pair
    return pair._replace(
        id=pair_id(pair.prompt, *sides),
        chosen=sides[0],
        rejected=sides[1],
        cut_messages=max(pair.cut_messages or 0, cut_messages),
    )
