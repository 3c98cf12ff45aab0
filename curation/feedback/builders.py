"""All pair builders together: which are on, and what they make of one conversation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curation.feedback.edits import EditSettings, edit_drafts
from curation.feedback.hindsight import HindsightSettings, hindsight_drafts
from curation.feedback.pairs import (
    ExpertSettings,
    FollowUpLikelihoodSettings,
    OnPolicySettings,
    RankedSiblingSettings,
    expert_drafts,
    followup_likelihood_drafts,
    on_policy_drafts,
    ranked_sibling_drafts,
)
from curation.feedback.revisions import RevisionSettings, revision_drafts
from schemas import Conversation, FeedbackSignal, PairDraft


@dataclass(frozen=True)
class Builders:
    """The builders that are on, with their settings; None leaves one out.

    By default those are on that need no model to write: what the log itself holds.

    >>> Builders().expert is None
    True
    """

    expert: ExpertSettings | None = None
    on_policy: OnPolicySettings | None = None
    revisions: RevisionSettings | None = RevisionSettings()
    hindsight: HindsightSettings | None = HindsightSettings()
    followup_likelihood: FollowUpLikelihoodSettings | None = None
    edits: EditSettings | None = EditSettings()
    ranked_siblings: RankedSiblingSettings | None = RankedSiblingSettings()

    def drafts(
        self, conversation: Conversation, signals: Sequence[FeedbackSignal]
    ) -> Iterator[PairDraft]:
        """The drafts of all builders that are on.

        Input: a conversation and all its signals.

        Raises: SchemaError when the conversation's metadata are not in their form.
        """
        if self.expert:
            yield from expert_drafts(conversation, signals, self.expert)
        if self.on_policy:
            yield from on_policy_drafts(conversation, signals, self.on_policy)
        if self.revisions:
            yield from revision_drafts(conversation, signals, self.revisions)
        if self.hindsight:
            yield from hindsight_drafts(conversation, signals, self.hindsight)
        if self.followup_likelihood:
            yield from followup_likelihood_drafts(conversation, signals, self.followup_likelihood)
        if self.edits:
            yield from edit_drafts(conversation, signals, self.edits)
        if self.ranked_siblings:
            yield from ranked_sibling_drafts(conversation, self.ranked_siblings)
