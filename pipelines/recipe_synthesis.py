"""What a recipe may say about synthesis: how missing sides are written, and which pairs are made.

Reading from top to bottom: replies; pairs from documents; pairs from the prompts of conversations;
pairs out of pairs; reasons for pairs.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from pipelines.recipe_section import LIST, Section

NAMES: Any = Annotated[tuple[str, ...], LIST]
"""A list of names."""

FROM_DOCUMENTS = ("ugc",)
"""Synthesizers that work on documents."""
FROM_CONVERSATIONS = ("rubric_pairs", "attributes", "reasoning")
"""Synthesizers that work on the first exchange of a conversation."""
FROM_PAIRS = ("judgments", "context_reversals", "instructions")
"""Synthesizers that make new pairs out of pairs."""


class Reply(Section):
    """How replies are sampled."""

    max_new_tokens: int = Field(default=128, ge=1)
    """Longest reply in tokens."""
    temperature: float = Field(default=0.7, ge=0)
    """Sampling temperature; 0 is greedy."""
    top_p: float = Field(default=0.9, gt=0, le=1)
    """Nucleus sampling mass."""
    max_prompt_tokens: int = Field(default=1024, ge=16)
    """Prompt tokens that are kept; older turns go first."""
    keep_truncated: bool = False
    """Keep replies that were cut off at `max_new_tokens`."""


class Ugc(Section):
    """Pairs from documents: a reader's question that the text answers, replies of the policy to it,
    and the best against the worst of them with the text as reference (PUGC)."""

    max_documents: int | None = Field(default=None, ge=1)
    """Most documents that are worked on, drawn by the seed."""
    questions: int = Field(default=4, ge=1, le=32)
    """Questions that are tried for a document; the first that is of use is taken."""
    relevance: float = Field(default=0.5, ge=0, lt=1)
    """Probability, by the judge, above which a text answers its question."""
    max_shared_words: int = Field(default=5, ge=2)
    """Most words in a row that a question may share with its text."""
    responses: int = Field(default=5, ge=2, le=64)
    """Replies of the policy to each question."""
    min_responses: int | None = Field(default=None, ge=2, le=64)
    """Replies that have to be finished and different; default: all. With fewer, some pairs are the
    best and the worst of fewer than others."""
    signals: Annotated[tuple[Literal["judge", "follow_up_likelihood", "similarity"], ...], LIST] = (
        "judge",
    )
    """What scores the replies; the first one ranks them, all are stored."""
    repeats: int = Field(default=2, ge=1, le=32)
    """Times that the judge grades each reply, the mean counts; by likelihood 2 at most, the scale
    shown in either order."""
    min_gap: float = Field(default=1e-6, ge=0)
    """Smallest difference of best and worst; below it is a tie."""


class RubricPairs(Section):
    """Two pairs of replies written for two levels of a rubric: under each level's system prompt its
    own reply is chosen (Configurable Preference Tuning)."""

    rubrics: NAMES | None = None
    """Bundled rubrics or rubric files, one of which is drawn for each prompt; default: the bundled
    ones that suit any prompt."""
    min_level_distance: int = Field(default=2, ge=1, le=4)
    """Smallest distance of the two levels."""
    condense: Literal["written", "model"] = "written"
    """Who puts a level into a system prompt: the rubric's file, or the expert."""
    verify: bool = False
    """Keep pairs only if the judge finds the reply for the higher level on a higher level."""
    max_conversations: int | None = Field(default=None, ge=1)
    """Most conversations that are worked on, drawn by the seed."""


class Attributes(Section):
    """Pairs that differ in one attribute: the expert rewrites a reply to five levels of it, meaning
    kept, and the higher level is chosen (PrefPalette)."""

    attributes: NAMES | None = None
    """Attributes that are drawn from; default: all 19."""
    attributes_per_exchange: int = Field(default=1, ge=1, le=19)
    """Attributes that are drawn for each reply."""
    verify: Literal["all_pairs", "adjacent", "none"] = "adjacent"
    """Which levels the judge compares, with both orders and both questions: 40, 16 or no calls for
    each reply."""
    similarity: float = Field(default=0.3, ge=0, le=1)
    """Smallest share of content words that a rewriting has in common with its reply."""
    max_conversations: int | None = Field(default=None, ge=1)
    """Most conversations that are worked on, drawn by the seed."""


class Reasoning(Section):
    """Pairs of a solution and its corrupted version with another final answer; no model."""

    max_per_exchange: int = Field(default=1, ge=1, le=4)
    """Most corruptions of one solution."""


class Judgments(Section):
    """Pairs for training judges: a right verdict with its reasons over a wrong one (Con-J)."""

    samples: int = Field(default=8, ge=4, multiple_of=2)
    """Verdicts of the judge on each pair, over both orders."""
    max_per_pair: int = Field(default=3, ge=1)
    """Most new pairs of one pair."""
    max_new_tokens: int = Field(default=400, ge=16)
    """Longest verdict in tokens."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Most pairs that are judged, drawn by the seed."""


class ContextReversals(Section):
    """Two pairs out of one: under one criterion its chosen side wins, under another the rejected
    one (RPR)."""

    check: bool = True
    """Keep them only if the judge picks the right side by each criterion, in both orders."""
    max_new_tokens: int = Field(default=192, ge=16)
    """Longest answer with both criteria in tokens."""
    max_pairs: int | None = Field(default=None, ge=1)
    """Most pairs that are worked on, drawn by the seed."""


class Instructions(Section):
    """Pairs with verifiable instructions that one side follows and the other breaks (MAPL); no
    model."""

    max_instructions: int = Field(default=3, ge=1)
    """Most instructions of one request."""
    require_both: bool = True
    """Make pairs only where there are instructions for either side to win."""
    intra: bool = False
    """Also ask which of two requests a reply was written for."""
    kinds: NAMES | None = None
    """Kinds of instructions; default: all but `language`, which needs the extra `languages`."""


class Rationales(Section):
    """Reasons why the chosen side is better, for every pair that was selected."""

    kinds: Annotated[tuple[Literal["general", "specific"], ...], LIST] = ("general", "specific")
    """General: without details; specific: what in the replies shows it."""
    check: bool = True
    """Keep a rationale only if a judge that reads it picks the chosen side."""
    max_new_tokens: int = Field(default=256, ge=16)
    """Longest rationale in tokens."""


class Synthesize(Section):
    """How missing sides are written, and which pairs are made on purpose; a synthesizer that is not
    named is off."""

    reply: Reply = Reply()
    """Sampling of replies."""
    preference: Literal["rules", "model"] = "rules"
    """Who puts a user's preference into words: the rubric's own words and the user's, or the judge
    model, once per conversation."""
    safety: Literal["rules", "model"] = "rules"
    """Who checks that a preference does not weaken safety: phrases alone, or the judge model
    too."""
    ugc: Ugc | None = None
    """On when present."""
    rubric_pairs: RubricPairs | None = None
    """On when present."""
    attributes: Attributes | None = None
    """On when present."""
    reasoning: Reasoning | None = None
    """On when present."""
    judgments: Judgments | None = None
    """On when present."""
    context_reversals: ContextReversals | None = None
    """On when present."""
    instructions: Instructions | None = None
    """On when present."""
    rationales: Rationales | None = None
    """On when present."""

    @property
    def makes(self) -> tuple[str, ...]:
        """Names of the synthesizers of pairs that are on."""
        names = FROM_DOCUMENTS + FROM_CONVERSATIONS + FROM_PAIRS
        return tuple(name for name in names if getattr(self, name) is not None)
