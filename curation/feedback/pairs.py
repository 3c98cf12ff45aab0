"""From feedback to preference pairs whose sides have still to be written, or are ranked already.

A signal at user turn `t` judges the assistant reply at `t - 1`, which answered the prompt
`messages[: t - 1]`. Every builder is a pure function of one conversation and its signals; what
a path of a conversation tree shares with an earlier path (`metadata["new_from"]`) yields
nothing a second time. `revisions`, `hindsight` and `edits` have modules of their own.

Reference: WildFeedback (arXiv 2408.15549, section 3) for `expert_drafts` and
`on_policy_drafts`; FLR (arXiv 2409.13948, section 4) for `followup_likelihood_drafts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.feedback.complaints import feedback_words, objections, rationale
from curation.feedback.exchanges import bare_pair, new_from, prompt_before, reply_at
from curation.feedback.preference import distil_preference
from curation.feedback.rankings import Ranking, rankings
from curation.prompts.wildfeedback_hint import HINT
from schemas import Conversation, FeedbackSignal, Message, PairDraft
from schemas.ids import draft_id, pair_id


@dataclass(frozen=True)
class ExpertSettings:
    """How pairs are drafted whose chosen side a stronger model writes."""

    min_confidence: float = 0.5
    """Lowest `FeedbackSignal.score` that makes a draft."""
    max_per_conversation: int = 2
    """Most drafts of one conversation: the surest signals, then the earliest."""


@dataclass(frozen=True)
class OnPolicySettings:
    """How pairs are drafted of which the policy writes both sides."""

    min_confidence: float = 0.5
    """Lowest `FeedbackSignal.score` that makes a draft."""
    max_per_conversation: int = 2
    """Most drafts of one conversation: the surest signals, then the earliest."""


@dataclass(frozen=True)
class FollowUpLikelihoodSettings:
    """How pairs are drafted from samples that their follow-up likelihood ranks."""

    samples: int = 4
    """Replies that the policy writes to each prompt."""
    include_logged: bool = True
    """Whether the logged reply is ranked with the samples."""
    max_per_conversation: int = 1
    """Most drafts of one conversation: the earliest replies."""


@dataclass(frozen=True)
class RankedSiblingSettings:
    """How ranked replies to one prompt become pairs."""

    max_pairs_per_prompt: int = 1
    """Most pairs of one prompt: best against worst first, then by distance in rank."""


def expert_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: ExpertSettings = ExpertSettings(),
) -> list[PairDraft]:
    """Drafts whose rejected side dissatisfied and whose chosen side is still to be written.

    Input: a conversation and all its signals. Output: drafts with the rules' preference as
    `hint` and as the pair's `rubric`; the prompt holds neither the feedback nor the hint.

    Raises: SchemaError when the conversation's metadata are not in their form.

    Reference: WildFeedback, section 3, "preference data construction", expert version.
    """
    limits = settings.min_confidence, settings.max_per_conversation
    return _hinted_drafts(conversation, signals, "expert", *limits)


def on_policy_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    settings: OnPolicySettings = OnPolicySettings(),
) -> list[PairDraft]:
    """Drafts of which the policy writes both sides: chosen with the hint, rejected without.

    Input: a conversation and all its signals. Output: a draft for each reply that `expert_drafts`
    would take, without either side.

    Raises: SchemaError when the conversation's metadata are not in their form.

    Reference: WildFeedback, section 3, "preference data construction", on-policy version.
    """
    limits = settings.min_confidence, settings.max_per_conversation
    return _hinted_drafts(conversation, signals, "on_policy", *limits)


def followup_likelihood_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal] = (),
    settings: FollowUpLikelihoodSettings = FollowUpLikelihoodSettings(),
) -> list[PairDraft]:
    """Drafts to be sampled and ranked, one for each of the first replies; no feedback is needed.

    Input: a conversation; the signals are not looked at. Output: drafts without hint and
    feedback; with `include_logged` the logged reply stands in `rejected`, to be ranked with the
    samples (`curation.synthesis.samples`), else both sides are missing.

    Raises: SchemaError when the conversation's metadata are not in their form.

    Reference: FLR (arXiv 2409.13948), section 4, "aligning with follow-up likelihood".
    """
    fresh, drafts = new_from(conversation), []
    for turn in range(1, len(conversation.messages)):
        # Without the logged reply the prompt is all there is of a draft, so it has to be new.
        seen = turn if settings.include_logged else turn - 1
        prompt, logged = prompt_before(conversation, turn), reply_at(conversation, turn)
        if not prompt or not logged or seen < fresh:
            continue
        rejected = logged if settings.include_logged else ()
        identity = draft_id("followup_likelihood", prompt, rejected, None)
        pair = bare_pair(conversation, "followup_likelihood", identity, prompt, (), rejected)
        drafts.append(PairDraft(pair, None))
        if len(drafts) == settings.max_per_conversation:
            break
    return drafts


def ranked_sibling_drafts(
    conversation: Conversation, settings: RankedSiblingSettings = RankedSiblingSettings()
) -> list[PairDraft]:
    """Complete pairs of replies that people ranked, as OpenAssistant's trees have them.

    Input: a conversation whose `metadata["rankings"]` lists ranked replies (see
    `curation.feedback.rankings`). Output: drafts without `hint`.

    Raises: SchemaError when the conversation's metadata are not in their form.
    """
    drafts = []
    for ranking in rankings(conversation):
        prompt = prompt_before(conversation, ranking.turn)
        contrasts = _contrasts(ranking) if prompt else []
        for better, worse, distance in contrasts[: settings.max_pairs_per_prompt]:
            chosen, rejected = (Message("assistant", better),), (Message("assistant", worse),)
            identity = pair_id(prompt, chosen, rejected)
            pair = bare_pair(conversation, "ranked_siblings", identity, prompt, chosen, rejected)
            why = f"People ranked it higher, by {distance} of {len(ranking.replies)} places."
            drafts.append(PairDraft(pair._replace(rationale=why), None))
    return drafts


def _hinted_drafts(
    conversation: Conversation,
    signals: Sequence[FeedbackSignal],
    method: str,
    min_confidence: float,
    most: int,
) -> list[PairDraft]:
    feedback = feedback_words(conversation, signals, min_confidence)
    drafts = []
    for turn, complaints in objections(signals, min_confidence).items():
        prompt, logged = prompt_before(conversation, turn - 1), reply_at(conversation, turn - 1)
        if not prompt or not logged or turn < new_from(conversation):
            continue
        rejected = logged if method == "expert" else ()
        hint = distil_preference(conversation, complaints)
        identity = draft_id(method, prompt, rejected, hint)
        pair = bare_pair(conversation, method, identity, prompt, (), rejected)
        origin = pair.provenance._replace(turn=turn, prompts=(HINT.identity,))
        draft = PairDraft(
            pair._replace(rationale=rationale(complaints), rubric=hint, provenance=origin),
            hint,
            feedback,
        )
        drafts.append((-max(signal.score for signal in complaints), turn, draft))
    drafts.sort(key=lambda item: item[:2])
    return [draft for _, _, draft in drafts[:most]]


def _contrasts(ranking: Ranking) -> list[tuple[str, str, int]]:
    """Contents of better and worse replies and their distance in rank, the widest first."""
    pairs = [
        (better.rank - worse.rank, i, j, better.content, worse.content)
        for i, better in enumerate(ranking.replies)
        for j, worse in enumerate(ranking.replies)
        if better.rank < worse.rank and better.content != worse.content
    ]
    return [(better, worse, -distance) for distance, _, _, better, worse in sorted(pairs)]
