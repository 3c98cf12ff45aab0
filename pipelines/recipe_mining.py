"""What a recipe may say about mining: how user turns are labelled, and what makes pairs."""

from typing import Literal

from pydantic import Field

from pipelines.recipe_section import Section

MINERS = (
    "expert",
    "on_policy",
    "revisions",
    "hindsight",
    "followup_likelihood",
    "edits",
    "ranked_siblings",
)
"""Everything that makes pairs from conversations."""


class Judging(Section):
    """How the judge model labels user turns, for the detectors `judge` and `cascade`."""

    max_share: float | None = Field(default=0.1, gt=0, le=1)
    """Of `cascade`: most of the user turns that the judge may see, the least clear ones first;
    null for no bound."""
    max_tokens: int | None = Field(default=None, ge=1)
    """Of `cascade`: most tokens, as estimated from characters, that the judge may be given."""
    rubric: str | None = None
    """YAML file with another rubric (`curate rubric learn`); a relative path starts at the recipe
    file."""
    turns_per_window: int = Field(default=8, ge=1)
    """Most user turns that are judged in one view of a long conversation."""
    overlap: int = Field(default=1, ge=0)
    """Exchanges before a window that are shown for context."""


class Expert(Section):
    """Pairs from dissatisfied users: a stronger model answers again, knowing what was wanted."""

    max_per_conversation: int = Field(default=2, ge=1)
    """Most pairs of one conversation."""


class OnPolicy(Section):
    """Pairs from dissatisfied users: the policy's answer with the preference over the one without;
    kept if a judge that knows the user's checklist prefers it, asked in both orders."""

    max_per_conversation: int = Field(default=2, ge=1)
    """Most pairs of one conversation."""


class Revisions(Section):
    """Pairs of a reply that was objected to and the reply after it, which satisfied."""

    accept_silence: bool = False
    """A user who says nothing after the second reply counts as satisfied."""


class Hindsight(Section):
    """Pairs of a reply that was objected to and the reply after it, which inherits the
    satisfaction of a later turn about the same thing."""

    similarity: float = Field(default=0.5, ge=0, le=1)
    """Lowest cosine similarity of the two user turns."""


class LikelihoodSamples(Section):
    """Pairs of the best and the worst of several replies, by follow-up likelihood."""

    samples: int = Field(default=4, ge=1, le=64)
    """Replies that the policy writes for each prompt."""
    include_logged: bool = True
    """The logged reply takes part."""
    max_per_conversation: int = Field(default=1, ge=1)
    """Most pairs of one conversation."""


class Edits(Section):
    """Pairs of an edited version of a reply, pasted back by the user, over the reply."""

    max_distance: float = Field(default=0.6, gt=0, le=1)
    """Largest normalised edit distance at which a text counts as an edited reply."""


class RankedSiblings(Section):
    """Pairs of replies that the source itself ranks."""

    max_pairs_per_prompt: int = Field(default=1, ge=1)
    """Most pairs of one prompt."""


class Votes(Section):
    """Pairs of two answers to one question of a community: the one with more votes, not because it
    was posted earlier, over the other."""

    min_margin: int = Field(default=2, ge=1)
    """Smallest difference of votes."""
    min_ratio: float = Field(default=1.5, ge=1)
    """Smallest ratio of votes, where the rejected answer has any."""
    min_chosen_votes: int = 1
    """Fewest votes of the chosen answer."""
    min_answers: int = Field(default=2, ge=2)
    """Fewest answers of a question."""
    max_head_start: float = Field(default=0, ge=0)
    """Seconds that the chosen answer may be older than the rejected one."""
    max_pairs_per_question: int = Field(default=5, ge=1)
    """Most pairs of one question, those with the largest margins."""


class Mine(Section):
    """How pairs are found in conversations; a miner that is not named is off."""

    detector: Literal["cues", "classifier", "judge", "cascade"] = "classifier"
    """What labels the user turns: phrases; a small trained model over them; the judge model; or
    the classifier, and the judge for the turns that are not clear."""
    judge: Judging = Judging()
    """How the judge labels."""
    min_confidence: float = Field(default=0.5, ge=0, le=1)
    """Confidence below which a feedback signal makes no pair."""
    batch_size: int = Field(default=64, ge=1)
    """Conversations that are labelled together."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Most pairs of the whole run, before any model works on them; drawn by the seed."""
    expert: Expert | None = None
    """On when present."""
    on_policy: OnPolicy | None = None
    """On when present."""
    revisions: Revisions | None = None
    """On when present."""
    hindsight: Hindsight | None = None
    """On when present."""
    followup_likelihood: LikelihoodSamples | None = None
    """On when present."""
    edits: Edits | None = None
    """On when present."""
    ranked_siblings: RankedSiblings | None = None
    """On when present."""
    votes: Votes | None = None
    """On when present; works on documents."""

    @property
    def miners(self) -> tuple[str, ...]:
        """Names of the miners that are on."""
        return tuple(name for name in MINERS if getattr(self, name) is not None)
