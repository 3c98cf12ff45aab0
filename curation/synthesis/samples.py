"""Pairs out of several replies to one prompt: the best and the worst by follow-up likelihood.

Reference: Zhang et al., Aligning Language Models Using Follow-up Likelihood as Reward Signal
(arXiv 2409.13948), section 4. The logged reply takes part where the draft holds it.
"""

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from curation.models.protocols import Completion, GenerationRequest, JointRequest, JointResult
from curation.scoring.follow_up_likelihood import candidate_rewards, candidates_request
from curation.scoring.pairs import PairScoring, chosen_follow_ups, follow_ups_name
from curation.selection.candidate_pairs import one_pair
from curation.selection.pairing import Nothing, PairingSettings
from curation.synthesis.reply import ReplySampling, finished_text, with_sides
from schemas.errors import ModelError, UsageError
from schemas.ids import seed_from
from schemas.records import CandidateScores, Drop, PairDraft, PreferencePair


class SampledDraft(NamedTuple):
    """A draft with the replies that are to be ranked."""

    draft: PairDraft
    """The draft; its provenance names the policy and the seed."""
    responses: tuple[str, ...]
    """At least two different finished replies, the logged one first where it takes part."""
    cut_messages: int
    """Oldest messages of the prompt that the policy did not see."""


def samples_request(
    draft: PairDraft, samples: int, sampling: ReplySampling = ReplySampling()
) -> GenerationRequest:
    """Ask the policy for several replies; the seed comes from the draft's own id.

    Raises: UsageError for a number of samples that leaves nothing to choose from.
    """
    least = 1 if draft.pair.rejected else 2
    if samples < least:
        raise UsageError(f"{samples} samples a prompt asked for: at least {least} are needed")
    return sampling.request(list(draft.pair.prompt), draft.pair.id, samples)


def with_samples(
    draft: PairDraft, completions: Sequence[Completion], sampling: ReplySampling, model: str
) -> SampledDraft | Drop:
    """Put the policy's replies into a draft.

    Input: the draft, the completions of its `samples_request`, the sampling they were made with,
    the policy as `name@revision`. Output: the draft with its finished, different replies, or the
    `Drop` `too_few_samples` when fewer than two are left.
    """
    pair = draft.pair
    finished, _ = finished_replies(completions, pair.id, sampling)
    responses = tuple(dict.fromkeys([*(m.content.strip() for m in pair.rejected), *finished]))
    if len(responses) < 2:
        return Drop(pair.id, "too_few_samples", float(len(responses)), 2.0)
    origin = pair.provenance._replace(
        models=(*pair.provenance.models, f"policy={model}"), seed=seed_from(sampling.seed, pair.id)
    )
    cut = max((c.cut_messages for c in completions), default=0)
    return SampledDraft(draft._replace(pair=pair._replace(provenance=origin)), responses, cut)


def finished_replies(
    completions: Sequence[Completion], identity: str, sampling: ReplySampling
) -> tuple[list[str], list[str]]:
    """Several replies to one prompt: the different ones, and why others are of no use.

    Input: the completions of the record with an id, the sampling they were made with. Output: the
    finished texts in order, each once; a reason for every other completion: `empty_reply`,
    `truncated_reply`, `repeated_reply`.

    >>> said = [Completion(text, "stop", 9, 3) for text in ("Yes.", "", " Yes. ", "No.")]
    >>> finished_replies(said, "p", ReplySampling())
    (['Yes.', 'No.'], ['empty_reply', 'repeated_reply'])
    """
    found: list[str] = []
    reasons: list[str] = []
    for completion in completions:
        text = finished_text(completion, identity, sampling)
        if isinstance(text, Drop):
            reasons.append(text.filter)
        elif text in found:
            reasons.append("repeated_reply")
        else:
            found.append(text)
    return found, reasons


def rank_request(sampled: SampledDraft, scoring: PairScoring = PairScoring()) -> JointRequest:
    """Ask for the follow-ups after each reply, without similarity.

    Raises: UsageError when the scoring has no follow-ups to rank by.
    """
    follow_ups = chosen_follow_ups(scoring)
    if not follow_ups.sentences:
        raise UsageError("replies are ranked by follow-ups: name at least one dimension")
    return candidates_request(
        sampled.draft.pair.prompt,
        sampled.responses,
        follow_ups,
        scoring.calibrate,
        scoring.max_tokens,
    )


def best_and_worst(
    sampled: SampledDraft,
    result: JointResult,
    scoring: PairScoring = PairScoring(),
    model: str = "",
    *,
    pairing: PairingSettings = PairingSettings(),
    seed: int = 0,
) -> PreferencePair | Drop:
    """The pair of the reply with the highest and the one with the lowest reward.

    Input: the sampled draft, the answer to its `rank_request` with the same scoring. Parameters:
    `model`, the scorer as `name@revision`; `pairing`, where other replies are to make the pair, and
    the run's `seed` that it may draw with. Output: the pair with both scores and their margin in
    nats per token, or the `Drop` `equal_scores`, or that of a pairing that finds none. Raises:
    ModelError when a reward is no number.
    """
    draft, responses, cut = sampled
    ranked = candidate_rewards(result, chosen_follow_ups(scoring), scoring.calibrate)
    if any(isnan(reward) for reward in ranked.rewards):
        raise ModelError(f"the follow-up rewards are {ranked.rewards}: the model is broken")
    if min(ranked.rewards) == max(ranked.rewards):
        return Drop(draft.pair.id, "equal_scores", 0.0, 0.0)
    rewards = CandidateScores("follow_up_likelihood", tuple(ranked.rewards))
    picked = one_pair(responses, [rewards], pairing, seed, draft.pair.id)
    if isinstance(picked, Nothing):
        return Drop(draft.pair.id, *picked)
    chosen, rejected = responses[picked.chosen], responses[picked.rejected]
    origin, prompt = draft.pair.provenance, follow_ups_name(scoring)
    done = with_sides(draft, chosen, rejected, max(cut, ranked.cut_messages))
    return done._replace(
        margin=picked.margin,
        chosen_score=rewards.values[picked.chosen],
        rejected_score=rewards.values[picked.rejected],
        provenance=origin._replace(
            models=(*origin.models, f"scorer={model}") if model else origin.models,
            prompts=(*origin.prompts, prompt) if prompt else origin.prompts,
        ),
    )
